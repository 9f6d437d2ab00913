"""Articles that others bought with or after what the customer bought last.

Item-to-item collaborative filtering on the baskets of the last weeks.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.base.contracts import Pair
from hm_pipeline.base.fixed_point import SCALE, UNIT, days_before, decay
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.candidates._lib.neighbours import Neighbours, best_neighbours
from hm_pipeline.recommender.candidates._lib.strategy import Strategy, available_articles, last_purchases, rank_proposals

INPUTS = ("purchases", "history/article_sales", "history/bought_together", "signal/availability")
SMOOTHING = 10  # units sold that are added below the line: a pair seen once in three sales is no rule


class BoughtTogether(Pair):
    """Neighbours of articles bought before."""

    bought_together_rank = dy.Int16(nullable=False, min=1, description="rank among the neighbours, 1 is best")
    bought_together_score = dy.Float32(
        nullable=False, min=0, description="strength: pairs over sales of the article, both decayed, summed over the last purchases"
    )


def compute(tables: Inputs, *, week_id: int, last: int = 24, half_life_days: float = 30, most: int = 60) -> pl.LazyFrame:
    """Return :class:`BoughtTogether` for the audience.

    Parameters
    ----------
    last
        Articles bought last whose neighbours count.
    half_life_days
        Halving of a purchase's weight.
    most
        Articles per customer.
    """
    weight = decay(days_before(tables.calendar.start(week_id)), half_life_days=half_life_days)
    own = last_purchases(tables, week_id=week_id, most=last).select("customer_id", "article_id", weight.alias("weight"))
    proposals = best_neighbours(own, tables.cached_for_partition(_neighbours, week_id), most=most).with_columns(pl.col("score") // SCALE)
    return BoughtTogether.cast(rank_proposals(proposals, "bought_together", week_id=week_id, most=most))


def _neighbours(tables: Inputs, week_id: int) -> Neighbours:
    sales = tables.weekly("history/article_sales").at(week_id)
    # The share of the article's buyers who took the other: a count of pairs alone would name the best sellers.
    share = SCALE * pl.col("pair_count") // (pl.col("decayed_count") + SMOOTHING * UNIT)
    return Neighbours.of(
        tables.weekly("history/bought_together")
        .at(week_id)
        .join(sales.select("article_id", "decayed_count"), on="article_id")
        .join(available_articles(tables, week_id=week_id), left_on="other_id", right_on="article_id", how="semi")
        .select("article_id", "other_id", share.alias("strength"))
    )


STRATEGY = Strategy(name="bought_together", schema=BoughtTogether, compute=compute, inputs=INPUTS)
