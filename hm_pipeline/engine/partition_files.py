"""Partitions on disk: Parquet files beside a manifest that is written last, so that a partition without one does not exist.

``HM_HOME/tables/<name>/week_id=<w>/shard=<nnn>.parquet``.  Independent of the meaning of the tables.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import polars as pl

from hm_pipeline.base.files import atomic_write, content_hash

UNPARTITIONED = -1  # the "week" of a table that has none
ROWS_PER_GROUP = 65_536  # a shard's customers are a few row groups of a week, the rest is skipped by its statistics


@dataclass(frozen=True)
class FileEntry:
    """Content of one written file: its rows and their hash.

    ``content`` is a hash over the rows in their order, not over the bytes of the file.
    """

    file: str
    rows: int
    content: str


@dataclass(frozen=True)
class Manifest:
    """A complete partition: its files, what they were computed from, and for whom.

    Parameters
    ----------
    versions
        Of a dimension: a digest of the rows that became known in each week.
    models
        Runs of the models that made it, by their places below the folder of models.
    """

    fingerprint: str
    files: tuple[FileEntry, ...]
    audience: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    versions: dict[int, str] = field(default_factory=dict)
    models: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows of all files."""
        return sum(entry.rows for entry in self.files)

    @property
    def content(self) -> str:
        """Hash over the rows of all files."""
        return "-".join(entry.content for entry in self.files)

    def is_complete(self, folder: Path) -> bool:
        """Return whether all its files are there: people tidy up, too."""
        return all((folder / entry.file).exists() for entry in self.files)

    def save(self, folder: Path) -> None:
        """Write the manifest; from here on the partition exists."""
        atomic_write(folder / "manifest.json", lambda path: path.write_text(json.dumps(self._fields(), indent=1) + "\n"))

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read a partition's manifest, or nothing where there is no complete partition."""
        path = folder / "manifest.json"
        if not path.exists():
            return None
        fields = json.loads(path.read_text())
        entries = tuple(FileEntry(**entry) for entry in fields["receipts"])
        versions = {int(week): digest for week, digest in fields.get("versions", {}).items()}
        return cls(
            fields["fingerprint"], entries, fields.get("audience", ""), fields.get("figures", {}), versions, tuple(fields.get("models", ()))
        )

    def _fields(self) -> dict[str, Any]:
        """Return the manifest as it is stored; two keys keep the names that stored manifests have."""
        files = [asdict(entry) for entry in self.files]
        stored = {"fingerprint": self.fingerprint, "receipts": files, "audience": self.audience, "figures": self.metrics}
        optional = {"versions": self.versions, "models": self.models}
        return stored | {name: value for name, value in optional.items() if value}


def write_shard(frame: pl.DataFrame, folder: Path, index: int = 0) -> FileEntry:
    """Write one shard of a partition, atomically, and return its file entry."""
    name = f"shard={index:03d}.parquet"
    atomic_write(
        folder / name, lambda path: frame.write_parquet(path, compression="zstd", compression_level=1, row_group_size=ROWS_PER_GROUP)
    )
    return FileEntry(name, frame.height, content_hash(frame))


def scan_files(files: Iterable[Path]) -> pl.LazyFrame:
    """Return the rows of Parquet files; their paths are meant as they stand, whatever letters and folder names are in them."""
    return pl.scan_parquet(list(files), hive_partitioning=False, glob=False)


def files_of(folder: Path) -> Iterator[Path]:
    """Return the files of a partition, none where it does not exist."""
    manifest = Manifest.load(folder)
    return (folder / entry.file for entry in (manifest.files if manifest else ()))


class PartitionWriter:
    """Write a partition shard by shard; it exists only once :meth:`finish` has written the manifest.

    Paths depend on table, week and shard alone, so that work done twice overwrites equal bytes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").unlink(missing_ok=True)  # from here on the old partition does not count as complete
        for half in folder.glob(".*.tmp"):  # of a process that was killed
            half.unlink()

    def write(self, frame: pl.DataFrame, index: int = 0) -> FileEntry:
        """Write one shard."""
        return write_shard(frame, self.folder, index)

    def discard(self) -> None:
        """Remove what was written of a partition that will not be finished."""
        for half in (*self.folder.glob("*.parquet"), *self.folder.glob(".*.tmp")):
            half.unlink(missing_ok=True)
        with suppress(OSError):  # other tables may lie below
            self.folder.rmdir()

    def finish(
        self,
        files: Iterable[FileEntry],
        *,
        fingerprint: str,
        audience: str = "",
        metrics: dict[str, float] | None = None,
        models: tuple[str, ...] = (),
    ) -> Manifest:
        """Remove what an earlier sharding left, write the manifest and return it."""
        manifest = Manifest(fingerprint, tuple(files), audience, metrics or {}, models=models)
        kept = {entry.file for entry in manifest.files}
        for stale in self.folder.glob("*.parquet"):
            if stale.name not in kept:
                stale.unlink()
        manifest.save(self.folder)
        return manifest
