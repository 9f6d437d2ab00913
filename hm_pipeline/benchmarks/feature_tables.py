"""Tables for the benchmarks of features: any feature table's own schema and layout, filled by DuckDB.

Values are drawn from a hash of the keys, so that a table is the same whenever it is made.
"""

from collections.abc import Sequence
from pathlib import Path

import duckdb
import polars as pl

from hm_pipeline.base.calendar import REFERENCE
from hm_pipeline.base.files import atomic_write
from hm_pipeline.engine.partition_files import ROWS_PER_GROUP, Manifest
from hm_pipeline.features.feast_objects import FeatureTable

FIRST_ARTICLE, ARTICLE_STEP = 100_000_000, 37
CUSTOMER_STEP = 2**62 // 1_500_000  # ids as wide as those of the raw files, in the order of the customers
KINDS: dict[type, str] = {
    pl.Int8: "TINYINT",
    pl.Int16: "SMALLINT",
    pl.Int32: "INTEGER",
    pl.Int64: "BIGINT",
    pl.Float32: "FLOAT",
    pl.Float64: "DOUBLE",
}


def database(threads: int = 2) -> duckdb.DuckDBPyConnection:
    """Open a database in memory, without a bar on standard output."""
    connection = duckdb.connect(config={"threads": threads})
    connection.execute("SET enable_progress_bar = false").fetchall()
    return connection


def customers_of(first: int, last: int) -> str:
    """Return a statement that lists customers by their numbers, last excluded, sorted by id."""
    return f"SELECT range * {CUSTOMER_STEP} AS customer_id FROM range({first}, {last})"


def articles_of(count: int) -> str:
    """Return a statement that lists articles."""
    return f"SELECT {FIRST_ARTICLE} + range * {ARTICLE_STEP} AS article_id FROM range({count})"


def pairs_of(customers: str, per_customer: int, articles: int, seed: int = 0) -> str:
    """Return a statement that gives each customer distinct articles, sorted by customer and article."""
    step = articles // (per_customer + 1)
    number = f"number * {step} + CAST(hash(customer_id, {seed}) % {step} AS BIGINT)"
    numbers = f"SELECT range AS number FROM range({per_customer})"
    return f"SELECT customer_id, {FIRST_ARTICLE} + {ARTICLE_STEP} * ({number}) AS article_id FROM ({customers}), ({numbers})"


def write_partition(home: Path, table: FeatureTable, shards: Sequence[str], week: int) -> None:
    """Write a table's partition of a week, a file for each statement of keys, unless it is there."""
    folder = home / "tables" / table.table / (f"week_id={week}" if table.is_weekly else "")
    if Manifest.load(folder) is not None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for index, keys in enumerate(shards):
        target = folder / f"shard={index:03d}.parquet"
        if not target.exists():
            atomic_write(target, lambda aside, keys=keys: _copy(table, keys, week, aside))  # type: ignore[misc]
    Manifest("bench", ()).save(folder)


def _copy(table: FeatureTable, keys: str, week: int, target: Path) -> None:
    names = [key for key in table.keys if key != "week_id"]
    stamp = REFERENCE.cutoff(week).isoformat() if table.is_weekly else "1970-01-01T00:00:00+00:00"
    values = [_value(table, name, place) for place, name in enumerate(table.features)]
    columns = [*names, *([f"{week}::BIGINT AS week_id"] if table.is_weekly else []), *values]
    drawn = f"SELECT *, hash({', '.join(names)}, {week}, '{table.name}') AS h FROM ({keys})"
    rows = f"SELECT {', '.join(columns)}, CAST('{stamp}' AS TIMESTAMPTZ) AS event_timestamp FROM ({drawn}) ORDER BY {', '.join(names)}"
    options = f"FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {ROWS_PER_GROUP}"
    with database() as connection:
        connection.execute(f"COPY ({rows}) TO '{target}' ({options})").fetchall()


def _value(table: FeatureTable, name: str, place: int) -> str:
    """Draw a column: a thousand values, two thirds of them null where the contract allows it."""
    column = table.features[name]
    drawn = f"(h >> {place}) % 1000"
    kind = KINDS.get(type(column.dtype))
    value = f"{drawn} < 500" if kind is None else f"CAST({drawn} / {1e3 if kind in {'FLOAT', 'DOUBLE'} else 10} AS {kind})"
    return f"CASE WHEN (h >> {place + 10}) % 3 = 0 THEN {value} END AS {name}" if column.nullable else f"{value} AS {name}"
