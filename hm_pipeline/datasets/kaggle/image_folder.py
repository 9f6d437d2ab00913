"""Folder of the articles' photos: beside the raw files, in Kaggle's layout.  The home stores the path and copies nothing."""

import json
from pathlib import Path

FILE = "photos.json"
FOLDER = "images"


def save_image_folder(raw: Path, folder: Path) -> bool:
    """Write where a raw folder's photos are to a file of ``folder``; return whether it has any."""
    photos = (raw / FOLDER).absolute()
    if not photos.is_dir():
        return False
    (folder / FILE).write_text(json.dumps({"folder": str(photos)}) + "\n")
    return True


def image_path(home: Path, article_id: int) -> Path | None:
    """Return an article's photo, as ``images/010/0108775015.jpg``; None where there is none, or no longer."""
    known = home / FILE
    if not known.exists():
        return None
    name = f"{article_id:010d}"
    photo = Path(json.loads(known.read_text())["folder"]) / name[:3] / f"{name}.jpg"
    return photo if photo.is_file() else None
