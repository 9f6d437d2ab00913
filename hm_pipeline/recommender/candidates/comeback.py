"""Last week's best sellers among new and returning customers, by age.

They are more than half of all buyers, and their own last purchases predict little.  Last week's purchases of
other returning customers predict better than everyone's.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.base.contracts import Pair
from hm_pipeline.base.expressions import week_column
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.age_windows import OLDEST, best_by_age, known_ages
from hm_pipeline.recommender.candidates._lib.strategy import Strategy


class Comeback(Pair):
    """Best sellers of the last week among customers who came back or were new."""

    comeback_rank = dy.Int16(
        nullable=False, min=1, description="rank among the purchases of returning and new customers of the age, 1 is best"
    )
    comeback_score = dy.Float32(
        nullable=False, min=0, max=1, description="share of the purchases of returning and new customers of the age"
    )


def compute(tables: Inputs, *, week_id: int, idle_weeks: int = 4, most: int = 32, least: int = 500) -> pl.LazyFrame:
    """Return :class:`Comeback` for those of the audience who did not buy in the last weeks.

    Parameters
    ----------
    idle_weeks
        Weeks without a purchase that make a customer one who comes back; half of all customers are back within four.
    most
        Articles per customer.
    least
        Units in an age window, fewer than for everyone: they buy a third of the units.
    """
    ages = known_ages(tables.dimension("customers").join(tables.audience, on="customer_id", how="semi"))
    best = tables.cached_for_partition(_best, week_id, idle_weeks, most, least).rename({"rank": "comeback_rank", "share": "comeback_score"})
    recent = tables.weekly("purchases").before(week_id, weeks=idle_weeks).select("customer_id").unique()
    idle = tables.audience.join(recent, on="customer_id", how="anti").join(ages, on="customer_id", how="left")
    # An unknown age is put in the middle: where it matters most, at few units, the window is wide anyway.
    audience = idle.with_columns(pl.col("age").fill_null(OLDEST // 2)).collect().lazy()
    return Comeback.cast(audience.join(best.lazy(), on="age").with_columns(week_column(week_id)))


def _best(tables: Inputs, week_id: int, idle_weeks: int, most: int, least: int) -> pl.DataFrame:
    sold = tables.weekly("transactions").before(week_id, weeks=idle_weeks + 1).select("week_id", "customer_id", "article_id")
    regulars = sold.filter(pl.col("week_id") < week_id - 1).select("customer_id").unique()
    taken = sold.filter(pl.col("week_id") == week_id - 1).join(regulars, on="customer_id", how="anti")
    units = taken.join(known_ages(tables.dimension("customers")), on="customer_id").select("age", "article_id").collect()
    return best_by_age(units, most=most, least=least)


STRATEGY = Strategy(name="comeback", schema=Comeback, compute=compute, inputs=("purchases", "transactions", "customers"), history_weeks=5)
