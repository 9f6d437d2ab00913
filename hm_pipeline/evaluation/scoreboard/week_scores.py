"""Evaluation of one week from the stored tables: the baselines rank, the model's lists are read, buyers are scored."""

from collections.abc import Sequence

import dataframely as dy
import polars as pl

from hm_pipeline.base.columns import BUYER
from hm_pipeline.base.contracts import CustomerWeek
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.engine.step import WeekContext
from hm_pipeline.evaluation.baselines import BASELINES
from hm_pipeline.evaluation.scoreboard.pooling import EvaluatedWeek
from hm_pipeline.evaluation.scoreboard.scoring import Metrics, count_articles, count_pairs, evaluate_week
from hm_pipeline.evaluation.scoreboard.segments import segment_buyers
from hm_pipeline.recommender.candidates import STRATEGIES
from hm_pipeline.recommender.labels import purchased_pairs

OFFER_WEEKS = 4  # an article sold in the last four weeks counts as on offer


class BuyerScores(CustomerWeek):
    """Average precision of a buyer for one row of the scoreboard: a baseline or a model."""

    rung = dy.String(primary_key=True, description="row of the scoreboard: a baseline or a model")
    segment = dy.String(nullable=False, description="how well the buyer was known: active, dormant or new")
    average_precision = dy.Float64(nullable=False, min=0, max=1, description="average precision at 12")


def evaluate(inputs: Inputs, week: WeekContext) -> pl.DataFrame:
    """Return :class:`BuyerScores` of the week's buyers; empty where nobody bought, or the week lies ahead.

    Of a week that was served these are the buyers who were served: who was not known at its cutoff had no list.
    """
    labels = _labels(inputs, week.week_id)
    if labels.is_empty():
        return BuyerScores.create_empty()
    buyers = labels.select(BUYER).unique().sort("customer_id")
    transactions, articles, customers = inputs.weekly("transactions"), inputs.dimension("articles"), inputs.dimension("customers")
    audience = buyers.select("customer_id")
    rules = {
        baseline.name: baseline.rank(transactions, articles, customers, audience=audience, week_id=week.week_id, calendar=week.calendar)
        for baseline in BASELINES
    }
    segments = segment_buyers(transactions, buyers=buyers, week_id=week.week_id, calendar=week.calendar)
    lists = _of_buyers(inputs, "recommendations", week.week_id, buyers).collect()
    return evaluate_week(rules, lists, labels, segments, learner=week.model.best_learner)


def week_metrics(inputs: Inputs, week: WeekContext, scored: pl.LazyFrame) -> Metrics:
    """Return the week's MAP@12 by model, and the counts that add up over weeks."""
    labels = _labels(inputs, week.week_id)
    if labels.is_empty():
        return {"buyers": 0.0}
    buyers = labels.select(BUYER).unique()
    all_buyers = purchased_pairs(inputs, week_id=week.week_id).select(pl.col("customer_id").n_unique()).collect().item()
    lists = _of_buyers(inputs, "recommendations", week.week_id, buyers).collect()
    proposed = _of_buyers(inputs, "candidates", week.week_id, buyers).collect()
    offered = inputs.weekly("transactions").before(week.week_id, weeks=OFFER_WEEKS).select(pl.col("article_id").unique()).collect()
    means = scored.group_by("rung").agg(pl.col("average_precision").sort().mean()).sort("rung").collect()
    maps = {f"map_at_12/{model}": round(value, 9) for model, value in means.iter_rows()}
    counts = count_pairs(proposed, lists, labels, strategies=[strategy.name for strategy in STRATEGIES]) | count_articles(
        lists, offered["article_id"]
    )
    return {"buyers": float(buyers.height), "unknown_buyers": float(all_buyers - buyers.height), **maps, **counts}


def read_weeks(home: Home, weeks: Sequence[int]) -> list[EvaluatedWeek]:
    """Read the evaluated weeks that had buyers."""
    found = []
    for week_id in weeks:
        manifest = Manifest.load(home.folder("scoreboard", week_id))
        if manifest and manifest.rows:
            scores = home.weekly("scoreboard", BuyerScores).at(week_id).drop("event_timestamp").collect()
            counts = {name: number for name, number in manifest.metrics.items() if "/" in name and not name.startswith("map_at_12")}
            found.append(EvaluatedWeek(scores, counts))
    return found


def _labels(inputs: Inputs, week_id: int) -> pl.DataFrame:
    return purchased_pairs(inputs, week_id=week_id).join(inputs.audience, on="customer_id", how="semi").collect()


def _of_buyers(inputs: Inputs, table: str, week_id: int, buyers: pl.DataFrame) -> pl.LazyFrame:
    rows = inputs.weekly(table).at(week_id).drop("event_timestamp", strict=False)
    return rows.join(buyers.lazy(), on=BUYER, how="semi")
