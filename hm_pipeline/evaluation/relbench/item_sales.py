"""rel-hm item-sales: predict the sales of each article of the catalogue in a week.

Population: every article of the catalogue.  Target: the sum of prices over its transactions in (t, t + 7 d], our week
w, in the unit of the raw files, 0 for the most.

Differences to RelBench: articles outside the catalogue may have predictions, which are left out.  RelBench's newer
board divides the MAE by the standard deviation of its train targets; the published results we cite are plain MAE, and
so is ours.

References
----------
snap-stanford/relbench at f4fdd49, relbench/tasks/hm.py, ``ItemSalesTask``; the metrics are scikit-learn's mean
absolute error, root mean squared error and ``r2_score`` (relbench/metrics.py).
"""

import numpy as np
import polars as pl

from hm_pipeline.base.expressions import week_column
from hm_pipeline.evaluation.relbench.alignment import Baseline, aligned
from hm_pipeline.evaluation.scoreboard.rows import DECIMALS, Row

NAME = "item-sales"
ARTICLE = ("week_id", "article_id")
MILLIONTHS = 1_000_000  # of the unit of the raw files, in which our transactions hold prices


class SalesScore(Row):
    """Errors of predicted sales, in the unit of the raw files.

    ``mean_sales`` is also the MAE of predicting 0 for everything.  ``r2`` is none where all articles sold the same.
    """

    articles: int
    mae: float
    rmse: float
    r2: float | None
    mean_sales: float


def population(articles: pl.LazyFrame, *, week_id: int) -> pl.LazyFrame:
    """Return the task's population: ``week_id, article_id`` of all the catalogue, sorted."""
    return articles.select(week_column(week_id), "article_id").unique().sort(ARTICLE)


def labels(transactions: pl.LazyFrame, articles: pl.LazyFrame, *, week_id: int) -> pl.LazyFrame:
    """Return ``week_id, article_id, sales`` of the catalogue, sorted; sales in the unit of the raw files."""
    sold = _sales(transactions.filter(pl.col("week_id") == week_id))
    return _joined(articles, sold, week_id, "sales")


def score(predictions: pl.DataFrame, labels: pl.DataFrame) -> SalesScore:
    """Score predictions of sales.

    Parameters
    ----------
    predictions
        ``week_id, article_id, prediction``, in the unit of the raw files.

    Raises
    ------
    MissingInput
        If there are no labels.
    SchemaViolation
        If an article of the catalogue has no finite prediction, or two.
    """
    both = aligned(predictions, labels, keys=ARTICLE, where=NAME)
    sales = both["sales"].to_numpy()
    errors, spread = both["prediction"].to_numpy() - sales, sales - sales.mean()
    squares = float((spread**2).sum())
    return SalesScore(
        articles=both.height,
        mae=round(float(np.abs(errors).mean()), DECIMALS),
        rmse=round(float(np.sqrt((errors**2).mean())), DECIMALS),
        r2=round(1 - float((errors**2).sum()) / squares, DECIMALS) if sales.min() < sales.max() else None,
        mean_sales=round(float(sales.mean()), DECIMALS),
    )


def zero(_transactions: pl.LazyFrame, articles: pl.LazyFrame, *, week_id: int) -> pl.LazyFrame:
    """Predict that nothing is sold: the median of the target, and so the best constant."""
    return population(articles, week_id=week_id).with_columns(prediction=pl.lit(0.0))


def last_week(transactions: pl.LazyFrame, articles: pl.LazyFrame, *, week_id: int) -> pl.LazyFrame:
    """Predict what the article brought in the week before."""
    return recent_mean(transactions, articles, week_id=week_id, weeks=1)


def recent_mean(transactions: pl.LazyFrame, articles: pl.LazyFrame, *, week_id: int, weeks: int = 4) -> pl.LazyFrame:
    """Predict the article's mean over the last so many weeks; weeks without a sale count as 0."""
    recent = transactions.filter(pl.col("week_id").is_between(week_id - weeks, week_id - 1))
    means = _sales(recent).with_columns(pl.col("sales") / weeks)
    return _joined(articles, means, week_id, "prediction")


BASELINES: dict[str, Baseline] = {"zero": zero, "last week": last_week, "mean of 4 weeks": recent_mean}


def _sales(transactions: pl.LazyFrame) -> pl.LazyFrame:
    # integer millionths are added, so that the sum does not depend on the order of rows; a week's could outgrow 32 bits
    return transactions.group_by("article_id").agg(sales=pl.col("price").cast(pl.Int64).sum() / MILLIONTHS)


def _joined(articles: pl.LazyFrame, sales: pl.LazyFrame, week_id: int, name: str) -> pl.LazyFrame:
    known = population(articles, week_id=week_id).join(sales, on="article_id", how="left")
    return known.select(*ARTICLE, pl.col("sales").fill_null(0.0).alias(name)).sort(ARTICLE)
