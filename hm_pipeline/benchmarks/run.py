"""`make bench`: speed and memory of the parts that have a bar, each in a process of its own, beside a trivial baseline.

No test times anything; the bars stand in `parts` and are printed beside the measured values.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from hm_pipeline.benchmarks.features import bench_features, bench_large
from hm_pipeline.benchmarks.features_full import bench_features_full
from hm_pipeline.benchmarks.harness import SERVING, hm_command, ingested, measure_command, shop_one_sixteenth
from hm_pipeline.benchmarks.ingest import bench_ingest
from hm_pipeline.benchmarks.next_week import bench_next_week
from hm_pipeline.benchmarks.online import bench_online
from hm_pipeline.benchmarks.overhead import bench_overhead
from hm_pipeline.benchmarks.parts import BARS, ON_REQUEST
from hm_pipeline.benchmarks.retrieval import FULL, bench_retrieval
from hm_pipeline.benchmarks.ui import bench_ui

BASELINE = """
import os, sys
import polars as pl
sold = pl.scan_parquet(os.environ["HM_HOME"] + "/tables/transactions/*/*.parquet", hive_partitioning=False)
top = sold.filter(pl.col("week_id") == 104).group_by("article_id").len().sort("len", "article_id", descending=True).head(12)
customers = pl.scan_parquet(os.environ["HM_HOME"] + "/tables/customers/*.parquet").select("customer_hex")
customers.join(top.select("article_id"), how="cross").sink_csv(sys.argv[1])
"""


def bench(folder: Path, only: str = "") -> tuple[list[str], dict[str, Any]]:
    """Run one part, or all but the longest, and return lines for people and the measurements."""
    facts: dict[str, Any] = {}
    for name in [only] if only else [name for name in PARTS if name not in ON_REQUEST]:
        place = folder.absolute() / name
        place.mkdir(parents=True, exist_ok=True)
        facts[name] = PARTS[name](place)
    lines = [f"{part}: {name} {value}" for part, metrics in facts.items() for name, value in metrics.items()]
    return [*lines, *(f"bar of {name}: {bar}" for name, bar in BARS.items() if name in facts)], facts


def bench_week(folder: Path) -> dict[str, Any]:
    """Make a serving week for 85,748 customers from nothing, beside the top 12 for everyone."""
    environment = ingested(shop_one_sixteenth(folder), folder / "home")
    rival = measure_command([sys.executable, "-c", BASELINE, str(folder / "rival.csv")], environment)
    return {"rival": rival, "week": measure_command(hm_command("run", "--week", SERVING, "--json"), environment)}


PARTS: dict[str, Callable[[Path], Any]] = {
    "ingest": bench_ingest,
    "week": bench_week,
    "next-week": bench_next_week,
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
