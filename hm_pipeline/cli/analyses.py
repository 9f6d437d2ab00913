"""Analyses and RelBench tasks of `hm evaluate`: the partitions each needs, and what is shown of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from rich.console import RenderableType

from hm_pipeline.assets import STEPS
from hm_pipeline.base.progress import OnProgress
from hm_pipeline.base.settings import Settings
from hm_pipeline.cli.choices import ABLATION, RETRIEVAL, SIGNALS
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.materialize import Runner
from hm_pipeline.engine.plan import Graph
from hm_pipeline.evaluation import ablation
from hm_pipeline.evaluation.relbench import predictors as ours
from hm_pipeline.evaluation.relbench import report as tasks
from hm_pipeline.evaluation.retrieval import report as recall
from hm_pipeline.evaluation.signal_metrics import report as signal_report
from hm_pipeline.evaluation.signal_metrics.pooling import pool_losses, read_losses

Rendered = tuple[list[RenderableType], dict[str, Any]]


class Request(NamedTuple):
    """Request for an evaluation: a home and weeks of it."""

    runner: Runner
    weeks: Sequence[int]
    report: OnProgress

    @property
    def keys(self) -> list[str]:
        """First days of the weeks."""
        return [self.runner.home.calendar.key(week_id) for week_id in self.weeks]


def targets(name: str, weeks: Sequence[int]) -> list[tuple[str, int]]:
    """Return the partitions that an analysis or a RelBench task needs."""
    if name == ABLATION:
        return ablation.targets(weeks)
    table = {SIGNALS: "signal_scores", RETRIEVAL: "recall_budget", **ours.NEEDED}[name]
    return [(table, week_id) for week_id in weeks]


def analyse(settings: Settings, name: str, weeks: Sequence[int], report: OnProgress) -> Rendered:
    """Return what to print of an analysis or a RelBench task whose partitions are there, and the same as plain numbers."""
    asked = Request(Runner(Graph(STEPS, Home(settings.home), settings)), weeks, report)
    if name in ours.NEEDED:
        found = ours.evaluate(asked.runner, name, weeks)
        return tasks.render(found), found.model_dump()
    return {SIGNALS: _signals, RETRIEVAL: _retrieval, ABLATION: _ablation}[name](asked)


def _signals(asked: Request) -> Rendered:
    found = pool_losses(read_losses(asked.runner.home, asked.weeks), seed=asked.runner.graph.settings.seed)
    return signal_report.render(found), found.model_dump()


def _retrieval(asked: Request) -> Rendered:
    counts, seconds = recall.read_budget(asked.runner.home, asked.weeks)
    return recall.render(counts, seconds, asked.keys), {"counts": counts.to_dicts(), "seconds": seconds}


def _ablation(asked: Request) -> Rendered:
    rows = ablation.ablate(asked.runner, asked.weeks, asked.report)
    return ablation.render(rows, asked.keys), {"without": [row.model_dump() for row in rows]}
