"""Rendering of pictures: a drawing with its texture on a light ground, as a small JPEG in Kaggle's layout."""

import io
import shutil
from pathlib import Path

from PIL import Image

from hm_pipeline.base.progress import OnProgress
from hm_pipeline.datasets.simulator import palette
from hm_pipeline.datasets.simulator import vocabulary as words
from hm_pipeline.datasets.simulator.catalogue import Catalogue
from hm_pipeline.datasets.simulator.images import shapes as silhouettes
from hm_pipeline.datasets.simulator.images import texture as cloth
from hm_pipeline.datasets.simulator.images.drawing import Cut

GROUND = (240, 239, 237)  # a photographer's grey
TRIMS = {False: (246, 244, 238), True: (96, 88, 80)}  # by whether the cloth is light
LIGHT = 600  # sum of red, green and blue from which cloth counts as light
FOLDER = "images"
PROGRESS_EVERY = 500  # articles between reports of progress


def picture(kind: str, cut: Cut, colour: int, pattern: int, scale: int) -> Image.Image:
    """Return a picture in colour.

    Parameters
    ----------
    kind
        Name of the clothing type.
    cut
        How the article differs from others of its type.
    colour, pattern
        Places in the palette.
    scale
        Size of the pattern.
    """
    drawing = silhouettes.draw(kind, cut)
    stuff, seam = cloth.weave(colour, pattern, scale)
    light = sum(cloth.SHADES[palette.COLOURS[colour].name]) > LIGHT
    worked = stuff.copy()
    worked.paste(seam, mask=drawing.seams)
    photo = Image.new("RGB", stuff.size, GROUND)
    photo.paste(worked, mask=drawing.cloth)
    photo.paste(TRIMS[light], mask=drawing.trims)
    return photo


def encode(photo: Image.Image) -> bytes:
    """Return a picture as JPEG."""
    stream = io.BytesIO()
    photo.save(stream, "JPEG", quality=85)
    return stream.getvalue()


def write_images(out: Path, shop: Catalogue, progress: OnProgress) -> None:
    """Write ``images/010/0108775015.jpg`` and so on: the folder is the first three digits of the article.

    The pictures are written to a temporary folder, which replaces the former one at the end.
    """
    aside, final = out / f".{FOLDER}.tmp", out / FOLDER
    shutil.rmtree(aside, ignore_errors=True)
    try:
        _write_all(aside, shop, progress)
        shutil.rmtree(final, ignore_errors=True)
        aside.replace(final)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _write_all(folder: Path, shop: Catalogue, progress: OnProgress) -> None:
    names = shop.article_id.to_list()
    for name in {name[:3] for name in names}:
        (folder / name).mkdir(parents=True)
    kinds = [kind.name for kind in words.TYPES]
    columns = (shop.kind, shop.fit, shop.detail, shop.colour, shop.pattern, shop.product)
    rows = zip(names, *(column.tolist() for column in columns), strict=True)
    for done, (name, kind, fit, detail, colour, pattern, product) in enumerate(rows, start=1):
        photo = picture(kinds[kind], Cut(fit, detail, product % 3), colour, pattern, product // 3 % cloth.SCALES)
        (folder / name[:3] / f"{name}.jpg").write_bytes(encode(photo))
        if done % PROGRESS_EVERY == 0 or done == len(names):
            progress(FOLDER, done, len(names))
