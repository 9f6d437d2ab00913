"""Speed of feature joins: our offline store beside Feast's own and beside plain SQL, in one run.

Each contender answers the same pairs in a process of its own, so that none profits from another's memory.
"""

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import dataframely as dy
import polars as pl

from hm_pipeline.base.calendar import REFERENCE
from hm_pipeline.base.contracts import ArticleWeek, CustomerWeek, Pair
from hm_pipeline.base.files import content_hash
from hm_pipeline.benchmarks.feature_tables import articles_of, customers_of, database, pairs_of, write_partition
from hm_pipeline.benchmarks.harness import peak_gib, run_isolated
from hm_pipeline.features.feast_objects import KEYS, TIMESTAMP, FeatureTable
from hm_pipeline.features.historical import open_store

WEEKS = range(95, 105)
CUSTOMERS, ARTICLES = 100_000, 20_000
SERVICE = "ranking"
LATER, ROUNDS = 2, 3  # answers of a process after its first, and processes of each contender


class _Pair(Pair):
    pair_0, pair_1, pair_2, pair_3 = dy.Float32(), dy.Float32(), dy.Float32(), dy.Float32()


class _Customer(CustomerWeek):
    customer_0, customer_1, customer_2, customer_3 = dy.Float32(), dy.Float32(), dy.Float32(), dy.Float32()


class _Article(ArticleWeek):
    article_0, article_1, article_2, article_3 = dy.Float32(), dy.Float32(), dy.Float32(), dy.Float32()


TABLES = (
    FeatureTable("pair", "pair", _Pair, "Pairs."),
    FeatureTable("customer", "customer", _Customer, "Customers."),
    FeatureTable("article", "article", _Article, "Articles."),
)
Contender = Callable[[Path, bool], dict[str, Any]]


def bench_features(folder: Path, *, rows: int = 10_000_000, pairs: int = 1_000_000) -> dict[str, object]:
    """Measure the contenders on a pair table of ten weeks, a customer table and an article table.

    Parameters
    ----------
    folder
        Where the tables are made, and found again by the next run.
    rows
        Rows of the pair table.
    pairs
        Pairs asked for, spread over the ten weeks, in no order.

    Returns
    -------
    dict
        For ``exact``, with the week among the keys of all views, and ``asof``, without it: for each contender the
        seconds of a process's first answer and of a later one, the process's peak memory in GiB, medians of three rounds in
        which the contenders take turns; how the later answers compare; and whether all answers are equal.
    """
    home = folder / f"rows-{rows}"
    _make(home, rows, pairs)
    return {"rows": rows, "pairs": pairs, "views": len(TABLES)} | {
        name: _compared(home, weekly=weekly) for name, weekly in (("exact", True), ("asof", False))
    }


def bench_large(folder: Path, *, rows: int = 100_000_000, pairs: int = 5_000_000) -> dict[str, object]:
    """Measure our store and plain SQL on a large pair table; the stock store needs minutes and twice the memory."""
    home = folder / f"rows-{rows}"
    _make(home, rows, pairs)
    measured, is_equal = _alternating(home, (point_in_time_store, plain_sql), weekly=True)
    return {"rows": rows, "pairs": pairs, "contenders": measured, "equal": is_equal}


def point_in_time_store(home: Path, weekly: bool) -> dict[str, Any]:
    """Answer through Feast with our offline store."""
    store = _store(home, weekly)

    def answer() -> pl.DataFrame:
        job = store.get_historical_features(entity_df=_asked(home), features=store.get_feature_service(SERVICE))
        return pl.DataFrame(job.to_polars())

    return _timed(answer)


def stock_store(home: Path, weekly: bool) -> dict[str, Any]:
    """Answer through Feast with its own DuckDB store, which takes pandas only."""
    from hm_pipeline.feast_duckdb.offline.store import quiet  # noqa: PLC0415 - imports feast, which takes seconds

    quiet()
    home = home.absolute()
    os.chdir(home)  # it looks for files from there, and these are registered relative to their home
    store = _store(home, weekly, offline_store="duckdb")

    def answer() -> pl.DataFrame:
        job = store.get_historical_features(entity_df=_asked(home).to_pandas(), features=store.get_feature_service(SERVICE))
        return pl.DataFrame(job.to_arrow())

    return _timed(answer)


