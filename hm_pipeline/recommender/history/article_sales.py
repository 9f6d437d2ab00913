"""Sales of every article as known at a week's cutoff: the state that popularity and availability read.

Source: transactions.  Grain: (article, week).  All sums are integers, so that the same rows give the same bytes in
any order.  Forecasts are not made here.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.contracts import ArticleWeek
from hm_pipeline.base.expressions import week_column
from hm_pipeline.base.fixed_point import UNIT
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.step import at, before
from hm_pipeline.recommender.history._lib import HistoryTable

LAGS = 6  # weeks, the longer memory of the public solutions
HALF_LIFE_WEEKS = 2  # a week's sales lose 1 - 2**(-1/2), close to 29 %, with every week that passes
DECAY = (181, 256)  # 2**(-1/2) as a fraction of integers
DAYS = (1, 3, 7)
EWMA = {1: (1, 128), 7: (1, 2), 30: (871, 1024)}  # half-life in days -> what a week leaves of it, 2**(-7 / days), as a fraction


class ArticleSales(ArticleWeek):
    """Sales of every article that was ever sold, as known at the cutoff.  No sales in a window is 0, never null."""

    first_sold_date = dy.Date(nullable=False, description="day of the first sale")
    last_sold_date = dy.Date(nullable=False, description="day of the last sale")
    total_count = dy.Int64(nullable=False, min=1, description="units sold since the data begin")
    decayed_count = dy.Int64(nullable=False, min=0, description="units sold, halved every two weeks, in 1/1024")
    day_1_count = dy.Int32(nullable=False, min=0, description="units sold on the last day before the cutoff")
    day_3_count = dy.Int32(nullable=False, min=0, description="units sold on the last 3 days before the cutoff")
    day_7_count = dy.Int32(nullable=False, min=0, description="units sold in the last week before the cutoff")
    lag_2_count = dy.Int32(nullable=False, min=0, description="units sold 2 weeks before")
    lag_3_count = dy.Int32(nullable=False, min=0, description="units sold 3 weeks before")
    lag_4_count = dy.Int32(nullable=False, min=0, description="units sold 4 weeks before")
    lag_5_count = dy.Int32(nullable=False, min=0, description="units sold 5 weeks before")
    lag_6_count = dy.Int32(nullable=False, min=0, description="units sold 6 weeks before")
    ewma_1 = dy.Int64(nullable=False, min=0, description="units sold, halved every day, in 1/1024")
    ewma_7 = dy.Int64(nullable=False, min=0, description="units sold, halved every 7 days, in 1/1024")
    ewma_30 = dy.Int64(nullable=False, min=0, description="units sold, halved every 30 days, in 1/1024")
    peak_count = dy.Int32(nullable=False, min=1, description="units sold in the best week so far")
    week_count = dy.Int32(nullable=False, min=1, description="weeks with sales so far")

    last_price = dy.Int32(nullable=False, min=0, description="mean price in the last week with sales, millionths")
    highest_price = dy.Int32(nullable=False, min=0, description="highest weekly mean price so far, millionths")
    online_count = dy.Int64(nullable=False, min=0, description="decayed_count of online purchases")
    aged_count = dy.Int64(nullable=False, min=0, description="decayed_count of purchases whose buyer's age is known")
    age_sum = dy.Int64(nullable=False, min=0, description="sum of those buyers' ages in years, decayed likewise")


DECAYED = ("decayed_count", "online_count", "aged_count", "age_sum")


def buyer_age() -> pl.Expr:
    """Return the mean age of an article's buyers in years, null where none is known."""
    return pl.when(pl.col("aged_count") > 0).then(pl.col("age_sum") / pl.col("aged_count"))


def online_share() -> pl.Expr:
    """Return the share of an article's units that were sold online, newer weeks counting more."""
    return pl.col("online_count") / pl.col("decayed_count").clip(1)


def recent_sales_score() -> pl.Expr:
    """Return the units of the last 7 days, those of the last 3 and of the last day counted again."""
    return pl.col("day_7_count").cast(pl.Int64) + pl.col("day_3_count") + pl.col("day_1_count")


