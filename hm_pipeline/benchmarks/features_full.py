"""A week for everyone: the features of all candidates, streamed shard by shard to a consumer and not stored.

The tables have the schemas, the layout and the size of a home's own, as the registry of features names them; only their
values are drawn.  Beside our store, plain SQL does the same joins.
"""

import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import compute

from hm_pipeline.base.calendar import REFERENCE
from hm_pipeline.benchmarks.feature_tables import articles_of, customers_of, database, pairs_of, write_partition
from hm_pipeline.benchmarks.harness import measure_command
from hm_pipeline.features.feast_objects import KEYS, TIMESTAMP, FeatureTable
from hm_pipeline.features.historical import dated, open_store
from hm_pipeline.features.streaming import stream
from hm_pipeline.features.tables import RANKING, feature_tables

CUSTOMERS, SHARDS = 1_371_980, 80  # H&M's own
ARTICLES, CANDIDATES = 105_542, 100
WEEK = REFERENCE.last_week
CONSUMED = "first_stage_score"


def bench_features_full(folder: Path, *, parts: int = 1) -> dict[str, Any]:
    """Measure our store and plain SQL over a full week.

    Parameters
    ----------
    folder
        Where the tables are made, some 4 GB, and found again by the next run.
    parts
        Only the first so-manieth of the customers, in as many fewer shards.

    Returns
    -------
    dict
        Rows; and for each contender seconds, CPU seconds and the peak in GiB.
    """
    home, shards = folder / f"part-{parts}", max(1, SHARDS // parts)
    make_week(home, CUSTOMERS // parts, shards)
    measured = {name: measure_command([sys.executable, "-m", __name__, name, str(home)]) for name in CONTENDERS}
    return {"rows": CUSTOMERS // parts * CANDIDATES, "shards": shards, "views": len(_tables()), "contenders": measured}


def make_week(home: Path, customers: int, shards: int) -> None:
    """Write every table of the ranking for one week."""
    edges = [customers * place // shards for place in range(shards + 1)]
    ranges = [customers_of(first, last) for first, last in pairwise(edges)]
    for table in _tables():
        write_partition(home, table, _grain(table, ranges), WEEK)


def _grain(table: FeatureTable, ranges: list[str]) -> list[str]:
    if "customer_id" not in table.keys:
        return [articles_of(ARTICLES)]
    return [pairs_of(customers, CANDIDATES, ARTICLES) for customers in ranges] if "article_id" in table.keys else ranges


def _tables() -> list[FeatureTable]:
    return [table for table in feature_tables() if RANKING in table.services]


def _pairs(shard: Path) -> str:
    return f"SELECT {', '.join(KEYS)} FROM read_parquet('{shard}', hive_partitioning = false)"


def point_in_time_store(home: Path) -> Iterator[pa.RecordBatch]:
    """Stream a week through Feast with our offline store."""
    return stream(open_store(home, _tables()), map(_pairs, _shards(home)), service=RANKING, calendar=REFERENCE)


def plain_sql(home: Path) -> Iterator[pa.RecordBatch]:
    """Stream a week through the joins that a person would write by hand, with the location of a shard's rows."""
    with database() as connection:
        for shard in _shards(home):
            joins = ""
            for table in _tables():
                path = table.path(home).replace("shard=*", shard.stem) if "customer_id" in table.keys else table.path(home)
                stored = f"SELECT * EXCLUDE ({TIMESTAMP}) FROM '{path}'"
                joins += f" LEFT JOIN ({stored}) {table.name} USING ({', '.join(table.keys)})"
            with connection.sql(f"SELECT * FROM ({dated(_pairs(shard), REFERENCE)}){joins}").to_arrow_reader(131_072) as reader:
                yield from reader


CONTENDERS = {contender.__name__: contender for contender in (point_in_time_store, plain_sql)}


def _shards(home: Path) -> list[Path]:
    return sorted((home / "tables" / "candidates" / f"week_id={WEEK}").glob("shard=*.parquet"))


def consume(contender: str, home: Path) -> tuple[int, float]:
    """Count the rows of a week and add up a column, batch by batch."""
    rows, total = 0, 0.0
    for batch in CONTENDERS[contender](home):
        rows += batch.num_rows
        total += compute.sum(batch.column(CONSUMED)).as_py() or 0.0
    return rows, total


if __name__ == "__main__":
    started = time.perf_counter()
    rows, total = consume(sys.argv[1], Path(sys.argv[2]))
    print(f"{sys.argv[1]}: {rows} rows, {CONSUMED} {total:.0f}, {time.perf_counter() - started:.1f} s", file=sys.stderr)
