"""Articles that sold best in the last days among customers of about the same age.

The window around an age widens until enough was bought in it, so that rare ages are not ranked by chance.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.base.contracts import Pair
from hm_pipeline.base.expressions import week_column
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.age_windows import best_by_age, known_ages
from hm_pipeline.recommender.candidates._lib.strategy import Strategy

FEWEST = 200  # units


class PopularByAge(Pair):
    """Best sellers of the last days among customers of about the same age."""

    popular_by_age_rank = dy.Int16(nullable=False, min=1, description="rank among the best sellers of the age window, 1 is best")
    popular_by_age_score = dy.Float32(nullable=False, min=0, max=1, description="share of the age window's units of the last 7 days")


def compute(tables: Inputs, *, week_id: int, most: int = 48, least: int = 2_000, least_share: float = 0.1) -> pl.LazyFrame:
    """Return :class:`PopularByAge` for those of the audience whose age is known.

    Parameters
    ----------
    most
        Articles per age.
    least
        Units in the window; below it the twelfth best seller is sold a handful of times and its place is chance.
    least_share
        Share of the week's units in the window that is enough in a shop too small for ``least``, but never below
        ``FEWEST`` units: a window that holds everyone carries no information on age.
    """
    best = tables.cached_for_partition(_best, week_id, most, least, least_share)
    # Collected, or the optimiser may join everyone to the best sellers of their age before the audience is picked.
    audience = tables.audience.join(known_ages(tables.dimension("customers")), on="customer_id").collect().lazy()
    named = best.lazy().rename({"rank": "popular_by_age_rank", "share": "popular_by_age_score"})
    return PopularByAge.cast(audience.join(named, on="age").with_columns(week_column(week_id)))


def _best(tables: Inputs, week_id: int, most: int, least: int, least_share: float) -> pl.DataFrame:
    ages = known_ages(tables.dimension("customers"))
    units = tables.weekly("transactions").before(week_id, weeks=1).join(ages, on="customer_id").select("age", "article_id").collect()
    return best_by_age(units, most=most, least=min(least, max(FEWEST, round(least_share * units.height))))


STRATEGY = Strategy(name="popular_by_age", schema=PopularByAge, compute=compute, inputs=("transactions", "customers"), history_weeks=1)
