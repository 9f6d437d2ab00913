"""History of the customer with the article: how much, how often, how regularly and how lately it was bought.

Source: the customer's own purchases before the cutoff, at several horizons, as a grocery is bought again within weeks
and a coat within years: which horizon counts is for the learners to find.  The article's product (its other colours)
and clothing type are counted likewise.  Grain: candidate pair.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.base.contracts import Pair
from hm_pipeline.base.expressions import or_unknown, week_column
from hm_pipeline.base.fixed_point import SCALE, days_before, decay
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.signals._lib.signal import Signal

HALF_LIVES = (7, 30, 365)  # days; beside the 90 of the headline


class Habit(Pair):
    """History of candidate pairs; null where the customer never bought the article, its product or its type."""

    habit = dy.Float32(nullable=True, min=0, description="units of the article the customer bought, each halved every 90 days")
    habit_7 = dy.Float32(nullable=True, min=0, description="the same, halved every 7 days")
    habit_30 = dy.Float32(nullable=True, min=0, description="the same, halved every 30 days")
    habit_365 = dy.Float32(nullable=True, min=0, description="the same, halved every 365 days")
    habit_days = dy.Float32(nullable=True, min=1, description="days on which the customer bought the article")
    habit_idle_days = dy.Float32(nullable=True, min=1, description="days since the customer last bought the article")
    habit_gap_days = dy.Float32(nullable=True, min=1, description="mean days between two purchases; null if bought on one day")
    habit_due_ratio = dy.Float32(nullable=True, min=0, description="days since the last purchase over the mean gap; null likewise")
    habit_visit_share = dy.Float32(nullable=True, min=0, max=1, description="share of the customer's days with a purchase that had it")
    habit_in_last = dy.Float32(nullable=True, min=0, max=1, description="1 if it was bought on the customer's last day with a purchase")
    habit_product = dy.Float32(nullable=True, min=0, description="units of the product, all its articles, each halved every 90 days")
    habit_product_idle_days = dy.Float32(nullable=True, min=1, description="days since the customer last bought the product")
    habit_type_30 = dy.Float32(nullable=True, min=0, description="units of the clothing type, each halved every 30 days")
    habit_type_365 = dy.Float32(nullable=True, min=0, description="units of the clothing type, each halved every 365 days")


def compute(tables: Inputs, *, week_id: int) -> pl.LazyFrame:
    """Return :class:`Habit` of the candidates."""
    attributes = tables.dimension("articles").select("article_id", "product_code", or_unknown("product_type_no"))
    candidates = tables.weekly("candidates").at(week_id).select("customer_id", "article_id")
    # Collected, or the optimiser would join articles to histories first: all articles times all customers.
    pairs = candidates.join(attributes, on="article_id", maintain_order="left").collect().lazy()
    days = days_before(tables.calendar.start(week_id)).alias("days")
    bought = tables.weekly("purchases").before(week_id).select("customer_id", "article_id", days).join(attributes, on="article_id")
    bought = bought.collect().lazy()
    visits = bought.group_by("customer_id").agg(pl.col("days").n_unique().alias("visits"), pl.col("days").min().alias("last_visit"))
    found = pairs
    for key, columns in (("article_id", _of_article()), ("product_code", _of_product()), ("product_type_no", _of_type())):
        keys = ["customer_id", key]
        found = found.join(bought.group_by(keys).agg(**columns), on=keys, how="left", maintain_order="left")
    found = found.join(visits, on="customer_id", how="left", maintain_order="left")
    idle = pl.col("habit_idle_days")
    gap = (pl.col("oldest") - idle) / (pl.when(pl.col("habit_days") > 1).then(pl.col("habit_days") - 1))
    return Habit.cast(
        found.with_columns(
            week_column(week_id),
            habit_gap_days=gap,
            habit_due_ratio=idle / gap,
            habit_visit_share=pl.col("habit_days") / pl.col("visits"),
            habit_in_last=(idle == pl.col("last_visit")).cast(pl.Float32),
        ).select(Habit.column_names())
    )


def _of_article() -> dict[str, pl.Expr]:
    days = pl.col("days")
    by_horizon = {f"habit_{half_life}": _decayed(half_life) for half_life in HALF_LIVES}
    return {"habit": _decayed(90), **by_horizon, "habit_days": days.n_unique(), "habit_idle_days": days.min(), "oldest": days.max()}


def _of_product() -> dict[str, pl.Expr]:
    return {"habit_product": _decayed(90), "habit_product_idle_days": pl.col("days").min()}


def _of_type() -> dict[str, pl.Expr]:
    return {"habit_type_30": _decayed(30), "habit_type_365": _decayed(365)}


def _decayed(half_life_days: int) -> pl.Expr:
    return decay(pl.col("days"), half_life_days=half_life_days).sum() / SCALE


SIGNAL = Signal(
    name="habit",
    schema=Habit,
    compute=compute,
    inputs=("purchases", "articles", "candidates"),
    why="What was bought often, regularly and lately is bought again: half of what a grocery sells, little of what a fashion shop does.",
    services=("ranking", "signals"),
)
