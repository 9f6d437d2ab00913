"""The weekly step that puts what is looked up key by key into the online store: SQLite in the home, or Redis.

Pairs are not among it.  A customer's list is one row of arrays, and so are the needs.  The week before is answered
until the new one is complete; then it is removed, as Feast's TTL removes nothing online.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

import dataframely as dy
import polars as pl

from hm_pipeline.base.columns import EVERYONE
from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.shards import UNSPLIT, Shard, load_shards
from hm_pipeline.engine.step import WeekContext
from hm_pipeline.feast_duckdb.online.encoding import Batch, Encoder
from hm_pipeline.feast_duckdb.online.redis_writer import RedisTables
from hm_pipeline.feast_duckdb.online.sqlite_writer import SqliteTables
from hm_pipeline.features.feast_objects import FeatureTable
from hm_pipeline.features.historical import open_store
from hm_pipeline.features.tables import feature_tables

if TYPE_CHECKING:
    from datetime import datetime

    from feast import FeatureStore, FeatureView

BATCH = 10_000  # rows that are encoded together


class Materialised(dy.Schema):
    """Tables served online."""

    week_id = dy.Int64(primary_key=True, description="week that is served, counted from the epoch")
    view = dy.String(primary_key=True, description="Feast view")
    keys = dy.String(nullable=False, description="join keys of the view")
    features = dy.Int64(nullable=False, min=1, description="features of each key")
    written_keys = dy.Int64(nullable=False, min=0, description="keys that were written")


class OnlineTables(Protocol):
    """Destination of the rows."""

    def served(self) -> int | None:
        """Return the week that is served, or nothing before the first."""

    def begin(self, week_id: int, cutoff: "datetime") -> "datetime":
        """Prepare a week, and return the moment that all rows shall bear."""

    def write(self, view: "FeatureView", batches: Iterable[Batch]) -> int:
        """Write a view's rows, and return its keys."""

    def publish(self, views: "Sequence[FeatureView]", week_id: int) -> None:
        """Serve the week, and remove what is older."""


def online_tables() -> tuple[FeatureTable, ...]:
    """Return the tables that are looked up online."""
    return tuple(table for table in feature_tables() if table.is_online)


def tables_of(store: "FeatureStore") -> OnlineTables:
    """Return what writes into a store's online part."""
    return RedisTables(store) if hasattr(store.config.online_store, "connection_string") else SqliteTables(store)


def materialise(inputs: Inputs, week: WeekContext) -> pl.DataFrame:
    """Write a week's online views, serve them, and return :class:`Materialised`.

    Raises
    ------
    InvalidInput
        If the week was made for its buyers only, or a later one is served.
    """
    store = open_store(week.settings.home, online_store=week.settings.online_store)
    _refuse(week, tables_of(store).served())
    return put_online(store, online_tables(), inputs, week)


def put_online(store: "FeatureStore", tables: Sequence[FeatureTable], inputs: Inputs, week: WeekContext) -> pl.DataFrame:
    """Write tables of a week, serve them in place of what was served, and return :class:`Materialised`."""
    target = tables_of(store)
    moment = target.begin(week.week_id, week.calendar.cutoff(week.week_id))
    rows, views = [], []
    for table in tables:
        view = store.get_feature_view(table.name)
        batches = prefetch(map(Encoder(view, moment).encode, _batches(table, inputs, week)))
        rows.append((week.week_id, table.name, ", ".join(table.keys), len(table.features), target.write(view, batches)))
        views.append(view)
    target.publish(views, week.week_id)
    return pl.DataFrame(rows, schema=Materialised.column_names(), orient="row")


def _refuse(week: WeekContext, served: int | None) -> None:
    day = week.calendar.key(week.week_id)
    if week.audience != EVERYONE:
        raise InvalidInput(f"week {day} is for its buyers only", where="online_store", hint=f"serve everyone: `hm run --week {day}`")
    if served is not None and week.week_id < served <= week.calendar.last_week:  # a later one was taken back
        raise InvalidInput(
            f"week {day} is older than {week.calendar.key(served)}, which is served",
            where="online_store",
            hint="leave it, or empty the online store first if you mean to go back",
        )


def prefetch(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Yield batches, of which the next is made in a thread while one is written."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch


def _batches(table: FeatureTable, inputs: Inputs, week: WeekContext) -> Iterator[pl.DataFrame]:
    """Yield a table's rows, a shard's at a time where it has customers."""
    columns = [*table.keys, *table.features]
    shards = load_shards(week.settings.home / "shards.json") if "customer_id" in table.keys else (UNSPLIT,)
    for shard in shards:
        yield from _rows(table, inputs, week, shard).select(columns).collect().iter_slices(BATCH)


def _rows(table: FeatureTable, inputs: Inputs, week: WeekContext, shard: Shard) -> pl.LazyFrame:
    stored = inputs.weekly(table.table).at(week.week_id) if table.is_weekly else inputs.dimension(table.table)
    return stored.filter(pl.col("customer_id").is_between(*shard.customers)) if "customer_id" in table.keys else stored
