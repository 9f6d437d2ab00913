"""How fast features are joined: our offline store beside Feast's own and beside plain SQL, in one run.

Each contender answers the same pairs in a process of its own, so that none profits from another's memory.
"""

import multiprocessing
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import dataframely as dy
import duckdb
import polars as pl

from hm_pipeline.contracts import ArticleWeek, CustomerWeek, Pair
from hm_pipeline.features.retrieval import fetch, open_store
from hm_pipeline.features.views import KEYS, FeatureTable
from hm_pipeline.tables import ROWS_PER_GROUP, Manifest, content_hash
from hm_pipeline.weeks import REFERENCE

WEEKS = range(95, 105)
CUSTOMERS, ARTICLES = 100_000, 20_000
SERVICE = "ranking"


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
        Sizes; for each contender the seconds of a first and of a second answer and the process's peak memory in GiB;
        and whether all answers are equal.
    """
    home = folder / f"rows-{rows}"
    _make(home, rows)
    _ask(home, rows, pairs)
    measured = {contender.__name__: _alone(contender, home) for contender in (point_in_time_store, stock_store, plain_sql)}
    answers = {str(figures.pop("content")) for figures in measured.values()}
    return {"rows": rows, "pairs": pairs, "views": len(TABLES), "contenders": measured, "equal": len(answers) == 1}


def point_in_time_store(home: Path) -> dict[str, object]:
    """Answer through Feast with our offline store."""
    store = open_store(home, TABLES)
    return _timed(lambda: fetch(store, pl.read_parquet(home / "pairs.parquet"), service=SERVICE, calendar=REFERENCE))


def stock_store(home: Path) -> dict[str, object]:
    """Answer through Feast with its own DuckDB store, which takes pandas only."""
    from hm_pipeline.features.offline_store import quiet  # noqa: PLC0415 - imports feast, which takes seconds

    quiet()
    store = open_store(home, TABLES, offline_store="duckdb")

    def answer() -> pl.DataFrame:
        asked = pl.read_parquet(home / "pairs.parquet").with_columns(
            event_timestamp=pl.col("week_id").replace_strict({week: REFERENCE.cutoff(week) for week in WEEKS})
        )
        job = store.get_historical_features(entity_df=asked.to_pandas(), features=store.get_feature_service(SERVICE))
        return pl.DataFrame(job.to_arrow()).drop("event_timestamp")

    return _timed(answer)


def plain_sql(home: Path) -> dict[str, object]:
    """Answer by equi-joins that a person would write, rows in any order."""
    joins = "".join(
        f" LEFT JOIN (SELECT * EXCLUDE (event_timestamp) FROM '{table.path(home)}') {table.name} USING ({', '.join(table.keys)})"
        for table in TABLES
    )
    with _database() as connection:
        return _timed(lambda: pl.DataFrame(connection.sql(f"SELECT * FROM '{home / 'pairs.parquet'}'{joins}").to_arrow_table()))


def _timed(answer: Callable[[], pl.DataFrame]) -> dict[str, object]:
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        features = answer()
        seconds.append(round(time.perf_counter() - start, 3))
    peak = _peak_gib()
    ordered = features.select(*KEYS, *sorted(set(features.columns) - set(KEYS))).sort(KEYS)
    return {"first_seconds": seconds[0], "second_seconds": seconds[1], "peak_gib": peak, "content": content_hash(ordered)}


def _alone(contender: Callable[[Path], dict[str, object]], home: Path) -> dict[str, object]:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(contender, home).result()


def _peak_gib() -> float:
    status = Path("/proc/self/status")
    if status.exists():  # unlike getrusage, it does not count what the parent held when it forked
        peak = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / 2**20, 2)


def _database() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("SET enable_progress_bar = false").fetchall()
    return connection


def _make(home: Path, rows: int) -> None:
    per_customer = rows // len(WEEKS) // CUSTOMERS
    customers = f"SELECT CAST(hash(range) >> 1 AS BIGINT) AS customer_id FROM range({CUSTOMERS})"
    articles = f"SELECT 100000000 + range * 37 AS article_id FROM range({ARTICLES})"
    drawn = f"100000000 + 37 * CAST((hash(customer_id, {{week}}) % 997 + number * 19) % {ARTICLES} AS BIGINT)"
    pairs = f"SELECT customer_id, {drawn} AS article_id FROM ({customers}), (SELECT range AS number FROM range({per_customer}))"
    for week in WEEKS:
        for table, grain in zip(TABLES, (pairs.format(week=week), customers, articles), strict=True):
            _write(table, grain, home, week)


def _write(table: FeatureTable, grain: str, home: Path, week: int) -> None:
    folder = home / "tables" / table.table / f"week_id={week}"
    if Manifest.load(folder) is not None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    keys = [key for key in table.keys if key != "week_id"]
    values = [f"CAST((hash({', '.join(keys)}, {week}, '{name}') % 1000000) / 1e6 AS FLOAT) AS {name}" for name in table.features]
    moment = f"CAST('{REFERENCE.cutoff(week).isoformat()}' AS TIMESTAMPTZ) AS event_timestamp"
    rows = f"SELECT *, {week}::BIGINT AS week_id, {', '.join(values)}, {moment} FROM ({grain}) ORDER BY {', '.join(keys)}"
    with _database() as connection:
        target = folder / "shard=000.parquet"
        connection.execute(f"COPY ({rows}) TO '{target}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_PER_GROUP})").fetchall()
    Manifest("bench", ()).save(folder)


def _ask(home: Path, rows: int, pairs: int) -> None:
    sampled = f"SELECT {', '.join(KEYS)} FROM '{TABLES[0].path(home)}' WHERE hash({', '.join(KEYS)}) % {rows} < {pairs}"
    with _database() as connection:
        statement = f"COPY ({sampled} ORDER BY hash(customer_id, article_id, week_id, 1)) TO '{home / 'pairs.parquet'}' (FORMAT parquet)"
        connection.execute(statement).fetchall()
