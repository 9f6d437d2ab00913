"""Perturbed homes: temporary copies that share what was known before a week and differ after it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from hm_pipeline.base.contracts import Transactions
from hm_pipeline.base.expressions import week_column
from hm_pipeline.base.files import content_hash
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest, PartitionWriter
from hm_pipeline.engine.plan import AUDIENCE, TRANSACTIONS
from hm_pipeline.engine.step import Step

SHARED = ("customers", "articles")
FOLDER = ".audit-"  # beside the tables, so that a link never crosses a disk
NEXT_WEEKS = 2  # after the audited one there are always some, made up where the shop has not come so far

State = Callable[[Home, Path, int], None]


def without_future(home: Home, root: Path, week_id: int) -> None:
    """Lay out a home in which purchases of a week and later do not exist."""
    _share(home, root, week_id)
    # One week more than there is: the graph would refuse what reads a serving week's own purchases, instead of catching it.
    replace(home.calendar, last_week=week_id + 1, last_day=None).save(root / "calendar.json")


def with_changed_future(home: Home, root: Path, week_id: int) -> None:
    """Lay out a home in which all purchases of a week and later are others, and twice as many."""
    _share(home, root, week_id)
    calendar = replace(home.calendar, last_week=max(home.calendar.last_week, week_id + NEXT_WEEKS))
    calendar.save(root / "calendar.json")
    known = home.weekly(TRANSACTIONS, Transactions)
    for week in range(week_id, calendar.last_week):
        rows = known.before(week + 1, weeks=1).collect()
        if rows.is_empty():  # the week before the audited one, moved
            days = pl.duration(days=7 * (week - week_id + 1))
            rows = known.before(week_id, weeks=1).with_columns(pl.col("t_dat") + days, week_column(week)).collect()
        others = perturb(rows)
        writer = PartitionWriter(Home(root).folder(TRANSACTIONS, week))
        writer.finish([writer.write(others)], fingerprint=content_hash(others))


STATES: dict[str, State] = {"earlier": without_future, "later": with_changed_future}


def perturb(purchases: pl.DataFrame) -> pl.DataFrame:
    """Return other purchases of the same week: every row changed, and as many added."""
    changed = purchases.with_columns(
        pl.col("customer_id").gather(pl.int_range(pl.len()) // 2),
        pl.col("article_id").reverse(),
        pl.col("price") // 2 + 1,
        pl.lit(1, dtype=pl.Int8).alias("sales_channel_id"),
    )
    added = purchases.with_columns(pl.col("customer_id", "article_id").shuffle(seed=1))
    return pl.concat([changed, added]).sort("customer_id", "article_id", "t_dat", "price", "sales_channel_id")


def _share(home: Home, root: Path, week_id: int) -> None:
    shutil.copy(home.root / "shards.json", root / "shards.json")
    (root / "tables" / TRANSACTIONS).mkdir(parents=True)
    for name in SHARED:
        Home(root).folder(name).symlink_to(home.folder(name))
    for week in range(home.calendar.first_week, week_id):
        if Manifest.load(home.folder(TRANSACTIONS, week)):
            Home(root).folder(TRANSACTIONS, week).symlink_to(home.folder(TRANSACTIONS, week))


@contextmanager
def temporary_home(home: Home, state: State, week_id: int) -> Iterator[Path]:
    """Hold a temporary home in a state; whoever asks the environment for the home is given this one."""
    with TemporaryDirectory(prefix=FOLDER, dir=home.root) as folder:
        state(home, Path(folder), week_id)
        before = os.environ.get("HM_HOME")
        os.environ["HM_HOME"] = folder
        try:
            yield Path(folder)
        finally:
            os.environ.pop("HM_HOME") if before is None else os.environ.update(HM_HOME=before)


def remove_leftovers(home: Home) -> None:
    """Remove what a killed audit left."""
    for folder in home.root.glob(f"{FOLDER}*"):
        shutil.rmtree(folder)


def pin_audience(steps: dict[str, Step], week_id: int, audience: pl.DataFrame) -> dict[str, Step]:
    """Return the steps with a week's audience fixed; it is drawn from nothing."""

    def fixed(_inputs: object, _week: object) -> pl.DataFrame:
        return audience.select(week_column(week_id), "customer_id")

    return {**steps, AUDIENCE: replace(steps[AUDIENCE], body=fixed, reads=())}
