"""Put tables together aside and bring them into the home in one go, so that bad input leaves no trace."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

import polars as pl

from hm_pipeline.tables import Home, Manifest, content_hash, write_shard

FOLDER = ".ingest"


class Stage:
    """A folder inside the home that holds what will replace or join its tables.

    A process that is killed while :meth:`publish` renames leaves a home without some of the new partitions; the same
    ingest, done again, brings them.
    """

    def __init__(self, home: Home) -> None:
        self.home, self.root = home, home.root / FOLDER

    @classmethod
    @contextmanager
    def open(cls, home: Home) -> Iterator[Self]:
        """Make the folder, and remove it at the end together with every folder made for it that is still empty."""
        made = [folder for folder in (home.root, *home.root.parents) if not folder.exists()]
        stage = cls(home)
        shutil.rmtree(stage.root, ignore_errors=True)  # of a process that was killed
        stage.root.mkdir(parents=True)
        try:
            yield stage
        finally:
            shutil.rmtree(stage.root, ignore_errors=True)
            for folder in made:
                if folder.exists() and not any(folder.iterdir()):
                    folder.rmdir()

    def put(self, frame: pl.DataFrame, table: str, week_id: int | None = None) -> str:
        """Write a partition aside unless the home holds equal rows; say whether it was ``added``, ``replaced`` or ``kept``."""
        stored = self.home.folder(table, week_id)
        manifest = Manifest.load(stored)
        if manifest is not None and manifest.content == content_hash(frame):
            return "kept"
        folder = self.root / stored.relative_to(self.home.root)
        receipt = write_shard(frame, folder)
        Manifest(receipt.content, (receipt,)).save(folder)
        return "added" if manifest is None else "replaced"

    def publish(self) -> None:
        """Rename all partitions that were put into their place."""
        for manifest in sorted(self.root.glob("tables/**/manifest.json")):
            folder = manifest.parent
            target = self.home.root / folder.relative_to(self.root)
            if target.exists():
                old = self.root / "old" / folder.relative_to(self.root)
                old.parent.mkdir(parents=True, exist_ok=True)
                target.rename(old)
            target.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(target)
