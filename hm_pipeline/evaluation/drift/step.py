"""Step of drift for the graph: its table, its previews, and the check that warns of what has moved far."""

import polars as pl

from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.presentation import Check, Finding, Preview, StoredPartition, row_count
from hm_pipeline.engine.step import Step
from hm_pipeline.evaluation.drift.chart import draw_drift
from hm_pipeline.evaluation.drift.report import read_drift, short_table, uncompared
from hm_pipeline.evaluation.drift.samples import WEEKS
from hm_pipeline.evaluation.drift.week_drift import DRIFT, LARGE, Drift, count_drifted, evaluate, reads


def _no_drift(stored: StoredPartition) -> Finding:
    rows = read_drift(stored.graph.home, stored.week_id)
    compared, large = rows.filter(pl.col("psi").is_not_null()), rows.filter("is_large")
    weeks = compared["reference_weeks"].to_list()
    against = f"against {_span(weeks)} weeks before" if weeks else "with no stored week to compare with"
    of = f"of {compared.height} features with a PSI of {LARGE} or more, and more than usual, {against}"
    worst = ", ".join(f"{name} {psi:.2f}" for name, psi in large.head(3).select("feature", "psi").iter_rows())
    return Finding(
        f"0 {of}",
        f"{large.height} {of}" + (f": {worst}" if worst else ""),
        "has the season turned, or a source? See the picture of `drift`, and the checks of `transactions`",
        large.select("view", "feature", "psi", "usual_psi", "ks", "auc", "reference_null_share", "null_share"),
        {"not compared": rest} if (rest := uncompared(rows)) else {},
    )


def _span(weeks: list[int]) -> str:
    return " to ".join(map(str, dict.fromkeys((min(weeks), max(weeks)))))


def _picture(graph: Graph, week_id: int) -> bytes | None:
    if not row_count(graph, DRIFT, week_id):
        return None
    rows = read_drift(graph.home, week_id)
    return draw_drift(rows) if rows["psi"].count() else None


def _table(graph: Graph, week_id: int) -> str | None:
    return short_table(read_drift(graph.home, week_id)) if row_count(graph, DRIFT, week_id) else None


NO_DRIFT = Check(
    "no_drift",
    f"No feature has a PSI of {LARGE} or more, and more than usual, against up to {WEEKS} stored weeks before.",
    _no_drift,
    is_warning=True,
)
STEP = Step(
    DRIFT,
    evaluate,
    schema=Drift,
    measure=count_drifted,
    reads=reads(),
    group="results",
    description=(evaluate.__doc__ or "").strip(),
    unit="population stability index, and rank statistics",
    why="A model learns from past weeks: what is served from other distributions is not what it was evaluated on.",
    previews=(Preview("worst features", _table), Preview("features that moved most", _picture)),
    checks=(NO_DRIFT,),
)
