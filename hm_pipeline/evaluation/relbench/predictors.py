"""Predictions for the public tasks, and the trivial baselines' on the same rows, from the tables and models of a home."""

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from hm_pipeline.base.contracts import Transactions
from hm_pipeline.engine.materialize import Runner
from hm_pipeline.evaluation.relbench import item_sales, title, user_churn, user_item_purchase
from hm_pipeline.evaluation.relbench.report import TaskResult, result
from hm_pipeline.recommender.ensemble.training import Recommended
from hm_pipeline.recommender.signals import availability, visit_propensity

NEEDED = {
    user_churn.NAME: "model/visit_propensity",
    item_sales.NAME: "signal/availability",
    user_item_purchase.NAME: "recommendations",
}


def evaluate(runner: Runner, task: str, weeks: Sequence[int]) -> TaskResult:
    """Evaluate a public task over weeks that are pooled."""
    home = runner.home
    sold = home.weekly("transactions", Transactions).before(weeks[-1] + 1).drop("event_timestamp", strict=False)
    customers, articles = (home.dimension(name).drop("event_timestamp", strict=False) for name in ("customers", "articles"))
    scores = {user_churn.NAME: _churn, item_sales.NAME: _sales, user_item_purchase.NAME: _purchases}[task]
    return result(task, title(task, home.calendar, weeks), scores(runner, sold, customers, articles, weeks))


def _pooled(weeks: Sequence[int], one: Callable[[int], pl.LazyFrame]) -> pl.DataFrame:
    return pl.concat([one(week_id).collect() for week_id in weeks], how="vertical_relaxed")


def _churn(runner: Runner, sold: pl.LazyFrame, customers: pl.LazyFrame, _articles: pl.LazyFrame, weeks: Sequence[int]) -> dict[str, Any]:
    """Predict that a customer of last week stays away, by one minus the visit probability of the week's model."""
    step = runner.graph.steps["signal/visit_propensity"]

    def ours(week_id: int) -> pl.LazyFrame:
        asked = user_churn.population(sold, customers, week_id=week_id).select("customer_id").collect().lazy()
        tables = runner.inputs(runner.graph.steps["model/visit_propensity"], week_id).of(asked)
        predicted = visit_propensity.compute(tables, week_id=week_id, model=runner.week(step, week_id).model)
        return predicted.select("week_id", "customer_id", (1 - pl.col("visit_propensity").cast(pl.Float64)).alias("prediction"))

    labels = _pooled(weeks, lambda week_id: user_churn.labels(sold, customers, week_id=week_id))
    baselines = {
        name: lambda week_id, baseline=baseline: baseline(sold, customers, week_id=week_id)
        for name, baseline in user_churn.BASELINES.items()
    }
    return {name: user_churn.score(_pooled(weeks, one), labels) for name, one in {"visit propensity": ours, **baselines}.items()}


def _sales(runner: Runner, sold: pl.LazyFrame, _customers: pl.LazyFrame, articles: pl.LazyFrame, weeks: Sequence[int]) -> dict[str, Any]:
    """Predict an article's sales by the value that is exceeded as likely as not, 0 where it never sold."""

    def ours(week_id: int) -> pl.LazyFrame:
        predicted = runner.home.weekly("signal/availability", availability.Availability).at(week_id)
        known = predicted.select("article_id", pl.col("availability_value").cast(pl.Float64).alias("prediction"))
        asked = item_sales.population(articles, week_id=week_id)
        return asked.join(known, on="article_id", how="left").with_columns(pl.col("prediction").fill_null(0.0))

    labels = _pooled(weeks, lambda week_id: item_sales.labels(sold, articles, week_id=week_id))
    baselines = {
        name: lambda week_id, baseline=baseline: baseline(sold, articles, week_id=week_id)
        for name, baseline in item_sales.BASELINES.items()
    }
    return {name: item_sales.score(_pooled(weeks, one), labels) for name, one in {"availability": ours, **baselines}.items()}


def _purchases(runner: Runner, sold: pl.LazyFrame, customers: pl.LazyFrame, articles: pl.LazyFrame, weeks: Sequence[int]) -> dict[str, Any]:
    """Predict purchases by the lists of the ensemble."""

    def asked(week_id: int) -> pl.LazyFrame:
        return user_item_purchase.population(sold, customers, articles, week_id=week_id).collect().lazy()

    def ours(week_id: int) -> pl.LazyFrame:
        return runner.home.weekly("recommendations", Recommended).at(week_id).select("week_id", "customer_id", "article_id", "rank")

    labels = _pooled(weeks, lambda week_id: user_item_purchase.labels(sold, customers, articles, week_id=week_id))
    baselines = {
        name: lambda week_id, baseline=baseline: baseline(sold, asked(week_id).select("customer_id"), week_id=week_id)
        for name, baseline in user_item_purchase.BASELINES.items()
    }
    return {name: user_item_purchase.score(_pooled(weeks, one), labels) for name, one in {"ensemble": ours, **baselines}.items()}
