"""`make bench`: speed and memory of the parts that have a bar, each in a process of its own, beside a trivial baseline.

No test times anything; the bars stand here and are printed beside what was seen.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.benchmarks.features import bench_features, bench_large
from hm_pipeline.benchmarks.features_full import bench_features_full
from hm_pipeline.benchmarks.harness import SERVING, hm_command, ingested, measure_command, shop_one_sixteenth
from hm_pipeline.benchmarks.ingest import bench_ingest
from hm_pipeline.benchmarks.online import bench_online
from hm_pipeline.benchmarks.overhead import bench_overhead
from hm_pipeline.benchmarks.retrieval import FULL, bench_retrieval
from hm_pipeline.benchmarks.simulate import bench_simulate
from hm_pipeline.benchmarks.ui import bench_ui

RIVAL = """
import os, sys
import polars as pl
sold = pl.scan_parquet(os.environ["HM_HOME"] + "/tables/transactions/*/*.parquet", hive_partitioning=False)
top = sold.filter(pl.col("week_id") == 104).group_by("article_id").len().sort("len", "article_id", descending=True).head(12)
customers = pl.scan_parquet(os.environ["HM_HOME"] + "/tables/customers/*.parquet").select("customer_hex")
customers.join(top.select("article_id"), how="cross").sink_csv(sys.argv[1])
"""


def bench(folder: Path, only: str = "") -> tuple[list[str], dict[str, Any]]:
    """Run the benchmarks and return lines for people and the figures.

    Raises
    ------
    InvalidInput
        If there is no part of that name.
    """
    if only and only not in PARTS:
        raise InvalidInput(f"there is no part {only!r}", where="--only", remedy=f"choose from: {', '.join(PARTS)}")
    facts: dict[str, Any] = {}
    for name, part in PARTS.items():
        if only == name or (not only and name not in ON_REQUEST):
            place = folder.absolute() / name
            place.mkdir(parents=True, exist_ok=True)
            facts[name] = part(place)
    lines = [f"{part}: {name} {value}" for part, figures in facts.items() for name, value in figures.items()]
    return [*lines, *(f"bar of {name}: {bar}" for name, bar in BARS.items() if name in facts)], facts


BARS = {
    "simulate": "4 minutes and 8 GiB for 1.37 million customers",
    "overhead": "at most 15 % of the run is Dagster's",
    "ingest": "20 s, 30 CPU seconds, 2 GiB for 28 to 32 million purchases",
    "week": "240 s and 4 GiB for everyone's serving week at a sixteenth of H&M's size, models fitted",
    "retrieval": "60 s and 3 GiB at a sixteenth of H&M's size, growing linearly with the customers",
    "retrieval-full": "8 minutes and 6 GiB at H&M's own size",
    "ui": "15 s from `hm ui` to the assets on the page",
    "features": "exact: at most 1.5 times plain SQL and 4 times faster than Feast's own DuckDB store; asof: 2.5 times faster",
    "features-large": "1.6 GB for 5 million pairs of 100 million rows",
    "features-sixteenth": "15 s, as a sixteenth of features-full",
    "features-full": "4 minutes and 6 GiB for 137 million candidates on 2 cores",
    "online": "240 s for everyone's rankings; 100 customers of two views looked up in 15 ms, 99 times of 100",
}


def bench_week(folder: Path) -> dict[str, Any]:
    """Make a serving week for 85,748 customers from nothing, beside the top 12 for everyone."""
    environment = ingested(shop_one_sixteenth(folder), folder / "home")
    rival = measure_command([sys.executable, "-c", RIVAL, str(folder / "rival.csv")], environment)
    return {"rival": rival, "week": measure_command(hm_command("run", "--week", SERVING, "--json"), environment)}


ON_REQUEST = ("retrieval-full", "features-full", "features-large")  # take up to half an hour
PARTS: dict[str, Callable[[Path], Any]] = {
    "simulate": bench_simulate,
    "ingest": bench_ingest,
    "week": bench_week,
    "overhead": bench_overhead,
    "retrieval": bench_retrieval,
    "retrieval-full": partial(bench_retrieval, sizes=FULL),
    "ui": bench_ui,
    "features": bench_features,
    "features-sixteenth": partial(bench_features_full, parts=16),
    "features-large": bench_large,
    "features-full": bench_features_full,
    "online": bench_online,
}
