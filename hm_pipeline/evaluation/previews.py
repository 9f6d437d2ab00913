"""Previews of results: signals beside their baselines, the recall budget, MAP@12 over the weeks, the top articles."""

from collections.abc import Collection
from functools import partial

import polars as pl

from hm_pipeline.base.columns import K
from hm_pipeline.datasets.kaggle.image_folder import image_path
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.presentation import Preview, row_count, stored_rows
from hm_pipeline.evaluation.retrieval import report as recall
from hm_pipeline.evaluation.signal_metrics import report as signal_report
from hm_pipeline.evaluation.signal_metrics.losses import SignalLoss
from hm_pipeline.evaluation.signal_metrics.pooling import pool_losses
from hm_pipeline.recommender.plots.scores import draw_scores

EARLIER = 4  # evaluated weeks that are pooled
SCORES = "signal_scores"


def metrics_of(questions: Collection[str]) -> Preview:
    """Return a preview of the metrics of questions in the weeks before: a signal's own week is not evaluated yet when it is made."""
    return Preview("beside trivial baselines", partial(_metrics, questions=questions, last=-1))


def _metrics(graph: Graph, week_id: int, *, questions: Collection[str], last: int) -> str | None:
    newest = week_id + last
    weeks = [past for past in range(newest - EARLIER + 1, newest + 1) if row_count(graph, SCORES, past)]
    if not weeks:
        return None
    rows = pl.concat([stored_rows(graph, SCORES, past).select(SignalLoss.column_names()) for past in weeks]).collect()
    wanted = rows.filter(pl.col("signal").is_in(list(questions))) if questions else rows
    return signal_report.markdown(pool_losses(wanted, seed=graph.settings.seed))


def _budget(graph: Graph, week_id: int) -> str | None:
    return recall.markdown(*recall.read_budget(graph.home, [week_id])) if row_count(graph, "recall_budget", week_id) else None


def _scores(graph: Graph, week_id: int) -> bytes | None:
    rows = []
    for past in range(graph.calendar.first_week, week_id + 1):
        manifest = Manifest.load(graph.home.folder("scoreboard", past))
        for name, value in manifest.metrics.items() if manifest else ():
            if name.startswith("map_at_12/"):
                rows.append({"week_id": past, "model": name.removeprefix("map_at_12/"), "map_at_12": value})
    return draw_scores(pl.DataFrame(rows), calendar=graph.calendar) if rows else None


def _top(graph: Graph, week_id: int) -> bytes | None:
    from hm_pipeline.recommender.plots.article_grid import draw_articles  # noqa: PLC0415 - matplotlib is loaded where something is drawn

    if not row_count(graph, "recommendations", week_id):
        return None
    lists = stored_rows(graph, "recommendations", week_id).filter(pl.col("rank") <= K)
    top = lists.group_by("article_id").agg(customers=pl.len()).sort("customers", "article_id", descending=[True, False]).head(K)
    columns = ("prod_name", "product_type_name", "colour_group_name")
    named = top.join(graph.home.dimension("articles").select("article_id", *columns), on="article_id", how="left", maintain_order="left")
    shown = named.collect()
    found = {article: image_path(graph.home.root, article) for article in shown["article_id"]}
    return None if shown.is_empty() else draw_articles(shown, {article: photo for article, photo in found.items() if photo})


ALL_METRICS = Preview("beside trivial baselines", partial(_metrics, questions=(), last=0))
RECALL_BUDGET = Preview("recall budget", _budget)
MAP_OVER_WEEKS = Preview("MAP@12 over the weeks", _scores)
TOP_ARTICLES = Preview("top articles", _top)
