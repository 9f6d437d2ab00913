"""Metrics of a ranking: MAP@12 as Kaggle counts it, recall and coverage.

Rankings are tables of ``week_id, customer_id, article_id, rank`` (1 is best), purchases of the evaluated week are tables
of ``week_id, customer_id, article_id``.  Only customers who bought something count.  How sure one can be of a mean is
in ``intervals``, whose names can be had here too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import polars as pl

from hm_pipeline.base.columns import BUYER, KEYS, K
from hm_pipeline.recommender.metrics.bootstrap import Interval, bootstrap, paired_difference

__all__ = [
    "Interval",
    "Retrieval",
    "article_coverage",
    "average_precision",
    "bootstrap",
    "coverage",
    "hit_ratio",
    "map_at",
    "paired_difference",
    "recall",
    "retrieval",
    "strategy_hits",
]


def average_precision(ranked: pl.DataFrame, bought: pl.DataFrame, *, k: int = K) -> pl.DataFrame:
    """Return the average precision of every buyer.

    ``AP = sum_{i <= k} P(i) rel(i) / min(n, k)``, where ``P(i)`` is the share of bought articles among the first i,
    ``rel(i)`` shows whether the i-th was bought, and n counts the distinct articles bought.

    Parameters
    ----------
    ranked
        ``week_id, customer_id, article_id, rank``; ranks differ within a customer and week.  An article named twice
        counts once, at its better rank.
    bought
        ``week_id, customer_id, article_id``; repeated rows count once.

    Returns
    -------
    pl.DataFrame
        ``week_id, customer_id, average_precision``, one row per buyer, sorted.  Buyers without a ranked row get 0,
        customers who bought nothing are left out.

    References
    ----------
    Evaluation page of Kaggle's "H&M Personalized Fashion Recommendations".

    Examples
    --------
    >>> pair = {"week_id": [104, 104], "customer_id": [1, 1]}
    >>> ranked = pl.DataFrame({**pair, "article_id": [7, 8], "rank": [1, 2]})
    >>> average_precision(ranked, pl.DataFrame({**pair, "article_id": [8, 9]}))["average_precision"].item()
    0.25
    """
    pairs = bought.select(KEYS).unique()
    hits = ranked.lazy().filter(pl.col("rank") <= k).join(pairs.lazy(), on=KEYS, how="semi").group_by(KEYS).agg(pl.col("rank").min())
    precision = pl.int_range(1, pl.len() + 1).over(BUYER) / pl.col("rank")
    # list.sum adds in rank order; a plain grouped sum of floats may add in another order each run
    sums = hits.sort(*BUYER, "rank").with_columns(precision=precision).group_by(BUYER).agg("precision")
    scored = pairs.lazy().group_by(BUYER).agg(bought_count=pl.len()).join(sums, on=BUYER, how="left")
    gained = pl.col("precision").list.sum().fill_null(0.0)
    score = (gained / pl.min_horizontal("bought_count", pl.lit(k))).cast(pl.Float64)
    return scored.select(*BUYER, average_precision=score).sort(BUYER).collect()


def map_at(ranked: pl.DataFrame, bought: pl.DataFrame, *, k: int = K) -> float:
    """Return the mean of :func:`average_precision` over buyers; not a number where nobody bought."""
    scores = average_precision(ranked, bought, k=k)["average_precision"].to_numpy()
    return float(scores.mean()) if len(scores) else float("nan")


@dataclass(frozen=True)
class Retrieval:
    """Recall of a set of candidates, in counts, so that weeks can be added up.

    Parameters
    ----------
    rows
        Candidates of buyers; those of other customers are not counted.
    hits
        Bought pairs among them.
    bought
        Distinct bought pairs.
    buyers, reached
        Buyers, and those who have at least one candidate.
    """

    rows: int = 0
    hits: int = 0
    bought: int = 0
    buyers: int = 0
    reached: int = 0

    def __add__(self, other: Self) -> "Retrieval":
        """Pool two weeks."""
        return Retrieval(
            self.rows + other.rows,
            self.hits + other.hits,
            self.bought + other.bought,
            self.buyers + other.buyers,
            self.reached + other.reached,
        )

    @property
    def recall(self) -> float:
        """Share of the bought pairs that are candidates."""
        return self.hits / self.bought if self.bought else 0.0

    @property
    def hit_ratio(self) -> float:
        """Share of the candidates that were bought."""
        return self.hits / self.rows if self.rows else 0.0

    @property
    def coverage(self) -> float:
        """Share of the buyers who have at least one candidate."""
        return self.reached / self.buyers if self.buyers else 0.0


def retrieval(candidates: pl.DataFrame, bought: pl.DataFrame, *, k: int | None = None) -> Retrieval:
    """Count the hits of the candidates, or of those of rank k and better where k is given."""
    pairs = bought.select(KEYS).unique()
    buyers = pairs.select(BUYER).unique()
    kept = (candidates if k is None else candidates.filter(pl.col("rank") <= k)).select(KEYS).join(buyers, on=BUYER, how="semi").unique()
    hits = kept.join(pairs, on=KEYS, how="semi").height
    return Retrieval(kept.height, hits, pairs.height, buyers.height, kept.select(BUYER).unique().height)


def recall(ranked: pl.DataFrame, bought: pl.DataFrame, *, k: int) -> float:
    """Return the share of all bought pairs found at rank k or better, pooled over buyers."""
    return retrieval(ranked, bought, k=k).recall


def hit_ratio(candidates: pl.DataFrame, bought: pl.DataFrame) -> float:
    """Return the share of the buyers' candidates that were bought."""
    return retrieval(candidates, bought).hit_ratio


