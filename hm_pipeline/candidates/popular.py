"""Articles that sold best in the last days, the same for every customer.

Freshness is worth half the score: the windows are days, and the last ones count more.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.candidates._strategy import Strategy
from hm_pipeline.contracts import Pair
from hm_pipeline.inputs import Inputs


class Popular(Pair):
    """Best sellers of the last days."""

    popular_rank = dy.Int16(nullable=False, min=1, description="place among the best sellers, 1 is best")
    popular_score = dy.Float32(
        nullable=False, min=0, description="units of the last 7 days, those of the last 3 and of the last counted again"
    )


def compute(tables: Inputs, *, week_id: int, most: int = 60) -> pl.LazyFrame:
    """Return :class:`Popular` for the audience.

    Parameters
    ----------
    most
        Articles; the top 60 hold 8 % of what is bought in the next week.
    """
    fresh = pl.col("day_7_count").cast(pl.Int64) + pl.col("day_3_count") + pl.col("day_1_count")
    # Where a week sold too few articles, those sold longest ago come last: a customer always gets a full list.
    best = (
        tables.weekly("history/article_sales")
        .at(week_id)
        .select("article_id", fresh.alias("fresh"), "decayed_count", "last_sold_date")
        .sort("fresh", "decayed_count", "last_sold_date", "article_id", descending=[True, True, True, False])
        .head(most)
        .select(
            "article_id",
            pl.int_range(1, pl.len() + 1, dtype=pl.Int16).alias("popular_rank"),
            pl.col("fresh").cast(pl.Float32).alias("popular_score"),
        )
    )
    everyone = tables.audience.select("customer_id", pl.lit(week_id, dtype=pl.Int64).alias("week_id"))
    return Popular.validate(everyone.join(best, how="cross"))


STRATEGY = Strategy(schema=Popular, compute=compute, inputs=("history/article_sales",))
