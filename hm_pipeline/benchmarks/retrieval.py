"""`hm bench retrieval`: retrieval and the three signals of a serving week, models fitted, at several sizes of shop.

Run as a module it makes what they read first, and then them, each in a process of its own: ``python -m
hm_pipeline.benchmarks.retrieval before|week HOME``.
"""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hm_pipeline.assets import STEPS
from hm_pipeline.base.settings import Settings
from hm_pipeline.benchmarks.harness import ARTICLES, CUSTOMERS, WEEKS, ingested, measure_command
from hm_pipeline.datasets.simulator.simulate import simulate
from hm_pipeline.engine.fingerprint import code_digest
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.materialize import Runner
from hm_pipeline.engine.plan import Graph

MODULE = "hm_pipeline.benchmarks.retrieval"
MADE = (
    "model/seasonality", "signal/seasonality", "model/availability", "signal/availability", "model/first_stage", "candidates",
    "model/type_need", "signal/type_need", "signal/need_propensity",
)  # fmt: skip
WANTED = ("signal/seasonality", "signal/need_propensity")  # what all of them lead to
SIZES = {"a sixty-fourth": CUSTOMERS // 4, "a sixteenth": CUSTOMERS, "a quarter": 4 * CUSTOMERS}
FULL = {"H&M's own": 16 * CUSTOMERS + 12}


def bench_retrieval(folder: Path, sizes: Mapping[str, int] = SIZES) -> dict[str, Any]:
    """Measure the stages at each size of shop, in customers."""
    found: dict[str, Any] = {}
    for name, customers in sizes.items():
        raw = folder.parent / f"shop-{customers}-{code_digest('hm_pipeline.datasets.simulator.simulate')}"
        if not (raw / "transactions_train.csv").exists():
            simulate(raw, customers=customers, articles=ARTICLES, weeks=WEEKS)
        environment = ingested(raw, folder / "home")
        subprocess.run([sys.executable, "-m", MODULE, "before", environment["HM_HOME"]], check=True, env=environment)
        stages = folder / "stages.json"
        whole = measure_command([sys.executable, "-m", MODULE, "week", environment["HM_HOME"], str(stages)], environment)
        found[f"{name}, {customers:,} customers"] = whole | {"stages": json.loads(stages.read_text())}
        shutil.rmtree(folder / "home")
    return found


def _main(what: str, root: str, out: str = "") -> None:
    """Make the week's stages, or all that they read; the plan is the graph's."""
    home = Home(Path(root))
    graph = Graph(STEPS, home, Settings.from_environment())
    week_id = home.calendar.last_week
    runner, seconds = Runner(graph), dict[str, float]()
    wanted = [(name, week_id) for name in WANTED] if what == "week" else _upstream(graph, week_id)
    for run in graph.runs(graph.stale(wanted)):
        for week in range(run.first, run.last + 1):
            for name in run.steps:
                started = time.perf_counter()
                runner.materialize(name, week)
                seconds[name] = round(seconds.get(name, 0.0) + time.perf_counter() - started, 2)
    if out:
        Path(out).write_text(json.dumps(seconds))


def _upstream(graph: Graph, week_id: int) -> list[tuple[str, int]]:
    """Return what the stages read beside one another, as it is there in a week that follows others.

    The forecasts of the two weeks before are among it, as the first stage is fitted on them; the models of the week
    itself are not.
    """
    stale = graph.stale([(name, week_id) for name in WANTED])
    own = {name: graph.steps[name].fit_week(week_id, graph.calendar) if name.startswith("model/") else week_id for name in MADE}
    return [(name, week) for name, weeks in stale.items() for week in weeks if week != own.get(name)]


if __name__ == "__main__":
    _main(*sys.argv[1:])
