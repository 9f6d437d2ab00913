"""Ingest of a data set in Kaggle's layout into a home, as typed tables, all of it or nothing."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.contracts import RAW_ARTICLES, RAW_CUSTOMERS, RAW_TRANSACTIONS, Articles, Customers, RawTable
from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.base.progress import OnProgress
from hm_pipeline.base.settings import Settings
from hm_pipeline.base.validation import validate
from hm_pipeline.datasets.kaggle import image_folder as photos
from hm_pipeline.datasets.kaggle import lost_rows as losses
from hm_pipeline.datasets.kaggle.csv_reader import connect
from hm_pipeline.datasets.kaggle.deliveries import Weeks
from hm_pipeline.datasets.kaggle.dimensions import merge, read_articles, read_customers, versions_of
from hm_pipeline.datasets.kaggle.header import read_header
from hm_pipeline.datasets.kaggle.lost_rows import refuse_losses
from hm_pipeline.datasets.kaggle.rejected_rows import FILE, BadRows
from hm_pipeline.datasets.kaggle.report import IngestReport, report_of
from hm_pipeline.datasets.kaggle.transactions import Purchases
from hm_pipeline.datasets.kaggle.week_ranges import epoch_of, span, weeks_in
from hm_pipeline.datasets.layout import KaggleLayout, Layout, Prepared
from hm_pipeline.datasets.sources import local_source
from hm_pipeline.engine.dimension import MOMENT, digests, stamped
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.shards import save_shards, shard_count, split_customers
from hm_pipeline.engine.staging import Stage

Reader = Callable[[Any, Path, pl.DataFrame | None], pl.DataFrame]
DIMENSIONS: tuple[tuple[RawTable, type[dy.Schema], Reader], ...] = (
    (RAW_CUSTOMERS, Customers, read_customers),
    (RAW_ARTICLES, Articles, read_articles),
)


def ingest(  # noqa: PLR0913 - options of a command
    raw: str | Path | None,
    home_root: str | Path,
    *,
    settings: Settings,
    layout: Layout | None = None,
    epoch: date | None = None,
    skip_bad_rows: bool = False,
    replace_weeks: bool = False,
    correct_past: bool = False,
    replace_types: bool = False,
    drop_weeks: tuple[date, date] | None = None,
    progress: OnProgress | None = None,
) -> IngestReport:
    """Read a folder or zip in Kaggle's layout into a home; done twice it changes nothing.

    Weeks in the files join the home's, or replace them where they hold more rows; weeks only the home has stay, and so
    do its customers and articles.  Shards are cut at the first ingest and stay.

    Parameters
    ----------
    raw
        The files: a folder, a zip, or a URI as in :mod:`hm_pipeline.datasets.sources`; may be left out where weeks are dropped.
    layout
        How the files are read; Kaggle's layout where not given.
    epoch
        First day of week 0; one home has one epoch, which need not be given again.
    skip_bad_rows
        Leave purchases out that cannot be read, instead of refusing the file; ``rejected.parquet`` lists them.
    replace_weeks
        Let the files' weeks replace the home's although rows of these are not among them.
    correct_past
        Let changed customers and articles be what the files hold in past weeks, too; else a change holds from the serving
        week on, and no past week is made again for it.
    replace_types
        Let articles have another clothing type than the home holds.
    drop_weeks
        Two days: the weeks from the first one's to the second one's are taken back, before anything is read.
    progress
        Called with the table, the parts done and the parts there are.

    Raises
    ------
    MissingInput
        If a file or column is not there.
    InvalidInput
        If a value cannot be read as what it should be.  The home stays as it was, but for ``rejected.parquet``, which
        lists up to a thousand rows at fault.
    LostRows
        If the home would lose rows.  It stays as it was, but for ``lost.parquet``, which lists them.
    """
    home = Home(home_root)
    try:
        with Stage.open(home) as stage:
            report = progress or (lambda _table, _done, _all: None)
            read_as = layout or KaggleLayout()
            first_day = epoch_of(home, epoch, read_as.epoch)
            task = _Ingest(stage, settings, first_day, report, read_as, skip_bad_rows, correct_past, replace_types)
            return task.carry_out(raw, drop_weeks, is_replacing=replace_weeks)
    except BadRows as error:
        error.save(home.root)
        raise


@dataclass
class _Ingest:
    """State of one ingest."""

    stage: Stage
    settings: Settings
    epoch: date
    progress: OnProgress
    layout: Layout
    skip: bool
    correct_past: bool
    replace_types: bool
    prepared: Prepared = field(default_factory=lambda: Prepared({}))

    def carry_out(self, source: Path | str | None, drop_weeks: tuple[date, date] | None, *, is_replacing: bool) -> IngestReport:
        home = self.stage.home
        dropped = frozenset(weeks_in(*drop_weeks, home.calendar) if drop_weeks else ())
        weeks = Weeks(self.stage, dropped, is_replacing)
        rejected: dict[str, int] = {}
        raw = None if source is None else local_source(source, self.stage.root / "fetched", self.layout.choose)
        if raw is None:
            customers, articles = (home.dimension(name).drop(MOMENT).collect() for name in ("customers", "articles"))
        else:
            customers, articles, rejected = self._read(raw, weeks)
        if not weeks.rows:
            what = "no purchase of the home would be left"
            raise InvalidInput(what, where="--drop-weeks", hint="give fewer weeks, or ingest into another home")
        if weeks.lost:
            raise refuse_losses(home, self.stage.root / "lost", weeks.lost, customers)
        calendar = span(weeks.rows, weeks.days, self.epoch)
        weeks.fill(calendar)
        for table, rows in (("customers", customers), ("articles", articles)):
            versions = versions_of(home, table, rows, weeks.first_weeks, week_id=calendar.last_week, correct_past=self.correct_past)
            self.stage.put(stamped(versions, self.epoch), table, versions=digests(versions))
        self._publish(weeks, calendar, raw, customers["customer_id"])
        sizes = {"customers": customers.height, "articles": articles.height}
        return report_of(weeks, calendar, sizes, rejected, self.prepared.remarks)

    def _read(self, raw: Path, weeks: Weeks) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, int]]:
        """Stage all that the files hold."""
        root = self.stage.root
        connection = connect(root, memory=self.settings.memory, threads=self.settings.threads)
        self.prepared = self.layout.prepare(
            raw, root, connection=connection, home=self.stage.home.root, epoch=self.epoch, replace_types=self.replace_types
        )
        files = self.prepared.files
        customers, articles = (self._dimension(connection, files, *dimension) for dimension in DIMENSIONS)
        purchases = Purchases(connection, files[RAW_TRANSACTIONS.file], customers=customers, articles=articles, epoch=self.epoch)
        weeks.put(purchases, purchases.parts(root, skip=self.skip), self.settings.threads, self.progress)
        rejected: dict[str, int] = {}
        if purchases.is_sifted or any(week.rejected for week in weeks.delivered.values()):
            purchases.diagnose_unknown_ids(root, skip=self.skip)
            rejected = purchases.save_rejects(root / FILE)
        if not any(week.rows for week in weeks.delivered.values()):
            what = "no purchase is by a known customer and of a known article"
            raise InvalidInput(what, where=purchases.name, hint="give files that belong together")
        connection.close()
        return customers, articles, rejected

    def _dimension(self, connection: Any, files: dict[str, Path], raw: RawTable, schema: type[dy.Schema], read: Reader) -> pl.DataFrame:
        table, path = raw.file.removesuffix(".csv"), files[raw.file]
        self.progress(table, 0, 1)
        home, key = self.stage.home, schema.column_names()[0]
        stored = home.dimension(table).collect() if (home.folder(table) / "manifest.json").exists() else None
        compared = None if schema is Articles and self.replace_types else stored
        rows = validate(merge(read(connection, path, compared), stored, key, read_header(path, raw)), schema, table=table)
        self.progress(table, 1, 1)
        return rows

    def _publish(self, weeks: Weeks, calendar: Calendar, raw: Path | None, customer_ids: pl.Series) -> None:
        home, root = self.stage.home.root, self.stage.root
        files = [*self.prepared.kept, *([FILE] if (root / FILE).exists() else [])]
        gone = [name for name in (FILE, losses.FILE) if name not in files]  # of an earlier ingest
        if not (home / "shards.json").exists():
            count = self.settings.shards or shard_count(len(customer_ids), self.settings.customers_per_shard)
            save_shards(split_customers(customer_ids, count), root / "shards.json")
            files.append("shards.json")
        if raw is not None and photos.save_image_folder(raw, root):
            files.append(photos.FILE)
        if not (home / "calendar.json").exists() or Calendar.load(home / "calendar.json") != calendar:
            calendar.save(root / "calendar.json")
            files.append("calendar.json")  # last: readers take a home without one for empty
        self.stage.publish(tuple(files), tuple(gone), tuple(weeks.leaving(calendar)))
