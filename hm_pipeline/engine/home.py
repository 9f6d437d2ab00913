"""Home of one data set: the folder that holds everything that is written, and where in it what lies."""

from functools import cached_property
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.errors import MissingInput
from hm_pipeline.engine.dimension import known_at, latest, with_weeks
from hm_pipeline.engine.model_runs import in_use
from hm_pipeline.engine.partition_files import Manifest, files_of, scan_files
from hm_pipeline.engine.tables import WeeklyTable


class Home:
    """Everything that is written for one data set, in one folder."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).absolute()

    @cached_property
    def calendar(self) -> Calendar:
        """Calendar of the ingested data."""
        return Calendar.load(self.root / "calendar.json")

    def folder(self, table: str, week_id: int | None = None) -> Path:
        """Return the folder of a table, or of one of its weeks."""
        folder = self.root / "tables" / table
        return folder if week_id is None else folder / f"week_id={week_id}"

    def model(self, name: str, week_id: int) -> Path:
        """Return the folder of the run in use of a model fitted for a week."""
        return in_use(self.fits(name, week_id))

    def fits(self, name: str, week_id: int | None = None) -> Path:
        """Return the folder of all runs of a model, or of those fitted for a week."""
        folder = self.root / "models" / name
        return folder if week_id is None else folder / f"week_id={week_id}"

    def weekly(self, table: str, schema: type[dy.Schema], **fence: Any) -> WeeklyTable:
        """Return a handle on a weekly table."""
        return WeeklyTable(self.folder(table), schema, **fence)

    def dimension(self, table: str, week_id: int | None = None) -> pl.LazyFrame:
        """Return the articles or customers as they were known at a week, as they are known now where none is given."""
        rows = self.versions(table)
        return latest(rows) if week_id is None else known_at(rows, week_id)

    def versions(self, table: str) -> pl.LazyFrame:
        """Return all rows of a dimension, each with the weeks in which it was the known one."""
        return with_weeks(self.static(table))

    def static(self, table: str) -> pl.LazyFrame:
        """Return a table that has no weeks."""
        folder = self.folder(table)
        if Manifest.load(folder) is None:
            raise MissingInput("not there yet", where=table, hint="run `hm ingest FOLDER` first")
        return scan_files(files_of(folder))
