"""Articles that customers with the same purchases bought.

Customer-to-customer collaborative filtering on TF-IDF vectors, over all neighbours: on the reference data the best of
the cheap baselines.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.base.contracts import Pair
from hm_pipeline.base.fixed_point import SCALE, UNIT
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.candidates._lib.neighbours import Neighbours, best_neighbours
from hm_pipeline.recommender.candidates._lib.strategy import Strategy, available_articles, last_purchases, rank_proposals


class SimilarCustomers(Pair):
    """Purchases of the customer's neighbours."""

    similar_customers_rank = dy.Int16(nullable=False, min=1, description="rank among the purchases of the neighbours, 1 is best")
    similar_customers_score = dy.Float32(
        nullable=False, min=0, description="similarity to the customer's purchases, mean over the customer's last articles"
    )


def compute(tables: Inputs, *, week_id: int, weeks: int = 52, last: int = 24, most: int = 50) -> pl.LazyFrame:
    """Return :class:`SimilarCustomers` for the audience.

    Parameters
    ----------
    weeks
        Weeks of own purchases: the recall of a year is a sixth higher than that of a season.
    last
        Articles bought last that count, as for what is bought together.
    most
        Articles per customer.
    """
    own = last_purchases(tables, week_id=week_id, most=last, weeks=weeks)
    weight = (SCALE // pl.len().over("customer_id")).alias("weight")  # a mean: a long history is not favoured
    best = best_neighbours(own.select("customer_id", "article_id", weight), tables.cached_for_partition(_neighbours, week_id), most=most)
    proposals = best.with_columns(pl.col("score") // UNIT)
    return SimilarCustomers.cast(rank_proposals(proposals, "similar_customers", week_id=week_id, most=most))


def _neighbours(tables: Inputs, week_id: int) -> Neighbours:
    return Neighbours.of(
        tables.weekly("history/shared_buyers")
        .at(week_id)
        .join(available_articles(tables, week_id=week_id), left_on="other_id", right_on="article_id", how="semi")
        .select("article_id", "other_id", pl.col("likeness").alias("strength"))
    )


STRATEGY = Strategy(
    name="similar_customers",
    schema=SimilarCustomers,
    compute=compute,
    inputs=("purchases", "history/shared_buyers", "signal/availability"),
    history_weeks=52,
)
