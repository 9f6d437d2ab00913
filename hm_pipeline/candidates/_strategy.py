"""What a strategy is, and the few expressions that strategies share.

A strategy proposes articles for customers; it ranks its own proposals and scores them.  Which of all proposals are
kept is decided by the first stage.
"""

from dataclasses import dataclass

import polars as pl

from hm_pipeline.recency import FIXED
from hm_pipeline.registration import Registration


@dataclass(frozen=True, kw_only=True)
class Strategy(Registration):
    """A way to propose articles.

    ``compute`` returns proposals for ``tables.audience``: the pair, ``<name>_rank``, ``<name>_score`` and what else is
    worth a feature.
    """


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
