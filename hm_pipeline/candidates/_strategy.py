"""What a strategy is, and the few expressions that strategies share.

A strategy proposes articles for customers; it ranks its own proposals and scores them.  Which of all proposals are
kept is decided by the first stage.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import dataframely as dy
import polars as pl

FIXED = 2**16  # scores are sums of integers in this unit, so that no order of summation changes them


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """A way to propose articles.

    Parameters
    ----------
    schema
        Contract of the proposals: the pair, ``<name>_rank``, ``<name>_score`` and what else is worth a feature.
    compute
        ``compute(tables, *, week_id)`` returns proposals for ``tables.audience``.
    inputs
        Names of the tables it reads; ``"purchases"`` are the audience's own transactions.
    history_weeks
        Weeks of transactions it reads, all where not given.
    """

    schema: type[dy.Schema]
    compute: Callable[..., pl.LazyFrame]
    inputs: tuple[str, ...]
    history_weeks: int | None = None

    @property
    def name(self) -> str:
        """Name of the module."""
        return self.compute.__module__.rsplit(".", 1)[-1]

    @property
    def description(self) -> str:
        """First paragraph of the module."""
        return (__import__(self.compute.__module__, fromlist=["_"]).__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")

    @property
    def columns(self) -> list[str]:
        """Columns beside the key."""
        keys = self.schema.primary_key()
        return [name for name in self.schema.column_names() if name not in keys]


def days_before(cutoff: date, day: str = "t_dat") -> pl.Expr:
    """Return how many days before the cutoff something happened; the day before it is 1."""
    return (pl.lit(cutoff) - pl.col(day)).dt.total_days()


def decay(days: pl.Expr, *, half_life_days: float) -> pl.Expr:
    """Return a weight that halves in so many days, as an integer in units of 2**-16."""
    return (FIXED * pl.lit(0.5).pow(days / half_life_days)).round().cast(pl.Int64)


def newest(purchases: pl.LazyFrame, most: int) -> pl.LazyFrame:
    """Return each customer's last bought articles: customer_id, article_id, t_dat of the last purchase."""
    last = purchases.group_by("customer_id", "article_id").agg(pl.col("t_dat").max())
    ordered = last.sort("customer_id", "t_dat", "article_id", descending=[False, True, False])
    return ordered.filter(pl.int_range(pl.len()).over("customer_id") < most)


def ranked(proposals: pl.LazyFrame, name: str, *, week_id: int, most: int, then: str | None = None) -> pl.LazyFrame:
    """Rank proposals within customers by ``score``, keep the best and name the columns for a strategy.

    Parameters
    ----------
    then
        Column that breaks ties, the larger first; the last tie is broken by the article.
    """
    by = ["score", *([then] if then else [])]
    ordered = proposals.sort("customer_id", *by, "article_id", descending=[False, *[True] * len(by), False])
    return (
        ordered.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int16).over("customer_id").alias(f"{name}_rank"))
        .filter(pl.col(f"{name}_rank") <= most)
        .with_columns(pl.lit(week_id, dtype=pl.Int64).alias("week_id"), (pl.col("score") / FIXED).cast(pl.Float32).alias(f"{name}_score"))
    )