def plain_sql(home: Path, weekly: bool) -> dict[str, Any]:  # noqa: ARG001 - the rows that hold at a week's cutoff are those of the week
    """Answer by equi-joins that a person would write, rows in any order."""
    joins = "".join(
        f" LEFT JOIN (SELECT * EXCLUDE (event_timestamp) FROM '{table.path(home)}') {table.name} USING ({', '.join(table.keys)})"
        for table in TABLES
    )
    with database() as connection:
        return _timed(lambda: pl.DataFrame(connection.sql(f"SELECT * FROM '{home / 'pairs.parquet'}'{joins}").to_arrow_table()))


def _compared(home: Path, *, weekly: bool) -> dict[str, object]:
    contenders = (point_in_time_store, stock_store, plain_sql)
    measured, is_equal = _alternating(home, contenders, weekly=weekly)
    ours, stock, sql = (measured[contender.__name__]["later_seconds"] for contender in contenders)
    ratios = {"times_plain_sql": round(ours / sql, 2), "times_faster_than_stock": round(stock / ours, 1)}
    return {"contenders": measured, **ratios, "equal": is_equal}


def _alternating(home: Path, contenders: Sequence[Contender], *, weekly: bool) -> tuple[dict[str, dict[str, float]], bool]:
    """Return the medians of rounds, in which the contenders take turns, for a machine is not always as fast; and whether all agree."""
    rounds = [{contender.__name__: run_isolated(contender, home, weekly) for contender in contenders} for _ in range(ROUNDS)]
    answers = {metrics.pop("content") for measured in rounds for metrics in measured.values()}
    medians = {
        name: {figure: round(median(measured[name][figure] for measured in rounds), 3) for figure in rounds[0][name]} for name in rounds[0]
    }
    return medians, len(answers) == 1


def _store(home: Path, weekly: bool, **options: Any) -> Any:
    """Open a store whose views have the week among their keys, or are searched in time."""
    store = open_store(home, TABLES, **options)
    if weekly:
        return store
    for view in store.list_feature_views():
        view.entities = [name for name in view.entities if name != "week"]
        view.entity_columns = [column for column in view.entity_columns if column.name != "week_id"]
        view.tags = {"marker": view.tags["marker"]}
        store.registry.apply_feature_view(view, store.project, commit=False)
    return store


def _asked(home: Path) -> pl.DataFrame:
    moment = pl.col("week_id").replace_strict({week: REFERENCE.cutoff(week) for week in WEEKS})
    return pl.read_parquet(home / "pairs.parquet").with_columns(moment.alias(TIMESTAMP))


def _timed(answer: Callable[[], pl.DataFrame]) -> dict[str, Any]:
    seconds, features = [], pl.DataFrame()
    for _ in range(1 + LATER):
        features = pl.DataFrame()  # an answer's memory is not the next one's
        start = time.perf_counter()
        features = answer()
        seconds.append(round(time.perf_counter() - start, 3))
    peak = peak_gib()
    ordered = features.select(*KEYS, *sorted(set(features.columns) - {*KEYS, TIMESTAMP})).sort(KEYS)
    return {"first_seconds": seconds[0], "later_seconds": round(median(seconds[1:]), 3), "peak_gib": peak, "content": content_hash(ordered)}


def _make(home: Path, rows: int, pairs: int) -> None:
    customers = customers_of(0, CUSTOMERS)
    for week in WEEKS:
        grains = (pairs_of(customers, rows // len(WEEKS) // CUSTOMERS, ARTICLES, week), customers, articles_of(ARTICLES))
        for table, grain in zip(TABLES, grains, strict=True):
            write_partition(home, table, [grain], week)
    sampled = f"SELECT {', '.join(KEYS)} FROM '{TABLES[0].path(home)}' WHERE hash({', '.join(KEYS)}) % {rows} < {pairs}"
    with database() as connection:
        statement = f"COPY ({sampled} ORDER BY hash(customer_id, article_id, week_id, 1)) TO '{home / 'pairs.parquet'}' (FORMAT parquet)"
        connection.execute(statement).fetchall()
