"""The home's tables on disk: layout, manifests, atomic writes, and the handles that read them.

``HM_HOME/tables/<name>/week_id=<w>/shard=<nnn>.parquet`` beside a ``manifest.json`` that is written last: a
partition without one does not exist.  What the tables mean is not known here.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import dataframely as dy
import polars as pl

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.errors import FutureLeak, MissingInput
from hm_pipeline.base.files import atomic_write, content_hash

ROWS_PER_GROUP = 65_536  # a shard's customers are a few row groups of a week, the rest is skipped by its statistics


@dataclass(frozen=True)
class Receipt:
    """What one written file holds.

    ``content`` is a hash over the rows in their order, not over the bytes of the file.
    """

    file: str
    rows: int
    content: str


@dataclass(frozen=True)
class Manifest:
    """A whole partition: its files, what they were computed from, and for whom."""

    fingerprint: str
    receipts: tuple[Receipt, ...]
    audience: str = ""
    figures: dict[str, float] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Rows of all files."""
        return sum(receipt.rows for receipt in self.receipts)

    @property
    def content(self) -> str:
        """Hash over the rows of all files."""
        return "-".join(receipt.content for receipt in self.receipts)

    def is_whole(self, folder: Path) -> bool:
        """Return whether all its files are there: people tidy up, too."""
        return all((folder / receipt.file).exists() for receipt in self.receipts)

    def save(self, folder: Path) -> None:
        """Write the manifest; from here on the partition exists."""
        atomic_write(folder / "manifest.json", lambda path: path.write_text(json.dumps(asdict(self), indent=1) + "\n"))

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read a partition's manifest, or nothing where there is no whole partition."""
        path = folder / "manifest.json"
        if not path.exists():
            return None
        fields = json.loads(path.read_text())
        return cls(**{**fields, "receipts": tuple(Receipt(**receipt) for receipt in fields["receipts"])})


def write_shard(frame: pl.DataFrame, folder: Path, index: int = 0) -> Receipt:
    """Write one shard of a partition, whole or not at all, and return its receipt."""
    name = f"shard={index:03d}.parquet"
    atomic_write(
        folder / name, lambda path: frame.write_parquet(path, compression="zstd", compression_level=1, row_group_size=ROWS_PER_GROUP)
    )
    return Receipt(name, frame.height, content_hash(frame))


def scan_files(files: Iterable[Path]) -> pl.LazyFrame:
    """Return the rows of Parquet files; their paths are meant as they stand, whatever letters and folder names are in them."""
    return pl.scan_parquet(list(files), hive_partitioning=False, glob=False)


class WeeklyTable:
    """A handle on a weekly table; nothing is read until a week is asked for.

    Parameters
    ----------
    folder
        ``HM_HOME/tables/<name>``.
    schema
        Contract of the table, used for empty answers.
    limit
        Last week that may be read, so that a body cannot reach what it must not see; none lifts the fence.
    customers
        First and last customer to read, both included; everyone where not given.
    """

    def __init__(
        self,
        folder: Path,
        schema: type[dy.Schema],
        *,
        limit: int | None = None,
        customers: tuple[int, int] | None = None,
    ) -> None:
        self.folder, self.schema, self.limit, self.customers = folder, schema, limit, customers

    @property
    def name(self) -> str:
        """Name of the table; a folder above the home may be called ``tables``, too."""
        parts = self.folder.parts
        return "/".join(parts[len(parts) - parts[::-1].index("tables") :])

    @cached_property
    def _stored(self) -> dict[int, Path]:
        folders = self.folder.glob("week_id=*/manifest.json")
        return dict(sorted((int(path.parent.name.removeprefix("week_id=")), path.parent) for path in folders))

    def at(self, week_id: int) -> pl.LazyFrame:
        """Return the rows about one week; a partition that was never made is an error."""
        self._guard(week_id)
        folder = self.folder / f"week_id={week_id}"
        if not (folder / "manifest.json").exists():
            raise MissingInput(f"week {week_id} is not there", where=self.name, remedy="materialise it, or run `hm run --week` for it")
        return self._scan([folder])

    def before(self, week_id: int, weeks: int | None = None) -> pl.LazyFrame:
        """Return the rows of all weeks before one, or of the last so many of them."""
        self._guard(week_id - 1)
        first = -1 if weeks is None else week_id - weeks
        return self._scan([folder for week, folder in self._stored.items() if first <= week < week_id])

    def _guard(self, week_id: int) -> None:
        if self.limit is not None and week_id > self.limit:
            raise FutureLeak(
                f"week {week_id} is asked for where {self.limit} is the last that may be known",
                where=self.name,
                remedy="read it with before(week_id)",
            )

    def _scan(self, folders: Iterable[Path]) -> pl.LazyFrame:
        files = [file for folder in folders for file in _files(folder)]
        if not files:
            return self.schema.create_empty(lazy=True)
        frame = scan_files(files)
        return frame if self.customers is None else frame.filter(pl.col("customer_id").is_between(*self.customers))


