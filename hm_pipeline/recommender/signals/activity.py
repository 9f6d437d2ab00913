"""Activity of the customer: how recently, how much and where the customer buys.

Source: the customer's own transactions before the cutoff.  Grain: (customer, week).  A customer who never bought has
a row: zero counts, nulls where there is nothing to average.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.base.contracts import CustomerWeek
from hm_pipeline.base.expressions import week_column
from hm_pipeline.base.fixed_point import SCALE, days_before, decay
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.signals._lib.signal import Signal


class Activity(CustomerWeek):
    """Activity of the audience."""

    activity = dy.Float32(nullable=False, min=0, description="units bought, each halved every 30 days")
    activity_count = dy.Int32(nullable=False, min=0, description="units bought so far")
    activity_weeks = dy.Int32(nullable=False, min=0, description="weeks with a purchase so far")
    activity_idle_days = dy.Int32(nullable=True, min=1, description="days since the last purchase; null if there was none")
    activity_price = dy.Float32(nullable=True, min=0, description="mean price paid; null if nothing was bought")
    activity_online_share = dy.Float32(nullable=True, min=0, max=1, description="share bought online; null if nothing was bought")


def compute(tables: Inputs, *, week_id: int, half_life_days: float = 30) -> pl.LazyFrame:
    """Return :class:`Activity` of the audience.

    Parameters
    ----------
    half_life_days
        Halving of a purchase's weight: half of all customers come back within four weeks.
    """
    days = days_before(tables.calendar.start(week_id))
    weight = decay(days, half_life_days=half_life_days)
    bought = (
        tables.weekly("purchases")
        .before(week_id)
        .group_by("customer_id")
        .agg(
            (weight.sum() / SCALE).cast(pl.Float32).alias("activity"),
            pl.len().cast(pl.Int32).alias("activity_count"),
            pl.col("week_id").n_unique().cast(pl.Int32).alias("activity_weeks"),
            days.min().cast(pl.Int32).alias("activity_idle_days"),
            (pl.col("price").cast(pl.Int64).sum() / pl.len() / 1e6).cast(pl.Float32).alias("activity_price"),
            ((pl.col("sales_channel_id") == 2).sum() / pl.len()).cast(pl.Float32).alias("activity_online_share"),
        )
    )
    zero = ("activity", "activity_count", "activity_weeks")
    everyone = tables.audience.select(week_column(week_id), "customer_id")
    return Activity.cast(everyone.join(bought, on="customer_id", how="left").with_columns(pl.col(zero).fill_null(0)))


SIGNAL = Signal(
    name="activity",
    schema=Activity,
    compute=compute,
    inputs=("purchases",),
    why="Who was here last week wants other things than who comes back after a year.",
    services=("ranking", "lookbook"),
)
