"""The best neighbours of what customers bought against a sum over all pairs."""

from collections import Counter

import numpy as np
import polars as pl
import pytest

from hm_pipeline.recommender.candidates._lib.neighbours import SCORE_BITS, Neighbours, best_neighbours

Rows = list[tuple[int, int, int]]


def best(own: Rows, near: Rows, most: int) -> Rows:
    bought = pl.LazyFrame(own, schema={"customer_id": pl.Int64, "article_id": pl.Int64, "weight": pl.Int64}, orient="row")
    neighbours = pl.LazyFrame(near, schema={"article_id": pl.Int64, "other_id": pl.Int64, "strength": pl.Int64}, orient="row")
    found = best_neighbours(bought, Neighbours.of(neighbours), most=most).collect().rows()
    return sorted(found, key=lambda row: (row[0], -row[2], row[1]))


def by_force(own: Rows, near: Rows, most: int) -> Rows:
    """Return the same by looking at every pair of rows."""
    summed: Counter[tuple[int, int]] = Counter()
    for customer, article, weight in own:
        for one, other, strength in near:
            summed[customer, other] += weight * strength * (one == article)
    found: Rows = []
    for customer in sorted({customer for customer, _, _ in own}):
        ranked = sorted((-score, other) for (whose, other), score in summed.items() if whose == customer and score > 0)
        found += [(customer, other, -score) for score, other in ranked[:most]]
    return found


@pytest.mark.parametrize("most", [1, 3, 100])
@pytest.mark.parametrize("seed", range(4))
def test_the_best_are_those_of_a_sum_over_all_pairs(seed: int, most: int) -> None:
    dice = np.random.default_rng(seed)
    bought = {(int(customer), int(article)) for customer, article in dice.integers(-9, 9, (60, 2))}
    pairs = {(int(one), int(other)) for one, other in dice.integers(-12, 6, (80, 2)) if one != other}
    own = [(customer * 10**18, article, int(dice.integers(0, 3))) for customer, article in sorted(bought)]
    near = [(one, other, int(dice.integers(0, 4))) for one, other in sorted(pairs)]
    expected = by_force(own, near, most)
    assert len(expected) >= 10
    assert best(own, near, most) == expected  # ties by the article: few weights make many


def test_whose_articles_have_no_neighbours_get_none() -> None:
    assert best([(1, 101, 5), (2, 102, 5)], [(102, 103, 2)], 10) == [(2, 103, 10)]
    assert best([(1, 101, 5)], [], 10) == best([], [(101, 102, 1)], 10) == best([], [], 10) == []


def test_a_score_too_large_to_be_packed_is_the_largest() -> None:
    near = [(101, 103, 2**30), (101, 102, 2**20)]
    assert best([(1, 101, 2**30)], near, 10) == [(1, 102, 2**SCORE_BITS - 1), (1, 103, 2**SCORE_BITS - 1)]