def _files(folder: Path) -> Iterator[Path]:
    manifest = Manifest.load(folder)
    return (folder / receipt.file for receipt in (manifest.receipts if manifest else ()))


class MemoryTable(WeeklyTable):
    """The same handle over a frame in memory, for examples and for laws that change the data."""

    def __init__(self, frame: pl.DataFrame | pl.LazyFrame, schema: type[dy.Schema], *, limit: int | None = None) -> None:
        super().__init__(Path("tables/memory"), schema, limit=limit)
        self._frame = frame.lazy()

    def at(self, week_id: int) -> pl.LazyFrame:
        """Return the rows about one week."""
        self._guard(week_id)
        return self._frame.filter(pl.col("week_id") == week_id)

    def before(self, week_id: int, weeks: int | None = None) -> pl.LazyFrame:
        """Return the rows of all weeks before one, or of the last so many of them."""
        self._guard(week_id - 1)
        first = -1 if weeks is None else week_id - weeks
        return self._frame.filter(pl.col("week_id") < week_id, pl.col("week_id") >= first)


class Home:
    """Everything that is written for one data set, in one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    @cached_property
    def calendar(self) -> Calendar:
        """Calendar of the ingested data."""
        return Calendar.load(self.root / "calendar.json")

    def folder(self, table: str, week_id: int | None = None) -> Path:
        """Return the folder of a table, or of one of its weeks."""
        folder = self.root / "tables" / table
        return folder if week_id is None else folder / f"week_id={week_id}"

    def model(self, name: str, week_id: int) -> Path:
        """Return the folder of a model fitted for a week."""
        return self.root / "models" / name / f"week_id={week_id}"

    def weekly(self, table: str, schema: type[dy.Schema], **fence: Any) -> WeeklyTable:
        """Return a handle on a weekly table."""
        return WeeklyTable(self.folder(table), schema, **fence)

    def static(self, table: str) -> pl.LazyFrame:
        """Return a table that has no weeks."""
        folder = self.folder(table)
        if Manifest.load(folder) is None:
            raise MissingInput("not there yet", where=table, remedy="run `hm ingest FOLDER` first")
        return scan_files(_files(folder))


class PartitionWriter:
    """Write a partition shard by shard; it exists only once :meth:`finish` has written the manifest.

    Paths depend on table, week and shard alone, so that work done twice overwrites equal bytes.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").unlink(missing_ok=True)  # from here on the old partition is not taken for whole
        for half in folder.glob(".*.tmp"):  # of a process that was killed
            half.unlink()

    def write(self, frame: pl.DataFrame, index: int = 0) -> Receipt:
        """Write one shard."""
        return write_shard(frame, self.folder, index)

    def discard(self) -> None:
        """Remove what was written of a partition that will not be finished."""
        for half in (*self.folder.glob("*.parquet"), *self.folder.glob(".*.tmp")):
            half.unlink(missing_ok=True)
        with suppress(OSError):  # other tables may lie below
            self.folder.rmdir()

    def finish(
        self, receipts: Iterable[Receipt], *, fingerprint: str, audience: str = "", figures: dict[str, float] | None = None
    ) -> Manifest:
        """Remove what an earlier sharding left, write the manifest and return it."""
        manifest = Manifest(fingerprint, tuple(receipts), audience, figures or {})
        kept = {receipt.file for receipt in manifest.receipts}
        for stale in self.folder.glob("*.parquet"):
            if stale.name not in kept:
                stale.unlink()
        manifest.save(self.folder)
        return manifest
