"""Bring a data set in Kaggle's layout into a home, as typed tables, all of it or nothing."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from hm_pipeline import photos
from hm_pipeline.boundary import check
from hm_pipeline.contracts import RAW_ARTICLES, RAW_CUSTOMERS, RAW_TRANSACTIONS, Articles, Customers, Transactions
from hm_pipeline.datasets.dimensions import merge, read_articles, read_customers
from hm_pipeline.datasets.purchases import Purchases
from hm_pipeline.datasets.rejects import FILE, BadRows
from hm_pipeline.datasets.scan import connect
from hm_pipeline.datasets.source import locate
from hm_pipeline.datasets.stage import Stage
from hm_pipeline.errors import BadInput
from hm_pipeline.settings import Settings
from hm_pipeline.shards import count_for, cut, save_shards
from hm_pipeline.tables import Home
from hm_pipeline.weeks import REFERENCE_EPOCH, Calendar

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class IngestReport:
    """What an ingest found, and what it changed.

    Parameters
    ----------
    rows
        Purchases of the files that are in the home now.
    customers, articles
        Size of the home's tables.
    weeks_added, weeks_replaced, weeks_kept
        Weeks of the files: new to the home, different from it, equal to it.
    first_week, last_week
        The home's first week and its serving week.
    rejected
        Purchases left out, counted by reason; ``rejected.parquet`` in the home lists them.
    """

    rows: int
    customers: int
    articles: int
    weeks_added: int
    weeks_replaced: int
    weeks_kept: int
    first_week: int
    last_week: int
    rejected: dict[str, int] = field(default_factory=dict)


def ingest(
    raw: Path,
    home_root: Path,
    *,
    settings: Settings,
    epoch: date = REFERENCE_EPOCH,
    skip_bad_rows: bool = False,
    progress: Progress | None = None,
) -> IngestReport:
    """Read a folder or zip in Kaggle's layout into a home; done twice it changes nothing.

    Weeks in the files join the home's, or replace them where their rows differ; weeks only the home has stay, and so
    do its customers and articles.  Shards are cut at the first ingest and stay.

    Parameters
    ----------
    epoch
        First day of week 0; one home has one epoch.
    skip_bad_rows
        Leave purchases out that cannot be read, instead of refusing the file; ``rejected.parquet`` lists them.
    progress
        Told the table, the parts done and the parts there are.

    Raises
    ------
    MissingInput
        If a file or column is not there.
    BadInput
        If a value cannot be read as what it should be.  The home stays as it was, but for ``rejected.parquet``, which
        lists up to a thousand rows at fault.
    """
    home = Home(home_root)
    _refuse_other_epoch(home, epoch)
    try:
        return _ingest(raw, home, settings, epoch, progress or (lambda _table, _done, _all: None), skip=skip_bad_rows)
    except BadRows as error:
        error.save(home.root)
        raise


def _ingest(raw: Path, home: Home, settings: Settings, epoch: date, say: Progress, *, skip: bool) -> IngestReport:
    with Stage.open(home) as stage:
        files = locate(raw, stage.root / "raw")
        connection = connect(stage.root, memory=settings.memory, threads=settings.threads)
        customers, articles = _stage_dimensions(connection, files, stage, epoch, say)
        purchases = Purchases(connection, files[RAW_TRANSACTIONS.file], customers=customers, articles=articles, epoch=epoch)
        parts = _split(purchases, stage, skip=skip)
        weeks = dict(_stage_weeks(purchases, parts, stage, settings.threads, say))
        report = _report(stage, purchases, weeks, {"customers": customers.height, "articles": articles.height}, skip=skip)
        _fill_gaps(stage, report, set(weeks))
        connection.close()
        _publish(stage, raw, report, customers["customer_id"], settings, epoch)
    return report


def _split(purchases: Purchases, stage: Stage, *, skip: bool) -> dict[int, Path]:
    try:
        return purchases.split(stage.root / "parts")
    except BadRows:
        if not skip:
            raise
    purchases.sift(stage.root / "sifted")
    return purchases.split(stage.root / "sifted-parts")


def _refuse_other_epoch(home: Home, epoch: date) -> None:
    path = home.root / "calendar.json"
    if path.exists() and home.calendar.epoch != epoch:
        raise BadInput(
            f"the home counts weeks from {home.calendar.epoch}, not from {epoch}",
            where=str(path),
            remedy="use that epoch, or another home",
        )


def _stage_dimensions(
    connection: Any, files: dict[str, Path], stage: Stage, epoch: date, say: Progress
) -> tuple[pl.DataFrame, pl.DataFrame]:
    moment = pl.lit(datetime.combine(epoch, datetime.min.time(), tzinfo=UTC)).cast(pl.Datetime("us", "UTC"))
    tables = []
    for table, schema, read, file in (
        ("customers", Customers, read_customers, RAW_CUSTOMERS.file),
        ("articles", Articles, read_articles, RAW_ARTICLES.file),
    ):
        say(table, 0, 1)
        there = (stage.home.folder(table) / "manifest.json").exists()
        stored = stage.home.static(table).collect() if there else None
        rows = check(merge(read(connection, files[file]), stored, schema.column_names()[0]), schema, table=table)
        stage.put(rows.with_columns(event_timestamp=moment), table)
        say(table, 1, 1)
        tables.append(rows)
    return tables[0], tables[1]


@dataclass(frozen=True)
class _Week:
    state: str
    rows: int
    rejected: int


def _stage_weeks(purchases: Purchases, parts: dict[int, Path], stage: Stage, threads: int, say: Progress) -> Iterator[tuple[int, _Week]]:
    say("transactions", 0, len(parts))
    work = partial(_stage_week, purchases, parts, stage)
    with ThreadPoolExecutor(threads) as pool:  # Polars lets go of the interpreter while it sorts and writes
        for done, (week_id, week) in enumerate(zip(parts, pool.map(work, parts), strict=True), start=1):
            say("transactions", done, len(parts))
            yield week_id, week


def _stage_week(purchases: Purchases, parts: dict[int, Path], stage: Stage, week_id: int) -> _Week:
    rows, rejected = purchases.read_week(week_id, parts[week_id])
    if rows.is_empty():
        return _Week("empty", 0, rejected)
    return _Week(stage.put(check(rows, Transactions, table="transactions"), "transactions", week_id), rows.height, rejected)


def _look_again(purchases: Purchases, stage: Stage, *, skip: bool) -> None:
    """Tell bad ids from strangers, whom the fast pass takes them for; no week holds either."""
    try:
        purchases.find_fault()
    except BadRows:
        if not skip:
            raise
        purchases.sift(stage.root / "sifted")


def _report(stage: Stage, purchases: Purchases, weeks: dict[int, _Week], sizes: dict[str, int], *, skip: bool) -> IngestReport:
    rejected: dict[str, int] = {}
    if purchases.is_sifted or any(week.rejected for week in weeks.values()):
        if not purchases.is_sifted:
            _look_again(purchases, stage, skip=skip)
        rejected = purchases.save_rejects(stage.root / FILE)
    bought = [week_id for week_id, week in weeks.items() if week.rows]
    if not bought:
        raise BadInput(
            "no purchase is by a known customer and of a known article", where=purchases.name, remedy="give files that belong together"
        )
    states = Counter(week.state for week in weeks.values())
    path = stage.home.root / "calendar.json"
    known = [stage.home.calendar] if path.exists() else []
    return IngestReport(
        rows=sum(week.rows for week in weeks.values()),
        weeks_added=states["added"],
        weeks_replaced=states["replaced"],
        weeks_kept=states["kept"],
        first_week=min(*bought, *(calendar.first_week for calendar in known), bought[0]),
        last_week=max(bought[-1] + 1, *(calendar.last_week for calendar in known), bought[0]),
        rejected=rejected,
        **sizes,
    )


def _fill_gaps(stage: Stage, report: IngestReport, weeks: set[int]) -> None:
    """Give a week in which nothing was bought an empty partition, so that it can be read like any other."""
    for week_id in range(report.first_week, report.last_week):
        if week_id not in weeks and not (stage.home.folder("transactions", week_id) / "manifest.json").exists():
            stage.put(Transactions.create_empty(), "transactions", week_id)


def _publish(stage: Stage, raw: Path, report: IngestReport, customer_ids: pl.Series, settings: Settings, epoch: date) -> None:
    home = stage.home.root
    files = [FILE] if (stage.root / FILE).exists() else []
    gone = () if files else (FILE,)  # of an earlier ingest
    if not (home / "shards.json").exists():
        count = settings.shards or count_for(len(customer_ids), settings.customers_per_shard)
        save_shards(cut(customer_ids, count), stage.root / "shards.json")
        files.append("shards.json")
    if photos.note(raw, stage.root):
        files.append(photos.FILE)
    calendar = Calendar(epoch, report.first_week, report.last_week)
    if not (home / "calendar.json").exists() or Calendar.load(home / "calendar.json") != calendar:
        calendar.save(stage.root / "calendar.json")
        files.append("calendar.json")  # last: readers take a home without one for empty
    stage.publish(tuple(files), gone)
