"""New articles with a promising forecast, in the sections the customer buys from.

They have too few sales to be popular yet.  Articles that never sold are not proposed: the catalogue has no dates, so
that to know of them would be to know the future.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.base.contracts import Pair
from hm_pipeline.base.expressions import or_unknown
from hm_pipeline.base.fixed_point import SCALE
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.candidates._lib.strategy import Strategy, favourite_values, rank_proposals


class Launches(Pair):
    """New articles in the customer's sections."""

    launches_rank = dy.Int16(nullable=False, min=1, description="rank among the new articles of the customer's sections, 1 is best")
    launches_score = dy.Float32(
        nullable=False, min=0, description="units expected in the week times the section's share of the customer's purchases"
    )


def compute(
    tables: Inputs, *, week_id: int, new_days: int = 14, sections: int = 5, of_each: int = 12, half_life_days: float = 180, most: int = 16
) -> pl.LazyFrame:
    """Return :class:`Launches` for those of the audience who bought before.

    Parameters
    ----------
    new_days
        Days since the first sale up to which an article is new; later on its own sales suffice.
    sections
        Sections of a customer, the most bought first.
    of_each
        New articles of a section, those with the best forecast.
    half_life_days
        Half a year: sections change slower than departments.
    most
        Articles per customer.
    """
    kinds = tables.dimension("articles").select("article_id", or_unknown("section_no"))
    forecast = tables.weekly("signal/availability").at(week_id).filter(pl.col("availability_age_days") <= new_days)
    best = (
        forecast.select("article_id", (SCALE * pl.col("availability_units").cast(pl.Float64)).round().cast(pl.Int64).alias("units"))
        .join(kinds, on="article_id")
        .sort("section_no", "units", "article_id", descending=[False, True, False])
        .filter(pl.int_range(pl.len()).over("section_no") < of_each, pl.col("units") > 0)
    )
    favourites = favourite_values(tables, "section_no", week_id=week_id, half_life_days=half_life_days, most=sections)
    score = (pl.col("weight") * pl.col("units") // pl.col("all").clip(1)).alias("score")
    proposals = favourites.join(best, on="section_no").select("customer_id", "article_id", score)
    return Launches.cast(rank_proposals(proposals, "launches", week_id=week_id, most=most))


STRATEGY = Strategy(name="launches", schema=Launches, compute=compute, inputs=("purchases", "articles", "signal/availability"))
