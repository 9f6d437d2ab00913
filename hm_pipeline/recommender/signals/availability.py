"""Availability of the article: the probability that it sells in the week, its expected units and price.

Source: three gradient-boosted models on the article's sales history and on that of related articles, fitted on what followed at
the last cutoffs: any sale (binary), units (Tweedie), and the median of units (L1).  The probability of any sale is set
right by what followed the newest cutoff, which its trees have not seen.  Grain: (article, week).  An article that never
sold has no row: the catalogue has no dates, so that to know of it would be to know the future.
"""

from typing import Any

import dataframely as dy
import polars as pl

from hm_pipeline.base.contracts import ArticleWeek
from hm_pipeline.base.expressions import week_column
from hm_pipeline.base.fixed_point import UNIT
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.presentation import Preview
from hm_pipeline.recommender.history.article_sales import EWMA, LAGS, buyer_age, online_share
from hm_pipeline.recommender.learners import signal_boosters as _booster
from hm_pipeline.recommender.plots.forecast import forecast_of_the_week_before
from hm_pipeline.recommender.signals._lib.calibration import Recalibrated, fit_calibration
from hm_pipeline.recommender.signals._lib.related_articles import RELATED_COLUMNS, related_article_features
from hm_pipeline.recommender.signals._lib.signal import Signal

LAUNCH_DAYS = 14  # since the first sale; later on its own sales suffice
DISCONTINUED_DAYS = 28  # unsold for longer it is gone; what comes back nevertheless is no matter of how likely it seemed before
MILLIONTHS = 1e6
COUNTS = ("day_1_count", "day_3_count", "day_7_count", *(f"lag_{lag}_count" for lag in range(2, LAGS + 1)))
FEATURES = (
    *COUNTS, *(f"ewma_{days}" for days in EWMA), "total_count", "week_count", "peak_count", "peak_share",
    "age_days", "idle_days", "markdown", "last_price", "online_share", "buyer_age", "trend", "silence", *RELATED_COLUMNS,
)  # fmt: skip
CHANCE: dict[str, dict[str, Any]] = {"any": {"objective": "binary"}}
UNITS: dict[str, dict[str, Any]] = {"units": {"objective": "tweedie", "tweedie_variance_power": 1.5}}
MEDIAN: dict[str, dict[str, Any]] = {"median_units": {"objective": "l1"}}  # grown on what is selling: of what is gone the median is none


class Availability(ArticleWeek):
    """Availability of every article sold before."""

    availability = dy.Float32(nullable=False, min=0, max=1, description="probability that at least one unit sells in the week")
    availability_units = dy.Float32(nullable=False, min=0, description="units expected to sell in the week, a mean")
    availability_median_units = dy.Float32(nullable=False, min=0, description="units that are exceeded as likely as not")
    availability_value = dy.Float32(nullable=False, min=0, description="availability_median_units at the last price, as in the raw files")
    availability_age_days = dy.Int32(nullable=False, min=1, description="days since the first sale")
    availability_idle_days = dy.Int32(nullable=False, min=1, description="days since the last sale")
    availability_markdown_share = dy.Float32(
        nullable=False, max=1, description="how far the last price lies below the highest, as a share of it"
    )
    availability_peak_share = dy.Float32(
        nullable=False,
        min=0,
        max=1,
        description="sell-through: units of the last week over those of the best week, 1 in the prime, 0 when discontinued",
    )
    availability_is_launch = dy.Bool(nullable=False, description="first sold in the two weeks before the cutoff")


def build_features(sales: pl.LazyFrame, tables: Inputs, *, week_id: int) -> pl.DataFrame:
    """Return the features of articles at a cutoff from sales as known then, sorted by article."""
    cutoff = pl.lit(tables.calendar.start(week_id))
    known = sales.with_columns(
        (cutoff - pl.col("first_sold_date")).dt.total_days().cast(pl.Int32).alias("age_days"),
        (cutoff - pl.col("last_sold_date")).dt.total_days().cast(pl.Int32).alias("idle_days"),
        (1 - pl.col("last_price").clip(1) / pl.col("highest_price").clip(1)).cast(pl.Float32).alias("markdown"),  # none where all was free
        online_share().alias("online_share"),
        buyer_age().alias("buyer_age"),
        ((pl.col("day_7_count") + 1) / (pl.col("lag_2_count") + 1)).alias("trend"),
        (pl.col("day_7_count") / pl.col("peak_count")).alias("peak_share"),
        expected_since_last_sale(cutoff).alias("silence"),
        *((pl.col(f"ewma_{days}") / UNIT).alias(f"ewma_{days}") for days in EWMA),
    )
    rows = known.sort("article_id").collect()
    return pl.concat([rows, related_article_features(rows, tables, week_id=week_id)], how="horizontal")


