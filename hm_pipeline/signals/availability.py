"""Can the customer get it?  Whether an article is on offer in the week, and how many will sell.

Source: two gradient-boosted models on the article's sales history, one for any sale and one for the number of units
(Poisson), fitted on what followed at the last four cutoffs.  Grain: (article, week).  An article that never sold has
no row.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.contracts import ArticleWeek
from hm_pipeline.history.article_sales import buyer_age, online_share
from hm_pipeline.inputs import Inputs
from hm_pipeline.signals import _booster
from hm_pipeline.signals._booster import Boosters
from hm_pipeline.signals._signal import Signal

COUNTS = ("day_1_count", "day_3_count", "day_7_count", *(f"lag_{lag}_count" for lag in range(2, 7)), "decayed_count")
FEATURES = (*COUNTS, "age_days", "idle_days", "markdown", "last_price", "online_share", "buyer_age", "trend")


class Availability(ArticleWeek):
    """Availability of every article sold before."""

    availability = dy.Float32(nullable=False, min=0, max=1, description="probability that at least one unit sells in the week")
    availability_units = dy.Float32(nullable=False, min=0, description="units expected to sell in the week")
    availability_age_days = dy.Int32(nullable=False, min=1, description="days since the first sale")
    availability_idle_days = dy.Int32(nullable=False, min=1, description="days since the last sale")
    availability_markdown_share = dy.Float32(
        nullable=False, max=1, description="how far the last price lies below the highest, as a share of it"
    )


def describe(sales: pl.LazyFrame, *, cutoff: pl.Expr) -> pl.LazyFrame:
    """Return the features of articles at a cutoff from their sales as known then."""
    return sales.with_columns(
        (cutoff - pl.col("first_sold_date")).dt.total_days().cast(pl.Int32).alias("age_days"),
        (cutoff - pl.col("last_sold_date")).dt.total_days().cast(pl.Int32).alias("idle_days"),
        (1 - pl.col("last_price") / pl.col("highest_price").clip(1)).cast(pl.Float32).alias("markdown"),
        online_share().alias("online_share"),
        buyer_age().alias("buyer_age"),
        ((pl.col("day_7_count") + 1) / (pl.col("lag_2_count") + 1)).alias("trend"),
    )


def fit(tables: Inputs, *, week_id: int, seed: int, weeks: int = 4, idle_weeks: int = 26) -> Boosters:
    """Fit on the last cutoffs whose week has passed.

    Parameters
    ----------
    weeks
        Cutoffs: four hold launches and fading articles alike and are all of one season.
    idle_weeks
        Articles unsold for longer are left out of the examples: there are many, and all alike.
    """
    sales = tables.weekly("history/article_sales")
    frames = []
    for past in range(max(week_id - weeks, tables.calendar.first_week + 1), week_id):
        known = describe(sales.at(past), cutoff=pl.lit(tables.calendar.start(past)))
        sold = sales.at(past + 1).select("article_id", pl.col("day_7_count").alias("units"))
        frames.append(known.filter(pl.col("idle_days") <= 7 * idle_weeks).join(sold, on="article_id"))
    if not frames:
        return Boosters(FEATURES, {}, {"any": 0.0, "units": 0.0})
    examples = pl.concat(frames).with_columns((pl.col("units") > 0).alias("any")).sort("week_id", "article_id").collect()
    return _booster.fit(examples, features=FEATURES, objectives={"any": "binary", "units": "poisson"}, seed=seed)


def compute(tables: Inputs, *, week_id: int, model: Boosters) -> pl.LazyFrame:
    """Return :class:`Availability` of the week."""
    sales = tables.weekly("history/article_sales").at(week_id)
    known = describe(sales, cutoff=pl.lit(tables.calendar.start(week_id))).sort("article_id").collect()
    return Availability.validate(
        known.select(
            pl.lit(week_id, dtype=pl.Int64).alias("week_id"),
            "article_id",
            model.predict("any", known).clip(0, 1).alias("availability"),
            model.predict("units", known).clip(lower_bound=0).alias("availability_units"),
            pl.col("age_days").alias("availability_age_days"),
            pl.col("idle_days").alias("availability_idle_days"),
            pl.col("markdown").alias("availability_markdown_share"),
        ).lazy()
    )


SIGNAL = Signal(
    schema=Availability,
    compute=compute,
    inputs=("history/article_sales",),
    fit=fit,
    load=Boosters.load,
    past_weeks=4,
    why="Articles live for weeks: what is sold out cannot be bought, however well it suits.",
)
