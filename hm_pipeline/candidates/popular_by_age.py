"""Articles that sold best in the last days among customers of about the same age.

The window around an age widens until enough was bought in it, so that rare ages are not ranked by chance.
"""

import dataframely as dy
import numpy as np
import polars as pl

from hm_pipeline.candidates._strategy import Strategy
from hm_pipeline.contracts import Pair
from hm_pipeline.inputs import Inputs

OLDEST = 100  # years; ages above are read as this
FEWEST = 200  # units
WIDTHS = (1, 2, 4, 8, 16, 32, OLDEST)  # years on either side


class PopularByAge(Pair):
    """Best sellers of the last days among customers of about the same age."""

    popular_by_age_rank = dy.Int16(nullable=False, min=1, description="place among the best sellers of the age window, 1 is best")
    popular_by_age_score = dy.Float32(nullable=False, min=0, max=1, description="share of the age window's units of the last 7 days")


def compute(tables: Inputs, *, week_id: int, most: int = 24, least: int = 2_000, least_share: float = 0.1) -> pl.LazyFrame:
    """Return :class:`PopularByAge` for those of the audience whose age is known.

    Parameters
    ----------
    most
        Articles per age.
    least
        Units in the window; below it the twelfth best seller is sold a handful of times and its place is chance.
    least_share
        Share of the week's units in the window that is enough in a shop too small for ``least``, but never below
        ``FEWEST`` units: a window that holds everyone says nothing about age.
    """
    ages = tables.static("customers").select("customer_id", pl.col("age").clip(0, OLDEST).cast(pl.Int64)).drop_nulls()
    sold = tables.weekly("transactions").before(week_id, weeks=1).join(ages, on="customer_id").select("age", "article_id")
    units = sold.collect()
    enough = min(least, max(FEWEST, round(least_share * units.height)))
    best = best_by_age(units, most=most, least=enough)
    # Collected, or the optimiser may join everyone to the best sellers of their age before the audience is picked.
    audience = tables.audience.join(ages, on="customer_id").collect().lazy()
    return PopularByAge.validate(audience.join(best.lazy(), on="age").with_columns(pl.lit(week_id, dtype=pl.Int64).alias("week_id")))


def best_by_age(sold: pl.DataFrame, *, most: int, least: int) -> pl.DataFrame:
    """Return the best sellers around every age from 0 to 100.

    Parameters
    ----------
    sold
        One row per unit: ``age`` of the buyer in years, ``article_id``.
    """
    articles = sold["article_id"].unique().sort()
    # Row a holds the units bought by buyers younger than a: a window is the difference of two rows.
    younger = np.zeros((OLDEST + 2, len(articles)), dtype=np.int64)
    np.add.at(younger, (sold["age"].to_numpy() + 1, articles.search_sorted(sold["article_id"]).to_numpy()), 1)
    younger = younger.cumsum(axis=0)
    frames = [_best_around(age, younger, articles, most=most, least=least) for age in range(OLDEST + 1)]
    return pl.concat(frames)


def _best_around(age: int, younger: np.ndarray, articles: pl.Series, *, most: int, least: int) -> pl.DataFrame:
    for width in WIDTHS:
        units = younger[min(age + width, OLDEST) + 1] - younger[max(age - width, 0)]
        if units.sum() >= least:
            break
    order = np.argsort(-units, kind="stable")[:most]  # articles ascend, so that ties go to the lower id
    order = order[units[order] > 0]
    return pl.DataFrame(
        {
            "age": np.full(len(order), age, dtype=np.int64),
            "article_id": articles.gather(order),
            "popular_by_age_rank": np.arange(1, len(order) + 1, dtype=np.int16),
            "popular_by_age_score": (units[order] / max(units.sum(), 1)).astype(np.float32),
        }
    )


STRATEGY = Strategy(schema=PopularByAge, compute=compute, inputs=("transactions", "customers"), history_weeks=1)
