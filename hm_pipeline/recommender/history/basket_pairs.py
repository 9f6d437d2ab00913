"""Pairs of articles bought together or one after the other: one week's pairs, counted once and kept.

Source: transactions of the week before the cutoff and of the weeks before that.  Grain: (week, article, other).
The window that strategies read is summed in ``bought_together``.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.base.expressions import week_column
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.step import before
from hm_pipeline.recommender.history._lib import HistoryTable

EARLIER_WEEKS = 4  # half of all customers come back within four weeks, later baskets depend little on this one
MOST_ARTICLES = 40  # a customer's articles in the window, newest first: a reseller's thousands would be squared


class BasketPairs(dy.Schema):
    """Customers of the week before the cutoff who had bought ``article_id`` and then, or with it, took ``other_id``."""

    week_id = dy.Int64(primary_key=True, description="week at whose cutoff this was known")
    article_id = dy.Int64(primary_key=True, description="article that was bought first, or in the same week")
    other_id = dy.Int64(primary_key=True, description="article that was bought in the week before the cutoff")
    customer_count = dy.Int32(nullable=False, min=1, description="customers who did so")


def compute(tables: Inputs, *, week_id: int, earlier_weeks: int = EARLIER_WEEKS, most_articles: int = MOST_ARTICLES) -> pl.LazyFrame:
    """Return :class:`BasketPairs` of the week before the cutoff.

    Parameters
    ----------
    earlier_weeks
        Weeks, the newest included, in which the first article may have been bought.
    most_articles
        Articles of one customer that count, the newest and then the lowest ids.
    """
    window = tables.weekly("transactions").before(week_id, weeks=earlier_weeks)
    newest = window.filter(pl.col("week_id") == week_id - 1).select("customer_id", pl.col("article_id").alias("other_id")).unique()
    basket = (
        window.join(newest.select("customer_id").unique(), on="customer_id", how="semi")
        .group_by("customer_id", "article_id")
        .agg(pl.col("t_dat").max())
        .filter(
            pl.struct(pl.col("t_dat").rank("dense", descending=True), "article_id").rank("ordinal").over("customer_id") <= most_articles
        )
        .select("customer_id", "article_id")
    )
    taken = newest.filter(pl.col("other_id").rank("ordinal").over("customer_id") <= most_articles)
    return (
        basket.join(taken, on="customer_id")
        .filter(pl.col("article_id") != pl.col("other_id"))
        .group_by("article_id", "other_id")
        .agg(pl.len().cast(pl.Int32).alias("customer_count"))
        .select(week_column(week_id), "article_id", "other_id", "customer_count")
    )


HISTORY = HistoryTable(
    name="basket_pairs",
    schema=BasketPairs,
    compute=compute,
    reads=(before("transactions", EARLIER_WEEKS),),
    description="Pairs of an article bought before and one bought last week by the same customer: one week's pairs, counted once.",
    unit="times bought after one another",
    why="Counted once a week, so that pairs can be added up over any weeks.",
)
