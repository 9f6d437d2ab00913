"""All proposals side by side: each pair once, every strategy's row back, the best by score."""

import types
from typing import Any

import dataframely as dy
import numpy as np
import polars as pl
import pytest

from hm_pipeline.base.contracts import Pair
from hm_pipeline.base.errors import SchemaViolation
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.candidates._lib.strategy import Strategy
from hm_pipeline.recommender.candidates.first_stage.pool import CandidatePool, collect_candidates
from tests.recommender.candidates.few_rows import A, B, C, D

ARTICLES = pl.LazyFrame({"article_id": [D, B, A, C]})
FAR = 2**62


def saying(name: str, rows: list[tuple[int, int, int, float]]) -> Strategy:
    """Return a strategy that proposes (customer, article, rank, score)."""
    columns = {f"{name}_rank": dy.Int16(nullable=False), f"{name}_score": dy.Float32(nullable=False)}
    schema = types.new_class(name, (Pair,), exec_body=lambda names: names.update(columns))

    def compute(tables: Inputs, *, week_id: int) -> pl.LazyFrame:
        frame = pl.DataFrame(rows, schema=["customer_id", "article_id", *columns], orient="row")
        return schema.cast(frame.lazy().with_columns(pl.lit(week_id, dtype=pl.Int64).alias("week_id")))

    return Strategy(name=name, schema=schema, compute=compute, inputs=())


def united(*strategies: Any, customers: tuple[int, ...] = (FAR, -7, 3)) -> CandidatePool:
    audience = pl.LazyFrame({"customer_id": customers}, schema={"customer_id": pl.Int64})
    return collect_candidates(strategies, Inputs({}, {"articles": ARTICLES}, audience), week_id=4)


def pairs_of(union: CandidatePool, pairs: np.ndarray | None = None) -> list[tuple[int, int]]:
    chosen = np.arange(len(union.customer)) if pairs is None else pairs
    customers, articles = union.customer_ids.gather(union.customer[chosen]), union.article_ids.gather(union.article[chosen])
    return list(zip(customers, articles, strict=True))


def ranks_of(union: CandidatePool, name: str) -> list[int]:
    return union.spread(name, union.values[name][f"{name}_rank"].to_numpy(), 0).tolist()


ONE = saying("one", [(3, C, 1, 0.5), (3, A, 2, 0.25), (FAR, D, 1, 0.75)])
TWO = saying("two", [(-7, A, 1, 4.0), (3, A, 1, 3.0), (FAR, D, 9, 1.0), (3, B, 2, 2.0)])


def test_each_pair_stands_once_in_the_order_of_customers_and_articles() -> None:
    union = united(ONE, TWO)
    assert pairs_of(union) == [(-7, A), (3, A), (3, B), (3, C), (FAR, D)]
    assert union.proposed_by("one").tolist() == [False, True, False, True, True]
    assert union.proposed_by("two").tolist() == [True, True, True, False, True]
    assert union.strategy_count.tolist() == [1, 2, 1, 1, 2]
    assert list(union.seconds) == ["one", "two"]


def test_every_strategys_row_is_given_back() -> None:
    union = united(ONE, TWO)
    assert ranks_of(union, "one") == [0, 2, 0, 1, 1]
    assert ranks_of(union, "two") == [1, 1, 2, 0, 9]
    assert union.of("one", np.arange(5)).rows() == [(None, None), (2, 0.25), (None, None), (1, 0.5), (1, 0.75)]
    assert union.of("two", np.array([4, 0, 3])).rows() == [(9, 1.0), (1, 4.0), (None, None)]


def test_a_strategy_that_is_silent_is_null_everywhere() -> None:
    union = united(ONE, saying("two", []))
    assert ranks_of(union, "two") == [0, 0, 0]
    assert union.of("two", np.arange(3)).rows() == [(None, None)] * 3
    nothing = united(saying("one", []), saying("two", []))
    assert pairs_of(nothing) == []
    assert [part.tolist() for part in nothing.best(np.empty(0), 5)] == [[], []]


def test_a_pair_that_a_strategy_proposes_twice_is_an_error() -> None:
    with pytest.raises(SchemaViolation, match=r"proposed a pair twice \(two\)"):
        united(ONE, saying("two", [(3, A, 1, 1.0), (3, B, 2, 1.0), (3, A, 3, 0.5)]))


def test_the_best_of_each_customer_are_kept_best_first() -> None:
    union = united(ONE, TWO)  # -7: A; 3: A, B, C; FAR: D
    pairs, rank = union.best(np.array([-3.0, 0.1, 0.3, 0.2, -500.0]), 2)
    assert pairs_of(union, pairs) == [(-7, A), (3, B), (3, C), (FAR, D)]
    assert rank.tolist() == [1, 1, 2, 1]


def test_equal_scores_go_to_the_lower_article() -> None:
    union = united(ONE, TWO)
    pairs, rank = union.best(np.array([0.0, 1.00001, 1.0, 1.00002, 0.0]), 2)  # the same to the fourth decimal
    assert pairs_of(union, pairs) == [(-7, A), (3, A), (3, B), (FAR, D)]
    assert rank.tolist() == [1, 1, 2, 1]


def test_the_best_are_those_of_sorting_with_many_customers_and_scores() -> None:
    dice = np.random.default_rng(1)
    every = [(customer, article) for customer in range(-20, 20) for article in (A, B, C, D) if dice.random() < 0.7]
    union = united(saying("one", [(*pair, 1, 0.0) for pair in every]), customers=tuple(range(-20, 25)))
    scores = np.round(dice.normal(size=len(every)), 1)
    pairs, rank = union.best(scores, 2)
    expected = []
    for customer in range(-20, 20):
        own = sorted((-score, pair) for pair, score in zip(every, scores.tolist(), strict=True) if pair[0] == customer)
        expected += [(pair, place) for place, (_, pair) in enumerate(own[:2], 1)]
    assert list(zip(pairs_of(union, pairs), rank.tolist(), strict=True)) == expected
