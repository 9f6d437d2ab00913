"""Staging area of an ingest: tables are written beside the home and moved into it in one go, so that bad input leaves no trace.

A journal commits what is ready.  From then on the ingest has happened: whoever writes to the home next carries
the renames out that a killed process left.
"""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import polars as pl

from hm_pipeline.base.files import atomic_write, content_hash
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.lock import write_lock
from hm_pipeline.engine.partition_files import Manifest, write_shard

FOLDER, JOURNAL, OLD = ".ingest", "ready.json", "old"


class Stage:
    """A folder inside the home that holds what will replace or join its tables and files."""

    def __init__(self, home: Home) -> None:
        self.home, self.root = home, home.root / FOLDER

    @classmethod
    @contextmanager
    def open(cls, home: Home) -> Iterator[Self]:
        """Make the folder, and remove it at the end together with every folder made for it that is still empty."""
        made = [folder for folder in (home.root, *home.root.parents) if not folder.exists()]
        stage = cls(home)
        recover(home.root)
        stage.root.mkdir(parents=True)
        try:
            yield stage
        finally:
            if not (stage.root / JOURNAL).exists():  # what is committed is left to the next writer
                shutil.rmtree(stage.root, ignore_errors=True)
            for folder in made:
                if folder.exists() and not any(folder.iterdir()):
                    folder.rmdir()

    def put(self, frame: pl.DataFrame, table: str, week_id: int | None = None, *, versions: dict[int, str] | None = None) -> str:
        """Stage a partition unless the home holds equal rows; return whether it was ``added``, ``replaced`` or ``kept``."""
        stored = self.home.folder(table, week_id)
        manifest = Manifest.load(stored)
        if manifest is not None and manifest.content == content_hash(frame) and manifest.is_complete(stored):
            return "kept"
        folder = self.root / stored.relative_to(self.home.root)
        entry = write_shard(frame, folder)
        Manifest(entry.content, (entry,), versions=versions or {}).save(folder)
        return "added" if manifest is None else "replaced"

    def publish(self, files: tuple[str, ...], gone: tuple[str, ...] = (), dropped: tuple[str, ...] = ()) -> None:
        """Rename all partitions that were put, and files of the folder, into their place.

        Parameters
        ----------
        files
            Names of files in the folder, in the order in which they come into the home, after all partitions.
        gone
            Names of files that leave the home.
        dropped
            Folders that leave the home, relative to it, before anything comes in.
        """
        tables = sorted(manifest.parent.relative_to(self.root).as_posix() for manifest in self.root.glob("tables/**/manifest.json"))
        journal = json.dumps({"dropped": dropped, "tables": tables, "files": files, "gone": gone}, indent=1)
        atomic_write(self.root / JOURNAL, lambda path: path.write_text(journal))
        recover(self.home.root)


def is_pending(home: Path) -> bool:
    """Return whether a committed ingest waits for its renames."""
    return (home / FOLDER / JOURNAL).exists()


@contextmanager
def recovered(home: Path, *, wait: Callable[[str], object] | None = None) -> Iterator[None]:
    """Hold a home's lock, with nothing half published below it; ``wait`` as that of :func:`write_lock`."""
    with write_lock(home, wait=wait):
        recover(home)
        yield


def finish_pending(home: Path, *, wait: Callable[[str], object] | None = None) -> None:
    """Finish a committed ingest before the home is read; where there is none, nothing is locked."""
    if is_pending(home):
        with recovered(home, wait=wait):
            pass


def recover(home: Path) -> None:
    """Finish the ingest that was committed, or remove one that was not; the caller holds the home's lock.

    Every step may be done again: what has moved already is no longer in the folder.
    """
    root = home / FOLDER
    if is_pending(home):
        journal = json.loads((root / JOURNAL).read_text())
        for name in journal.get("dropped", ()):
            _set_aside(home / name, root / OLD / name)
        for table in journal["tables"]:
            _move(root / table, home / table, root / OLD / table)
        for name in journal["files"]:
            if (root / name).exists():
                (root / name).replace(home / name)
        for name in journal["gone"]:
            (home / name).unlink(missing_ok=True)
        (root / JOURNAL).unlink()
    shutil.rmtree(root, ignore_errors=True)


def _move(folder: Path, target: Path, old: Path) -> None:
    if not folder.exists():
        return
    _set_aside(target, old)
    target.parent.mkdir(parents=True, exist_ok=True)
    folder.rename(target)


def _set_aside(target: Path, old: Path) -> None:
    if target.exists():
        shutil.rmtree(old, ignore_errors=True)
        old.parent.mkdir(parents=True, exist_ok=True)
        target.rename(old)
