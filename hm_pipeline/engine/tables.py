"""Handles on weekly tables, limited to a max week; nothing is read until a week is requested."""

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import dataframely as dy
import polars as pl

from hm_pipeline.base.errors import LeakageError, MissingInput
from hm_pipeline.engine.partition_files import files_of, scan_files


class WeeklyTable:
    """A handle on a weekly table; nothing is read until a week is asked for.

    Parameters
    ----------
    folder
        ``HM_HOME/tables/<name>``.
    schema
        Contract of the table, used for empty answers.
    max_week
        Last week that may be read, so that a body cannot see the future; none is no limit.
    customers
        First and last customer to read, both included; everyone where not given.
    """

    def __init__(
        self,
        folder: Path,
        schema: type[dy.Schema],
        *,
        max_week: int | None = None,
        customers: tuple[int, int] | None = None,
    ) -> None:
        self.folder, self.schema, self.max_week, self.customers = folder, schema, max_week, customers

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
            raise MissingInput(f"week {week_id} is not there", where=self.name, hint="materialise it, or run `hm run --week` for it")
        return self._scan([folder])

    def before(self, week_id: int, weeks: int | None = None) -> pl.LazyFrame:
        """Return the rows of all weeks before one, or of the last so many of them."""
        self._guard(week_id - 1)
        first = -1 if weeks is None else week_id - weeks
        return self._scan([folder for week, folder in self._stored.items() if first <= week < week_id])

    def _guard(self, week_id: int) -> None:
        if self.max_week is not None and week_id > self.max_week:
            raise LeakageError(
                f"week {week_id} is after {self.max_week}, the last week that may be read",
                where=self.name,
                hint="read it with before(week_id)",
            )

    def _scan(self, folders: Iterable[Path]) -> pl.LazyFrame:
        files = [file for folder in folders for file in files_of(folder)]
        if not files:
            return self.schema.create_empty(lazy=True)
        frame = scan_files(files)
        return frame if self.customers is None else frame.filter(pl.col("customer_id").is_between(*self.customers))


class InMemoryTable(WeeklyTable):
    """The same handle over a frame in memory, for examples and for laws that change the data."""

    def __init__(self, frame: pl.DataFrame | pl.LazyFrame, schema: type[dy.Schema], *, max_week: int | None = None) -> None:
        super().__init__(Path("tables/memory"), schema, max_week=max_week)
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
