"""Momentum of the article: the trend of its sales, its price, and its buyers.

Source: sales of the last days and weeks before the cutoff.  Grain: (article, week).
"""

import dataframely as dy
import polars as pl

from hm_pipeline.base.contracts import ArticleWeek
from hm_pipeline.base.expressions import week_column
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.history.article_sales import buyer_age, online_share
from hm_pipeline.recommender.signals._lib.signal import Signal


class Momentum(ArticleWeek):
    """Momentum of every article sold before."""

    momentum = dy.Float32(
        nullable=False, min=0, description="daily units of the last 3 days over those of the last 14, one unit added to both"
    )
    momentum_day_1_count = dy.Int32(nullable=False, min=0, description="units sold on the last day")
    momentum_day_3_count = dy.Int32(nullable=False, min=0, description="units sold on the last 3 days")
    momentum_day_7_count = dy.Int32(nullable=False, min=0, description="units sold in the last week")
    momentum_lag_2_count = dy.Int32(nullable=False, min=0, description="units sold in the week before that")
    momentum_price = dy.Float32(nullable=False, min=0, description="mean price in the last week with sales")
    momentum_online_share = dy.Float32(nullable=False, min=0, max=1, description="share of units sold online, halved every two weeks")
    momentum_buyer_age = dy.Float32(
        nullable=True, min=0, description="mean age of buyers in years, halved every two weeks; null if none is known"
    )


def compute(tables: Inputs, *, week_id: int) -> pl.LazyFrame:
    """Return :class:`Momentum` of the week."""
    sales = tables.weekly("history/article_sales").at(week_id)
    fresh, fortnight = pl.col("day_3_count") / 3, (pl.col("day_7_count") + pl.col("lag_2_count")) / 14
    return Momentum.cast(
        sales.select(
            week_column(week_id),
            "article_id",
            ((fresh + 1) / (fortnight + 1)).cast(pl.Float32).alias("momentum"),
            *(pl.col(f"day_{days}_count").alias(f"momentum_day_{days}_count") for days in (1, 3, 7)),
            pl.col("lag_2_count").alias("momentum_lag_2_count"),
            (pl.col("last_price") / 1e6).cast(pl.Float32).alias("momentum_price"),
            online_share().clip(0, 1).cast(pl.Float32).alias("momentum_online_share"),
            buyer_age().cast(pl.Float32).alias("momentum_buyer_age"),
        )
    )


SIGNAL = Signal(
    name="momentum",
    schema=Momentum,
    compute=compute,
    inputs=("history/article_sales",),
    why="Fashion turns within days: what sells more now sells next week.",
)