def expected_since_last_sale(cutoff: pl.Expr) -> pl.Expr:
    """Return the units that would have sold since the last sale had the article sold on as before: many mean that it is discontinued."""
    first, last = pl.col("first_sold_date"), pl.col("last_sold_date")
    return pl.col("total_count") * (cutoff - last).dt.total_days() / ((last - first).dt.total_days() + 1)


def fit(tables: Inputs, *, week_id: int, seed: int, weeks: int = 4, idle_weeks: int = 26, of_idle: int = 8) -> Recalibrated:
    """Fit on the last cutoffs whose week has passed.

    The trees of the probability are grown on as many cutoffs as those of the units, but for the newest, on which the
    probability is set right.

    Parameters
    ----------
    weeks
        Cutoffs: four cover launches and fading articles within one season; six were no better.
    idle_weeks, of_idle
        Of articles unsold for longer one in so many is an example and stands for the others: there are many, all
        similar, but without them long discontinued articles seem to return.
    """
    cutoffs = range(max(week_id - weeks - 1, tables.calendar.first_week + 1), week_id)
    frames = [_examples(tables, past, idle_days=7 * idle_weeks, of_idle=of_idle) for past in cutoffs]
    if not frames:
        return Recalibrated(FEATURES, {}, dict.fromkeys((*CHANCE, *UNITS, *MEDIAN), 0.0))
    known, newest = frames[:-1] or frames, frames[-1]
    every = pl.concat(frames[-weeks:])
    units = _booster.fit(every, features=FEATURES, objectives=UNITS, seed=seed, weight="weight")
    median = _booster.fit(every.filter(_is_selling()), features=FEATURES, objectives=MEDIAN, seed=seed)
    chance = _booster.fit(pl.concat(known), features=FEATURES, objectives=CHANCE, seed=seed, weight="weight")
    unseen = newest.filter(_is_selling() & pl.lit(len(frames) > 1))
    return Recalibrated(
        FEATURES,
        {**chance.boosters, **units.boosters, **median.boosters},
        {**chance.constants, **units.constants, **median.constants},
        {"examples": units.metrics["examples"], "unseen_examples": float(unseen.height)},
        {"any": fit_calibration(chance.predict("any", unseen).to_numpy(), unseen["any"].to_numpy())} if unseen.height else {},
    )


def _examples(tables: Inputs, past: int, *, idle_days: int, of_idle: int) -> pl.DataFrame:
    """Return articles as known at a past cutoff, with what followed and their weights, sorted by article."""
    sales, is_idle = tables.weekly("history/article_sales"), pl.col("idle_days") > idle_days
    known = build_features(sales.at(past), tables, week_id=past).filter(
        ~is_idle | (pl.col("article_id") // 1000 % of_idle == past % of_idle)
    )
    sold = sales.at(past + 1).select("article_id", pl.col("day_7_count").alias("units")).collect()
    return known.join(sold, on="article_id", maintain_order="left").with_columns(
        (pl.col("units") > 0).cast(pl.Float64).alias("any"),
        pl.col("units").alias("median_units"),
        pl.when(is_idle).then(of_idle).otherwise(1).alias("weight"),
    )


def _is_selling() -> pl.Expr:
    return pl.col("idle_days") <= DISCONTINUED_DAYS


def compute(tables: Inputs, *, week_id: int, model: Recalibrated) -> pl.LazyFrame:
    """Return :class:`Availability` of the week."""
    known = build_features(tables.weekly("history/article_sales").at(week_id), tables, week_id=week_id)
    likely = model.predict("median_units", known).clip(lower_bound=0)
    median = known.select(pl.when(_is_selling()).then(likely).otherwise(0)).to_series()
    return Availability.cast(
        known.select(
            week_column(week_id),
            "article_id",
            model.predict_right("any", known, _is_selling()).clip(0, 1).alias("availability"),
            model.predict("units", known).clip(lower_bound=0).alias("availability_units"),
            median.alias("availability_median_units"),
            (median * (known["last_price"] / MILLIONTHS)).cast(pl.Float32).alias("availability_value"),
            *(pl.col(name).alias(f"availability_{name}") for name in ("age_days", "idle_days")),
            pl.col("markdown").alias("availability_markdown_share"),
            pl.col("peak_share").cast(pl.Float32).alias("availability_peak_share"),
            (pl.col("age_days") <= LAUNCH_DAYS).alias("availability_is_launch"),
        ).lazy()
    )


SIGNAL = Signal(
    name="availability",
    schema=Availability,
    compute=compute,
    inputs=("history/article_sales", "articles", "embeddings"),
    fit=fit,
    load=Recalibrated.load,
    refit_weeks=1,  # a fit takes seconds, and one of three weeks ago is off by a twentieth
    past_weeks=5,
    why="Articles live for weeks: what is sold out cannot be bought, however well it suits.",
    services=("ranking", "signals"),
    previews=(Preview("forecast of the week before, against its sales", forecast_of_the_week_before),),
    questions=("availability", "units"),
)