def summarise(transactions: pl.LazyFrame, customers: pl.LazyFrame, *, week_id: int, calendar: Calendar) -> pl.LazyFrame:
    """Return one week's sales per article.

    Parameters
    ----------
    transactions
        Rows of the week before ``week_id``.
    customers
        ``customer_id`` and ``age`` in years.
    """
    days_ago = (pl.lit(calendar.start(week_id)) - pl.col("t_dat")).dt.total_days()
    return (
        transactions.join(customers.select("customer_id", "age"), on="customer_id", how="left")
        .group_by("article_id")
        .agg(
            pl.col("t_dat").min().alias("first_sold_date"),
            pl.col("t_dat").max().alias("last_sold_date"),
            pl.len().cast(pl.Int64).alias("total_count"),
            (pl.len().cast(pl.Int64) * UNIT).alias("decayed_count"),
            *((days_ago <= days).sum().cast(pl.Int32).alias(f"day_{days}_count") for days in DAYS),
            *(_ewma(days_ago, half_life).alias(f"ewma_{half_life}") for half_life in EWMA),
            pl.len().cast(pl.Int32).alias("peak_count"),
            pl.lit(1, dtype=pl.Int32).alias("week_count"),
            (pl.col("price").cast(pl.Int64).sum() // pl.len()).cast(pl.Int32).alias("last_price"),
            ((pl.col("sales_channel_id") == 2).sum().cast(pl.Int64) * UNIT).alias("online_count"),
            (pl.col("age").count().cast(pl.Int64) * UNIT).alias("aged_count"),
            (pl.col("age").cast(pl.Int64).sum() * UNIT).alias("age_sum"),
        )
    )


def update(state: pl.LazyFrame, week: pl.LazyFrame, *, week_id: int) -> pl.LazyFrame:
    """Carry last week's state over one more week of sales.

    Parameters
    ----------
    state
        :class:`ArticleSales` of the week before; empty at the beginning.
    week
        What :func:`summarise` returns for that week.
    """
    joined = state.join(week, on="article_id", how="full", coalesce=True, suffix="_new")
    new, old = _newer, pl.col
    shift = {"lag_2_count": "day_7_count", **{f"lag_{lag}_count": f"lag_{lag - 1}_count" for lag in range(3, LAGS + 1)}}
    return joined.select(
        week_column(week_id),
        "article_id",
        pl.min_horizontal("first_sold_date", new("first_sold_date")).alias("first_sold_date"),
        pl.max_horizontal("last_sold_date", new("last_sold_date")).alias("last_sold_date"),
        (old("total_count").fill_null(0) + new("total_count").fill_null(0)).alias("total_count"),
        *((old(name).fill_null(0) * DECAY[0] // DECAY[1] + new(name).fill_null(0)).alias(name) for name in DECAYED),
        *(new(f"day_{days}_count").fill_null(0).alias(f"day_{days}_count") for days in DAYS),
        *(old(source).fill_null(0).alias(name) for name, source in shift.items()),
        *(
            (old(f"ewma_{days}").fill_null(0) * left[0] // left[1] + new(f"ewma_{days}").fill_null(0)).alias(f"ewma_{days}")
            for days, left in EWMA.items()
        ),
        pl.max_horizontal("peak_count", new("peak_count")).alias("peak_count"),
        (old("week_count").fill_null(0) + new("week_count").fill_null(0)).alias("week_count"),
        pl.coalesce(new("last_price"), "last_price").alias("last_price"),
        pl.max_horizontal("highest_price", new("last_price")).alias("highest_price"),
    )


def _ewma(days_ago: pl.Expr, half_life: int) -> pl.Expr:
    """Return the units of a week, the last day before the cutoff at full weight."""
    return (UNIT * pl.lit(0.5).pow((days_ago - 1) / half_life)).round().cast(pl.Int64).sum()


def _newer(name: str) -> pl.Expr:
    return pl.col(f"{name}_new")


def compute(tables: Inputs, *, week_id: int) -> pl.LazyFrame:
    """Return :class:`ArticleSales` at a week's cutoff from the week before's and one more week of transactions."""
    sold = tables.weekly("transactions").before(week_id, weeks=1)
    week = summarise(sold, tables.dimension("customers"), week_id=week_id, calendar=tables.calendar)
    return update(tables.weekly("history/article_sales").before(week_id, weeks=1), week, week_id=week_id)


HISTORY = HistoryTable(
    name="article_sales",
    schema=ArticleSales,
    compute=compute,
    reads=(before("transactions", 1), before("history/article_sales", 1), at("customers")),
    description="Sales of every article so far, by days and weeks before the cutoff, with price and buyers' age.",
    unit="items sold, prices, ages of buyers",
    why="Popularity, launches and price falls of an article, so that no later step reads two years again.",
)
