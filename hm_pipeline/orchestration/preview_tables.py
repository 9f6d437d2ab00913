"""The tables that are shown of a partition beside its pictures: signals beside their baselines, and the recall budget.

A signal's own week is not judged yet when it is made, so the weeks before it are shown, where they were graded.
"""

import json

import polars as pl

from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.engine.plan import Graph
from hm_pipeline.evaluation.retrieval import report as recall
from hm_pipeline.evaluation.signal_metrics import report as grades
from hm_pipeline.evaluation.signal_metrics.losses import Graded
from hm_pipeline.evaluation.signal_metrics.pooling import pool_grades
from hm_pipeline.features.registration import CHANGES

EARLIER = 4  # graded weeks that are pooled
SCORES, BUDGET, STORE = "signal_scores", "recall_budget", "feature_store"
GRADED = {
    "signal/type_need": ("need",),
    "signal/need_propensity": ("need",),
    "signal/seasonality": ("season",),
    "signal/availability": ("availability", "units"),
}


def tables(graph: Graph, name: str, week_id: int) -> dict[str, str]:
    """Return tables in Markdown by their title; none where nothing is stored that they would show."""
    if name == BUDGET and _rows(graph, BUDGET, week_id):
        return {"recall budget": recall.markdown(*recall.read_budget(graph.home, [week_id]))}
    if name == STORE:
        return _registration(graph)
    if name not in (SCORES, *GRADED):
        return {}
    last = week_id if name == SCORES else week_id - 1
    weeks = [past for past in range(last - EARLIER + 1, last + 1) if _rows(graph, SCORES, past)]
    if not weeks:
        return {}
    stored = graph.home.weekly(SCORES, Graded)
    rows = pl.concat([stored.at(past).select(Graded.column_names()) for past in weeks]).collect()
    wanted = rows if name == SCORES else rows.filter(pl.col("signal").is_in(GRADED[name]))
    return {"beside trivial rivals": grades.markdown(pool_grades(wanted, seed=graph.settings.seed))}


def _registration(graph: Graph) -> dict[str, str]:
    """Tell what the last registration with Feast changed."""
    path = graph.home.root / "feast" / CHANGES
    told = json.loads(path.read_text()) if path.exists() else []
    return {"what registering changed": "\n".join(f"- {line}" for line in told)} if told else {}


def _rows(graph: Graph, name: str, week_id: int) -> int:
    if week_id < graph.calendar.first_week:
        return 0
    manifest = Manifest.load(graph.home.folder(name, week_id))
    return manifest.rows if manifest else 0
