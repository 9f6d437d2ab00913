"""Benchmark of Dagster's overhead: the same stale partitions made by `hm run`, and by a plain loop over the runner."""

import shutil
import sys
from pathlib import Path
from typing import Any

from hm_pipeline.benchmarks.harness import SERVING, hm_command, ingested, measure_command, shop_one_sixteenth

PLAIN = """
from hm_pipeline.assets import STEPS
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.materialize import Runner
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.home import Home
settings = Settings.from_environment()
graph = Graph(STEPS, Home(settings.home), settings)
week = graph.calendar.last_week
for name, weeks in graph.stale([("recommendations", week), ("submission", week)]).items():
    for stale in weeks:
        Runner(graph).materialize(name, stale)
"""


def bench_overhead(folder: Path) -> dict[str, Any]:
    """Make a serving week of a sixteenth of H&M from nothing, with Dagster and without.

    Returns
    -------
    dict
        Seconds and peaks of ``plain`` (no events, no asset checks, no lineage) and ``dagster``, and
        ``overhead_share`` of the wall time and of the CPU time of the run with Dagster.
    """
    raw = shop_one_sixteenth(folder)
    measured: dict[str, Any] = {}
    for name, command in (("plain", [sys.executable, "-c", PLAIN]), ("dagster", hm_command("run", "--week", SERVING, "--json"))):
        home = folder / f"home-{name}"
        measured[name] = measure_command(command, ingested(raw, home))
        shutil.rmtree(home)
    for unit in ("wall", "cpu"):
        spent, needed = measured["dagster"][f"{unit}_seconds"], measured["plain"][f"{unit}_seconds"]
        measured[f"overhead_share_{unit}"] = round(1 - needed / spent, 3)
    return measured
