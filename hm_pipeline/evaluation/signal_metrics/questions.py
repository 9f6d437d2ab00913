"""Predictions of a signal and its baselines for a week, beside the outcomes: one frame for each question.

Frames hold a key, ``outcome``, a column for each method (``signal`` first) and ``unit``, the group that is resampled as one
when an interval is made.
"""

import polars as pl

from hm_pipeline.base.expressions import or_unknown
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.history.type_rates import EVERYONE, OLDEST
from hm_pipeline.recommender.labels import purchased_pairs
from hm_pipeline.recommender.signals.availability import DISCONTINUED_DAYS

UNITS = 1_000  # groups of customers or articles: enough for an interval, few enough to be kept with the week
PRIOR_WEEKS = 3  # weeks of the average customer that are added to everyone's own share: nobody's chance is 0 or 1
YEAR = 52
FADED = 0.25  # units of the last week over those of the best, at most


def unit(column: str) -> pl.Expr:
    """Return the group of a customer or an article."""
    return (pl.col(column).hash(0) % UNITS).cast(pl.Int64).alias("unit")


def needs(inputs: Inputs, week_id: int) -> pl.DataFrame:
    """Return whether buyers of the week took the types they were asked about.

    Baselines: the share of all buyers who took the type in four weeks; the customer's own share, drawn to that; the share
    of last week's buyers of the age.
    """
    articles = inputs.dimension("articles").select("article_id", or_unknown("product_type_no"))
    key = ["customer_id", "product_type_no"]
    taken = (
        purchased_pairs(inputs, week_id=week_id)
        .join(articles, on="article_id")
        .select(key)
        .unique()
        .with_columns(outcome=pl.lit(1.0))
        .collect()
    )
    buyers = taken.select("customer_id").unique()
    predicted = inputs.weekly("signal/type_need").at(week_id).select(*key, pl.col("type_need").alias("signal"))
    rates = inputs.weekly("history/type_rates").at(week_id)
    everyone = rates.filter(pl.col("age") == EVERYONE).select("product_type_no", pl.col("month_rate").alias("base_rate"))
    ages = inputs.dimension("customers").select("customer_id", pl.col("age").cast(pl.Int64).clip(0, OLDEST).fill_null(EVERYONE))
    by_age = rates.select("age", "product_type_no", pl.col("week_rate").alias("last_week_by_age"))
    past = inputs.weekly("transactions").before(week_id).join(buyers.lazy(), on="customer_id", how="semi").join(articles, on="article_id")
    weeks = past.select(*key, "week_id").unique()
    own = weeks.group_by(key).agg(pl.len().alias("type_weeks"))
    active = weeks.group_by("customer_id").agg(pl.col("week_id").n_unique().alias("all_weeks"))
    own_share = (pl.col("type_weeks").fill_null(0) + PRIOR_WEEKS * pl.col("base_rate")) / (pl.col("all_weeks").fill_null(0) + PRIOR_WEEKS)
    return (
        predicted.join(buyers.lazy(), on="customer_id", how="semi")
        .join(taken.lazy(), on=key, how="left")
        .join(everyone, on="product_type_no", how="left")
        .join(ages, on="customer_id", how="left")
        .join(by_age, on=["age", "product_type_no"], how="left")
        .join(own, on=key, how="left")
        .join(active, on="customer_id", how="left")
        .with_columns(pl.col("outcome", "base_rate", "last_week_by_age").fill_null(0))
        .select(*key, unit("customer_id"), "outcome", "signal", "base_rate", own_share.alias("own_share"), "last_week_by_age")
        .sort(key)
        .collect()
    )


def seasons(inputs: Inputs, week_id: int) -> pl.DataFrame:
    """Return the types' shares of the week's units; baselines are last week's, the mean of four weeks, and a year ago."""
    articles = inputs.dimension("articles").select("article_id", or_unknown("product_type_no"))
    types = articles.select("product_type_no").unique()
    predicted = inputs.weekly("signal/seasonality").at(week_id).join(articles, on="article_id")
    expected = predicted.group_by("product_type_no").agg(pl.col("seasonality_share").max().alias("signal"))
    sold = inputs.weekly("transactions").before(week_id + 1, weeks=YEAR + 1).join(articles, on="article_id")
    counted = sold.group_by("product_type_no", "week_id").agg(pl.len().alias("units"))
    shares = counted.with_columns((pl.col("units") / pl.col("units").sum().over("week_id")).alias("share"))

    def of_week(ago: int, name: str) -> pl.LazyFrame:
        return shares.filter(pl.col("week_id") == week_id - ago).select("product_type_no", pl.col("share").alias(name))

    month = [f"{ago}_ago" for ago in range(1, 5)]
    recent = (of_week(ago, name) for ago, name in enumerate(month, 1))
    rows = types
    for part in (of_week(0, "outcome"), expected, *recent, of_week(YEAR, "a_year_ago")):
        rows = rows.join(part, on="product_type_no", how="left")
    filled = rows.with_columns(pl.exclude("product_type_no").fill_null(0.0)).sort("product_type_no").collect()
    has_year = filled["a_year_ago"].sum() > 0
    return filled.select(
        "product_type_no",
        pl.col("product_type_no").alias("unit"),
        "outcome",
        "signal",
        pl.col(month[0]).alias("last_week"),
        (pl.sum_horizontal(month) / len(month)).alias("mean_of_4_weeks"),  # week by week: a sum over rows has no order
        pl.col("a_year_ago" if has_year else month[0]).alias("a_year_ago"),  # in the first year there is none
    )


def offers(inputs: Inputs, week_id: int) -> pl.DataFrame:
    """Return the units that articles sold in the week, and their phase; baselines are last week, the mean of four, and nothing."""
    predicted = inputs.weekly("signal/availability").at(week_id)
    sales = inputs.weekly("history/article_sales").at(week_id)
    units = inputs.weekly("transactions").before(week_id + 1, weeks=1).group_by("article_id").agg(pl.len().alias("outcome"))
    phase = (
        pl.when(pl.col("availability_is_launch"))
        .then(pl.lit("launch"))
        .when(pl.col("availability_idle_days") > DISCONTINUED_DAYS)
        .then(pl.lit("gone"))
        .when(pl.col("availability_peak_share") <= FADED)
        .then(pl.lit("fading"))
        .otherwise(pl.lit("regular"))
    )
    month = (pl.col("day_7_count") + pl.col("lag_2_count") + pl.col("lag_3_count") + pl.col("lag_4_count")) / 4
    return (
        predicted.join(sales.select("article_id", "day_7_count", month.alias("month")), on="article_id")
        .join(units, on="article_id", how="left")
        .select(
            "article_id",
            unit("article_id"),
            phase.alias("segment"),
            pl.col("outcome").fill_null(0).cast(pl.Float64),
            pl.col("availability").cast(pl.Float64).alias("probability"),
            pl.col("availability_units").cast(pl.Float64).alias("expected"),
            pl.col("availability_median_units").cast(pl.Float64).alias("signal"),
            pl.col("day_7_count").cast(pl.Float64).alias("last_week"),
            pl.col("month").cast(pl.Float64).alias("mean_of_4_weeks"),
            pl.lit(0.0).alias("zero"),
        )
        .sort("article_id")
        .collect()
    )
