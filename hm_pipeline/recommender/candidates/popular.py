"""Articles that sold best in the last days, the same for every customer.

Freshness is worth half the score: the windows are days, and the last ones count more.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.base.contracts import Pair
from hm_pipeline.base.expressions import week_column
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.candidates._lib.strategy import Strategy
from hm_pipeline.recommender.history.article_sales import recent_sales_score


class Popular(Pair):
    """Best sellers of the last days."""

    popular_rank = dy.Int16(nullable=False, min=1, description="rank among the best sellers, 1 is best")
    popular_score = dy.Float32(
        nullable=False, min=0, description="units of the last 7 days, those of the last 3 and of the last counted again"
    )
    popular_day_1_rank = dy.Int32(nullable=True, min=1, description="rank by units of the last day, ties share it; null if none sold")
    popular_day_3_rank = dy.Int32(nullable=True, min=1, description="rank by units of the last 3 days, ties share it; null if none sold")


def compute(tables: Inputs, *, week_id: int, most: int = 80) -> pl.LazyFrame:
    """Return :class:`Popular` for the audience.

    Parameters
    ----------
    most
        Articles; the top 60 hold 8 % of what is bought in the next week, and each 20 more a percent.
    """
    # Where a week sold too few articles, those sold longest ago come last: a customer always gets a full list.
    best = (
        tables.weekly("history/article_sales")
        .at(week_id)
        .with_columns(
            recent_sales_score().alias("fresh"),
            *(
                pl.when(pl.col(f"day_{days}_count") > 0)
                .then(pl.col(f"day_{days}_count").rank("min", descending=True))
                .cast(pl.Int32)
                .alias(f"popular_day_{days}_rank")
                for days in (1, 3)
            ),
        )
        .sort("fresh", "decayed_count", "last_sold_date", "article_id", descending=[True, True, True, False])
        .head(most)
        .select(
            "article_id",
            pl.int_range(1, pl.len() + 1, dtype=pl.Int16).alias("popular_rank"),
            pl.col("fresh").cast(pl.Float32).alias("popular_score"),
            "popular_day_1_rank",
            "popular_day_3_rank",
        )
    )
    everyone = tables.audience.select("customer_id", week_column(week_id))
    return Popular.cast(everyone.join(best, how="cross"))


STRATEGY = Strategy(name="popular", schema=Popular, compute=compute, inputs=("history/article_sales",))
