"""Recall budget of one week: all proposals for its buyers, made again and counted against their purchases."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl

from hm_pipeline.base.expressions import week_column
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.step import WeekContext
from hm_pipeline.engine.tables import InMemoryTable
from hm_pipeline.recommender.candidates import STRATEGIES
from hm_pipeline.recommender.candidates.first_stage.bins import BUCKETS, BinnedFeature, terms_of
from hm_pipeline.recommender.candidates.first_stage.model import FirstStage, is_purchased
from hm_pipeline.recommender.candidates.first_stage.pool import CandidatePool, collect_candidates
from hm_pipeline.recommender.labels import purchased_pairs

DEPTHS = (12, 30, 50, 60, 80, 100, 150, 200)
TOP = 100  # best sellers of last week, the trivial baseline, as many as the first stage keeps
AVAILABILITY = "signal/availability"


class RecallBudget(dy.Schema):
    """Rows and hits of some proposals of a week; counts add up over weeks."""

    week_id = dy.Int64(primary_key=True, description="week that was evaluated")
    part = dy.String(
        primary_key=True, description="strategy, kept (of a strategy), without (a strategy), union, budget, unfiltered or rival"
    )
    name = dy.String(primary_key=True, description="strategy, or number of rows a customer")
    row_count = dy.Int64(nullable=False, min=0, description="proposals to buyers of the week")
    hit_count = dy.Int64(nullable=False, min=0, description="those that were bought")
    alone_row_count = dy.Int64(nullable=False, min=0, description="proposals that no other strategy made")
    alone_hit_count = dy.Int64(nullable=False, min=0, description="those that were bought")
    bought_count = dy.Int64(nullable=False, min=0, description="distinct pairs bought in the week")
    buyer_count = dy.Int64(nullable=False, min=0, description="buyers of the week")


def count(inputs: Inputs, week: WeekContext) -> pl.DataFrame:
    """Return :class:`RecallBudget` of a week; empty where nobody bought, or the week lies ahead."""
    labels = purchased_pairs(inputs, week_id=week.week_id).select("customer_id", "article_id").collect()
    if labels.is_empty():
        return RecallBudget.create_empty()
    theirs = inputs.of(labels.select("customer_id").unique().sort("customer_id").lazy())
    most = week.settings.candidates
    union = collect_candidates(STRATEGIES, theirs, week_id=week.week_id)
    hits = is_purchased(union, labels)
    found = terms_of(union, theirs, week_id=week.week_id)
    rows = [*_strategies(union, hits, found, week.model, most), *_budgets(union, hits, week.model.score(found))]
    rows += [_unfiltered(theirs, labels, week, most), _baseline(theirs, labels, week.week_id)]
    frame = pl.DataFrame([{"alone_row_count": 0, "alone_hit_count": 0, **row} for row in rows])
    counts = (pl.lit(labels.height).alias("bought_count"), pl.lit(labels["customer_id"].n_unique()).alias("buyer_count"))
    return frame.with_columns(week_column(week.week_id), *counts).select(RecallBudget.column_names())


def seconds(inputs: Inputs, week: WeekContext, _table: pl.LazyFrame) -> dict[str, float]:
    """Return what each strategy takes for the week's buyers."""
    buyers = purchased_pairs(inputs, week_id=week.week_id).select("customer_id").unique().sort("customer_id").collect()
    if buyers.is_empty():
        return {}
    union = collect_candidates(STRATEGIES, inputs.of(buyers.lazy()), week_id=week.week_id)
    return {f"seconds/{name}": round(taken_by, 3) for name, taken_by in union.seconds.items()}


def _row(part: str, name: str, hits: np.ndarray, chosen: np.ndarray | None = None) -> dict[str, Any]:
    of_them = hits if chosen is None else hits[chosen]
    return {"part": part, "name": name, "row_count": len(of_them), "hit_count": int(of_them.sum())}


def _strategies(
    union: CandidatePool, hits: np.ndarray, found: dict[str, BinnedFeature], model: FirstStage, most: int
) -> Iterator[dict[str, Any]]:
    """Yield each strategy's own counts, its share of what is kept, and what is kept where it is left out."""
    kept = np.zeros(len(hits), bool)
    kept[union.best(model.score(found), most)[0]] = True
    for name in union.values:
        mine = union.proposed_by(name)
        alone = mine & (union.strategy_count == 1)
        yield _row("strategy", name, hits, mine) | {"alone_row_count": int(alone.sum()), "alone_hit_count": int(hits[alone].sum())}
        yield _row("kept", name, hits, mine & kept)
        scores = model.score({**found, name: BinnedFeature(np.full(len(hits), BUCKETS, np.uint8), np.asarray)})
        yield _row("without", name, hits, union.best(np.where(alone, -np.inf, scores), most)[0])


def _budgets(union: CandidatePool, hits: np.ndarray, scores: np.ndarray) -> Iterator[dict[str, Any]]:
    yield _row("union", "all", hits)
    pairs, rank = union.best(scores, max(DEPTHS))
    for depth in DEPTHS:
        yield _row("budget", str(depth), hits, pairs[rank <= depth])


def _unfiltered(theirs: Inputs, labels: pl.DataFrame, week: WeekContext, most: int) -> dict[str, Any]:
    """Count what would be kept where nothing were known to be off sale."""
    table = theirs.weekly(AVAILABILITY)
    everything = table.at(week.week_id).with_columns(pl.lit(1.0, dtype=pl.Float32).alias("availability")).collect()
    all_on_offer = {AVAILABILITY: InMemoryTable(everything, table.schema, max_week=table.max_week)}
    open_to_all = replace(theirs, weekly_tables={**theirs.weekly_tables, **all_on_offer})
    union = collect_candidates(STRATEGIES, open_to_all, week_id=week.week_id)
    pairs, _ = union.best(week.model.score(terms_of(union, open_to_all, week_id=week.week_id)), most)
    return _row("unfiltered", str(most), is_purchased(union, labels), pairs) | {"alone_row_count": len(union.customer)}


def _baseline(theirs: Inputs, labels: pl.DataFrame, week_id: int) -> dict[str, Any]:
    sales = theirs.weekly("history/article_sales").at(week_id)
    top = sales.sort("day_7_count", "article_id", descending=[True, False]).head(TOP).select("article_id").collect()
    hits = labels.join(top, on="article_id", how="semi").height
    return {
        "part": "rival",
        "name": f"top {TOP} of last week",
        "row_count": labels["customer_id"].n_unique() * top.height,
        "hit_count": hits,
    }
