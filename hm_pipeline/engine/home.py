"""Home of one data set: the folder that holds everything that is written, and where in it what lies."""

from functools import cached_property
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.errors import MissingInput
from hm_pipeline.engine.partition_files import Manifest, files_of, scan_files
from hm_pipeline.engine.tables import WeeklyTable


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
            raise MissingInput("not there yet", where=table, hint="run `hm ingest FOLDER` first")
        return scan_files(files_of(folder))