def coverage(candidates: pl.DataFrame, bought: pl.DataFrame) -> float:
    """Return the share of buyers who have at least one candidate."""
    return retrieval(candidates, bought).coverage


def article_coverage(ranked: pl.DataFrame, article_ids: pl.Series, *, k: int = K) -> float:
    """Return the share of the given articles that anybody is recommended at rank k or better."""
    offered = article_ids.unique()
    named = ranked.filter(pl.col("rank") <= k)["article_id"].unique()
    return float(offered.is_in(named.implode()).sum()) / len(offered) if len(offered) else 0.0


def strategy_hits(candidates: pl.DataFrame, bought: pl.DataFrame, strategies: Sequence[str]) -> pl.DataFrame:
    """Count the rows and hits of each strategy, and the hits that no other strategy found.

    Parameters
    ----------
    candidates
        Keys of a pair, and ``<strategy>_rank``, null where the strategy did not propose the article.

    Returns
    -------
    pl.DataFrame
        ``strategy, row_count, hit_count, unique_hit_count``, in the order of ``strategies``; buyers only.
    """
    pairs = bought.select(KEYS).unique().with_columns(is_hit=True)
    found = {name: pl.col(f"{name}_rank").is_not_null() for name in strategies}
    known = candidates.join(pairs.select(BUYER).unique(), on=BUYER, how="semi").join(pairs, on=KEYS, how="left")
    flags = known.select(pl.col("is_hit").fill_null(value=False), **found).with_columns(finders=pl.sum_horizontal(*strategies))
    hit, alone = pl.col("is_hit"), pl.col("is_hit") & (pl.col("finders") == 1)
    rows = [flags.select(pl.lit(name).alias("strategy"), *_counts(pl.col(name), hit, alone)) for name in strategies]
    return pl.concat(rows)


def _counts(mine: pl.Expr, hit: pl.Expr, alone: pl.Expr) -> list[pl.Expr]:
    counts = {"row_count": mine, "hit_count": mine & hit, "unique_hit_count": mine & alone}
    return [flag.sum().cast(pl.Int64).alias(name) for name, flag in counts.items()]
