"""Baselines of the leaderboard: rules that a model has to beat.

Each baseline is a pure function of the purchases before a week.  Scores are integers and ties fall to the smaller
``article_id``, so that the same data give the same bytes.
"""

from dataclasses import dataclass
from typing import Protocol

import polars as pl

from hm_pipeline.base.calendar import DAYS, Calendar
from hm_pipeline.engine.tables import WeeklyTable
from hm_pipeline.evaluation.baseline_layers import (
    customer_groups,
    for_everyone,
    frequent_partners,
    group_favourites,
    own_purchases,
    recent_purchases,
    stack,
    top_articles,
)


class Rule(Protocol):
    """Rank articles for the customers of an audience from purchases before a week."""

    def __call__(
        self,
        transactions: WeeklyTable,
        articles: pl.LazyFrame,
        customers: pl.LazyFrame,
        /,
        *,
        audience: pl.DataFrame,
        week_id: int,
        calendar: Calendar,
    ) -> pl.DataFrame:
        """Return ``week_id, customer_id, article_id, rank``, at most 12 a customer, sorted by customer and rank."""


@dataclass(frozen=True)
class Baseline:
    """One baseline of the leaderboard."""

    name: str
    description: str
    rank: Rule


def rank_l0(
    transactions: WeeklyTable,
    _articles: pl.LazyFrame,
    _customers: pl.LazyFrame,
    /,
    *,
    audience: pl.DataFrame,
    week_id: int,
    calendar: Calendar,
    days: int = 7,
) -> pl.DataFrame:
    """Rank the articles sold most in the last days, the same for everyone.

    Parameters
    ----------
    days
        A week: leaving out the most recent one nearly halves the score of rules.
    """
    recent = recent_purchases(transactions, week_id, calendar, days)
    return stack([for_everyone(audience, top_articles(recent, pl.len()))], week_id)


def rank_l1(
    transactions: WeeklyTable,
    _articles: pl.LazyFrame,
    _customers: pl.LazyFrame,
    /,
    *,
    audience: pl.DataFrame,
    week_id: int,
    calendar: Calendar,
    days: int = 30,
) -> pl.DataFrame:
    """Rank a customer's own recent purchases by ``sum(1 / d)``, then the top of the last 7 days.

    d counts days before the cutoff, 1 is yesterday.

    Parameters
    ----------
    days
        30 scored as well as 60 and better than 7, 14, 21 and 180 on the reference data.
    """
    own = own_purchases(recent_purchases(transactions, week_id, calendar, days), audience, pl.col("decay"))
    popular = top_articles(recent_purchases(transactions, week_id, calendar, DAYS), pl.len())
    return stack([own, for_everyone(audience, popular)], week_id)


def rank_l2(
    transactions: WeeklyTable,
    articles: pl.LazyFrame,
    customers: pl.LazyFrame,
    /,
    *,
    audience: pl.DataFrame,
    week_id: int,
    calendar: Calendar,
    days: int = 30,
    partners: int = 12,
) -> pl.DataFrame:
    """Rank own purchases by price and day, then their frequent partners, then what similar customers buy.

    1. Own purchases by ``sum(price / d)``, d days before the cutoff.
    2. Articles often in a basket (customer, day and channel) with them: the best partner of each, then the second.
    3. ``sum(1 / d)`` among buyers of the customer's age bin in the index group that stands for the customer's gender:
       the one of Ladieswear and Menswear bought more often so far.  All ages where the age is not known.
    4. ``sum(1 / d)`` among everyone.

    Parameters
    ----------
    days
        Window of all four; 30 beat 7, 14, 60 and 180 once partners were added.
    partners
        Partners kept of an article; more than fill a list are never seen.

    Notes
    -----
    The price weighs *for* an article: what was paid stands for how much it was wanted, and so the baseline was published.
    On a panel of real customers the inverse was below no weight at all.

    References
    ----------
    M. Chesnokov, "kaggle_hm_recs_2022", baselines: mean MAP@12 of four weeks 0.0273, 0.0262 without the price.
    """
    recent = recent_purchases(transactions, week_id, calendar, days).collect().lazy()
    own = own_purchases(recent, audience, pl.col("decay") * pl.col("price")).collect().lazy()  # read twice below
    groups = customer_groups(transactions, articles, customers, audience=audience, week_id=week_id)
    favourites = groups.join(group_favourites(recent, articles, customers), on=["gender", "age_bin"], nulls_equal=True)
    everyone = for_everyone(audience, top_articles(recent, pl.col("decay").sum()))
    return stack([own, frequent_partners(own, recent, partners), favourites, everyone], week_id)


BASELINES: tuple[Baseline, ...] = (
    Baseline("L0 popular", "top 12 of the last 7 days", rank_l0),
    Baseline("L1 own purchases", "own purchases of 30 days, day-decayed, filled by L0", rank_l1),
    Baseline("L2 best rules", "own purchases by price and day, frequent partners, what gender and age group buy", rank_l2),
)
