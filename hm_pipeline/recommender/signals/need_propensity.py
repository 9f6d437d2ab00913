"""Probability that the customer needs the article's clothing type this week.

Source: ``type_need``, the probability that the customer takes the clothing type if anything is bought, looked up for
candidates.  Grain: candidate pair.  A type that the customer never bought and hardly anyone buys has the share of all
buyers who took it in the last four weeks.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.base.contracts import Pair
from hm_pipeline.base.expressions import or_unknown, week_column
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.history.type_rates import EVERYONE
from hm_pipeline.recommender.signals._lib.signal import Signal

TYPE = ["customer_id", "product_type_no"]


class NeedPropensity(Pair):
    """Need of candidate pairs; candidates of one clothing type share it."""

    need_propensity = dy.Float32(
        nullable=False, min=0, max=1, description="probability that the customer buys the type, if anything is bought"
    )
    need_since_weeks = dy.Int16(nullable=True, min=1, description="weeks since the customer last bought the type; null if never")
    need_due_ratio = dy.Float32(
        nullable=True, min=0, description="that time over the customer's usual gap; null if bought in fewer than two weeks"
    )
    need_own_share = dy.Float32(
        nullable=True, min=0, max=1, description="share of the type in the customer's weeks of purchase; null if never"
    )


def compute(tables: Inputs, *, week_id: int) -> pl.LazyFrame:
    """Return :class:`NeedPropensity` of the candidates."""
    types = tables.dimension("articles").select("article_id", or_unknown("product_type_no"))
    candidates = tables.weekly("candidates").at(week_id).select("customer_id", "article_id")
    # Collected, or the optimiser would join articles to needs by type first: all articles times all customers.
    pairs = candidates.join(types, on="article_id", maintain_order="left").collect().lazy()  # in their order, which is the table's
    everyone = tables.weekly("history/type_rates").at(week_id).filter(pl.col("age") == EVERYONE).select("product_type_no", "month_rate")
    needs = tables.weekly("signal/type_need").at(week_id).drop("week_id", strict=False)
    found = pairs.join(needs, on=TYPE, how="left", maintain_order="left")
    found = found.join(everyone, on="product_type_no", how="left", maintain_order="left")
    return NeedPropensity.cast(
        found.select(
            week_column(week_id),
            "customer_id",
            "article_id",
            pl.coalesce("type_need", "month_rate", pl.lit(0.0)).cast(pl.Float32).alias("need_propensity"),
            *(pl.col(f"type_need_{name}").alias(f"need_{name}") for name in ("since_weeks", "due_ratio", "own_share")),
        )
    )


SIGNAL = Signal(
    name="need_propensity",
    schema=NeedPropensity,
    compute=compute,
    inputs=("articles", "history/type_rates", "signal/type_need", "candidates"),
    why="What people buy next follows from what they have, and from when they last bought its kind.",
    services=("ranking", "signals"),
    questions=("need",),
)
