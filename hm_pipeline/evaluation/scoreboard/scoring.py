"""Scores of one week against its purchases: one per buyer and model, and counts that add up.

Scores are a table, counts a flat mapping of names to numbers, so that both can be kept with the week and pooled later.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

import polars as pl

from hm_pipeline.base.columns import BUYER, K
from hm_pipeline.recommender.metrics.ranking import average_precision, retrieval, strategy_hits

BEST_LEARNER, BLEND = "L3 best learner", "L4 blend"
DEPTHS = (12, 50, 100)
Metrics = dict[str, float]


def evaluate_week(
    rules: Mapping[str, pl.DataFrame],
    recommendations: pl.DataFrame,
    bought: pl.DataFrame,
    segments: pl.DataFrame,
    *,
    learner: str,
) -> pl.DataFrame:
    """Return the average precision of every buyer for every model.

    Parameters
    ----------
    rules
        Rankings of the baselines, by their names.
    recommendations
        The model's ranking, and ``score_<learner>`` of each member.  A member is evaluated on the rows the blend kept,
        the top 100 of a customer, not on all candidates.
    bought
        Purchases of the week.
    segments
        ``week_id, customer_id, segment`` of the buyers.
    learner
        The best single member; chosen on an earlier week, never on this one.

    Returns
    -------
    pl.DataFrame
        ``week_id, customer_id, segment, rung, average_precision``, sorted by buyer and ``rung``, the name of the model.
    """
    shown = recommendations.join(bought.select(BUYER).unique(), on=BUYER, how="semi")
    rankings = {**rules, BEST_LEARNER: rank_by(shown, f"score_{learner}"), BLEND: shown}
    scores = [average_precision(ranked, bought).with_columns(rung=pl.lit(model)) for model, ranked in rankings.items()]
    scored = pl.concat(scores).join(segments, on=BUYER, how="left")
    return scored.select(*BUYER, "segment", "rung", "average_precision").sort(*BUYER, "rung")


def rank_by(recommendations: pl.DataFrame, column: str) -> pl.DataFrame:
    """Rank each customer's articles by another score, highest first, ties to the smaller article_id, nulls last."""
    descending = [False, False, True, False]
    ordered = recommendations.sort(*BUYER, column, "article_id", descending=descending, nulls_last=True)
    return ordered.with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int16).over(BUYER))


def count_pairs(candidates: pl.DataFrame, recommendations: pl.DataFrame, bought: pl.DataFrame, *, strategies: Sequence[str]) -> Metrics:
    """Count the hits of candidates and recommendations, and those that each strategy adds.

    All counts add up over weeks and over disjoint sets of customers, so a week may be counted shard by shard: give
    ``bought`` of the same customers.

    Parameters
    ----------
    candidates
        Keys of a pair and ``<strategy>_rank``, null where the strategy did not propose it.
    recommendations
        Keys of a pair and ``rank``.
    """
    found = {"all candidates": retrieval(candidates, bought)}
    found |= {f"top {depth}": retrieval(recommendations, bought, k=depth) for depth in DEPTHS}
    metrics = {f"reach/{name}/{count}": float(n) for name, counts in found.items() for count, n in asdict(counts).items()}
    for row in strategy_hits(candidates, bought, strategies).to_dicts():
        name = row.pop("strategy")
        metrics |= {f"strategy/{name}/{count}": float(n) for count, n in row.items()}
    return metrics


def count_articles(recommendations: pl.DataFrame, offered: pl.Series, *, k: int = K) -> Metrics:
    """Count the articles on offer, and those of them that anybody is shown.

    Does not add up over shards, as the same article is shown in many: pass the week's recommendations unsplit.

    Parameters
    ----------
    offered
        ``article_id`` of what is on offer, as the caller sees it before the week (sold in the weeks before it).
    """
    shown = recommendations.filter(pl.col("rank") <= k)["article_id"].unique()
    return {"articles/offered": float(offered.n_unique()), "articles/shown": float(offered.unique().is_in(shown.implode()).sum())}


def add_metrics(parts: Iterable[Mapping[str, float]]) -> Metrics:
    """Add counts up by name, in the order in which the names first occur."""
    total: Metrics = {}
    for part in parts:
        for name, number in part.items():
            total[name] = total.get(name, 0.0) + number
    return total
