"""Model of the first stage: it keeps about a hundred of all strategies' proposals a customer.

An additive model on buckets of ranks, sales, forecast and affinity, fitted by logistic regression on what buyers of the
last weeks took.  It is cheap enough to score every proposal of every customer; the ensemble ranks what it keeps.
"""

import json
import types
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import dataframely as dy
import numpy as np
import polars as pl

from hm_pipeline.base.columns import PAIR
from hm_pipeline.base.contracts import Pair
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.candidates._lib.strategy import Strategy
from hm_pipeline.recommender.candidates.first_stage.bins import BUCKETS, BinnedFeature, bin_counts, terms_of
from hm_pipeline.recommender.candidates.first_stage.pool import CandidatePool, collect_candidates

NEGATIVE_SAMPLING = 7  # of so many proposals that were not taken, one is an example and stands for all of them
DECIMALS, UNIT = 4, 10_000  # of weights


def candidates_schema(strategies: Sequence[Strategy]) -> type[dy.Schema]:
    """Return the contract of the candidates: each strategy's columns, and the first stage's score and rank."""
    columns: dict[str, dy.Column] = {}
    for strategy in strategies:
        for name, column in strategy.schema.columns().items():
            if name in strategy.columns:
                columns[name] = copy(column)
                columns[name].nullable = True  # where the strategy did not propose the pair
    columns["strategy_count"] = dy.Int16(nullable=False, min=1, description="strategies that proposed the article")
    columns["first_stage_score"] = dy.Float32(nullable=False, description="log-odds of a purchase by the first stage")
    columns["first_stage_rank"] = dy.Int16(nullable=False, min=1, description="rank by first_stage_score, 1 is best")
    return types.new_class("Candidates", (Pair,), exec_body=lambda names: names.update(columns))


@dataclass(frozen=True)
class FirstStage:
    """Weights of the buckets of every term.

    Parameters
    ----------
    weights
        Term -> log-odds of its buckets; a strategy's last bucket is "not proposed", others' last is "not known".
    """

    weights: dict[str, list[float]]
    metrics: dict[str, float]

    def score(self, terms: Mapping[str, BinnedFeature]) -> np.ndarray:
        """Return the log-odds of pairs, shape (pairs,)."""
        shared: dict[Callable[[np.ndarray], np.ndarray], list[np.ndarray]] = {}
        for name, term in terms.items():  # integers, so that their order does not matter
            weights = np.rint(np.asarray(self.weights[name]) * UNIT).astype(np.int32)
            shared.setdefault(term.spread, []).append(weights[term.known])
        return np.asarray(reduce(np.add, (spread(reduce(np.add, weights)) for spread, weights in shared.items())) / UNIT)

    def save(self, folder: Path) -> None:
        """Write the weights as JSON."""
        (folder / "first_stage.json").write_text(json.dumps({"weights": self.weights, "figures": self.metrics}, indent=1) + "\n")

    @classmethod
    def load(cls, folder: Path) -> "FirstStage":
        """Read what :meth:`save` wrote."""
        fields = json.loads((folder / "first_stage.json").read_text())
        return cls(fields["weights"], fields["figures"])


def retrieve(strategies: Sequence[Strategy], tables: Inputs, *, week_id: int, model: FirstStage, most: int) -> pl.DataFrame:
    """Return the best ``most`` candidates of every customer of the audience."""
    union = collect_candidates(strategies, tables, week_id=week_id)
    scores = model.score(terms_of(union, tables, week_id=week_id))
    best, ranks = union.best(scores, most)
    rank = np.zeros(len(scores), np.int16)
    rank[best] = ranks
    pairs = np.flatnonzero(rank)  # as they are stored: by customer and article
    keys = {
        "week_id": np.full(len(pairs), week_id, np.int64),
        "customer_id": union.customer_ids.gather(union.customer[pairs]),
        "article_id": union.article_ids.gather(union.article[pairs]),
        "strategy_count": union.strategy_count[pairs],
        "first_stage_score": scores[pairs].astype(np.float32),
        "first_stage_rank": rank[pairs],
    }
    return pl.concat([pl.DataFrame(keys), *(union.of(strategy.name, pairs) for strategy in strategies)], how="horizontal")


