"""Segments of buyers by their history at the cutoff: active, dormant or new.

Reported apart, because the dormant half of the buyers is the weak spot of every system and a mean hides it.
"""

from datetime import timedelta

import polars as pl

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.expressions import week_column
from hm_pipeline.engine.tables import WeeklyTable

ACTIVE, DORMANT, NEW = SEGMENTS = ("active", "dormant", "new")


def segment_buyers(
    transactions: WeeklyTable, *, buyers: pl.DataFrame, week_id: int, calendar: Calendar, active_days: int = 30
) -> pl.DataFrame:
    """Return the segment of each of a week's buyers when the week began: active, dormant or new.

    Parameters
    ----------
    buyers
        ``customer_id``; repeated rows count once.
    active_days
        Active customers bought in the last so many days before the cutoff, dormant ones before that only, new ones
        never.  30 days is the split published with the reference data's scores.

    Returns
    -------
    pl.DataFrame
        ``week_id, customer_id, segment``, sorted by customer.
    """
    wanted = buyers.lazy().select("customer_id").unique()
    last = transactions.before(week_id).select("customer_id", "t_dat").join(wanted, on="customer_id", how="semi")
    known = wanted.join(last.group_by("customer_id").agg(last_date=pl.col("t_dat").max()), on="customer_id", how="left")
    first_active = calendar.start(week_id) - timedelta(days=active_days)
    is_new, is_active = pl.col("last_date").is_null(), pl.col("last_date") >= first_active
    segment = pl.when(is_new).then(pl.lit(NEW)).when(is_active).then(pl.lit(ACTIVE)).otherwise(pl.lit(DORMANT))
    return known.select(week_column(week_id), "customer_id", segment=segment).sort("customer_id").collect()