def fit(strategies: Sequence[Strategy], tables: Inputs, *, week_id: int, seed: int, weeks: int = 2, customers: int = 4_000) -> FirstStage:
    """Fit the weights on what buyers of the last weeks would have been proposed and did take.

    Parameters
    ----------
    weeks
        Past weeks: two, as for the ensemble.
    customers
        Buyers of each week in the sample, drawn by a hash of their id; some 150 weights need no more.
    """
    names = [strategy.name for strategy in strategies]
    first = tables.calendar.first_week + 2  # before it there is no forecast
    examples = [_examples(strategies, tables, past, seed, customers) for past in range(max(week_id - weeks, first), week_id)]
    found = {name: np.concatenate([part[0][name] for part in examples]) for name in bin_counts(names)}
    return _fit_weights(bin_counts(names), found, np.concatenate([part[1] for part in examples]), names)


def _examples(
    strategies: Sequence[Strategy], tables: Inputs, past: int, seed: int, customers: int
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return the buckets of a past week's proposals, and whether they were taken; of what was not, a part."""
    bought = tables.weekly("transactions").before(past + 1, weeks=1).select(PAIR).unique()
    buyers = bought.select("customer_id").unique()
    sample = buyers.sort(pl.col("customer_id").hash(seed), "customer_id").head(customers).sort("customer_id").collect()
    theirs = tables.of(sample.lazy())
    union = collect_candidates(strategies, theirs, week_id=past)
    hits = is_purchased(union, bought.join(sample.lazy(), on="customer_id", how="semi").collect())
    luck = (union.customer * 31 + union.article * 17 + past) % NEGATIVE_SAMPLING
    kept = hits | (luck == 0)
    return {name: term.spread(term.known)[kept] for name, term in terms_of(union, theirs, week_id=past).items()}, hits[kept]


def is_purchased(union: CandidatePool, bought: pl.DataFrame) -> np.ndarray:
    """Return whether each proposed pair was bought, shape (pairs,); ``bought`` is of customers of the union."""
    width = max(len(union.article_ids), 1)
    customer = union.customer_ids.search_sorted(bought["customer_id"]).to_numpy().astype(np.int64)
    wanted = customer * width + union.article_ids.search_sorted(bought["article_id"]).to_numpy()
    return np.isin(union.customer.astype(np.int64) * width + union.article, wanted)


def _fit_weights(terms: dict[str, int], found: dict[str, np.ndarray], hits: np.ndarray, strategies: list[str]) -> FirstStage:
    from scipy import sparse  # noqa: PLC0415 - takes seconds that opening Dagster's UI need not pay
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - as above

    metrics = {"hits": float(hits.sum()), "rows": float(len(hits))}
    if not 0 < hits.sum() < len(hits):  # nothing to learn from: trust all strategies equally, by their ranks
        prior = [-0.5 * place for place in range(BUCKETS)] + [-0.5 * BUCKETS]
        return FirstStage({name: prior if name in strategies else [0.0] * width for name, width in terms.items()}, metrics)
    starts = np.cumsum([0, *terms.values()])
    columns = np.stack([found[name].astype(np.int64) + start for name, start in zip(terms, starts, strict=False)], axis=1)
    ends = np.arange(len(hits) + 1) * len(terms)  # a bucket of every term in each row
    ones = sparse.csr_matrix((np.ones(columns.size), columns.ravel(), ends), shape=(len(hits), starts[-1]))
    # C = 1 shrinks buckets that were hardly seen towards the average, which is what they deserve.
    model = LogisticRegression(C=1.0, max_iter=500).fit(ones, hits, sample_weight=np.where(hits, 1, NEGATIVE_SAMPLING))
    fitted = np.round(model.coef_[0], DECIMALS)
    return FirstStage(
        {name: fitted[start : start + width].tolist() for (name, width), start in zip(terms.items(), starts, strict=False)}, metrics
    )
