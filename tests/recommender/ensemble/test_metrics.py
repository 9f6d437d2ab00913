"""Three guards on MAP@12: fractions worked by hand, a transparent oracle, and what must hold for any ranking."""

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hm_pipeline.recommender.metrics.ranking import (
    Interval,
    Retrieval,
    article_coverage,
    average_precision,
    bootstrap,
    coverage,
    hit_ratio,
    map_at,
    paired_difference,
    recall,
    retrieval,
    strategy_hits,
)

PAIR_TYPES = {"week_id": pl.Int64, "customer_id": pl.Int64, "article_id": pl.Int64}


def ranking(lists, week_id=104):
    rows = [(week_id, customer, article, place) for customer, articles in lists.items() for place, article in enumerate(articles, 1)]
    return pl.DataFrame(rows, schema={**PAIR_TYPES, "rank": pl.Int16}, orient="row")


def purchases(lists, week_id=104):
    rows = [(week_id, customer, article) for customer, articles in lists.items() for article in articles]
    return pl.DataFrame(rows, schema=PAIR_TYPES, orient="row")


def scores(ranked, bought, k=12):
    table = average_precision(ranking(ranked), purchases(bought), k=k)
    return dict(zip(table["customer_id"], table["average_precision"], strict=True))


# Guard 1: by hand ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ranked", "bought", "expected"),
    [
        ([10], [10], 1.0),
        ([11, 10], [10], 1 / 2),
        ([10, 11, 12], [10, 12], (1 / 1 + 2 / 3) / 2),
        ([11, 10, 13, 12], [10, 12, 14], (1 / 2 + 2 / 4) / 3),
        ([11, 12], [10], 0.0),
        (range(12), range(20), 1.0),  # 20 bought, 12 places: the denominator is 12
        ([*range(100, 111), 0], range(20), 1 / 12 / 12),  # a hit at the last place only
        ([*range(100, 112), 0], [0], 0.0),  # a hit at place 13
        ([10, 11], [10, 10, 10], 1.0),  # bought three times is one pair
        ([10, 10, 11], [10, 11], (1 / 1 + 2 / 3) / 2),  # named twice counts once, and takes up a place
    ],
)
def test_by_hand(ranked, bought, expected):
    assert scores({1: list(ranked)}, {1: list(bought)}) == pytest.approx({1: expected}, abs=1e-15)


def test_buyers_without_a_ranking_get_zero_and_others_are_left_out():
    assert scores({1: [10], 3: [10]}, {1: [10], 2: [10]}) == {1: 1.0, 2: 0.0}
    assert map_at(ranking({1: [10], 3: [10]}), purchases({1: [10], 2: [10]})) == 0.5


def test_weeks_are_judged_apart():
    ranked = pl.concat([ranking({1: [10]}, 103), ranking({1: [11]}, 104)])
    bought = pl.concat([purchases({1: [10]}, 103), purchases({1: [10]}, 104)])
    assert average_precision(ranked, bought).rows() == [(103, 1, 1.0), (104, 1, 0.0)]


def test_shorter_lists():
    assert scores({1: [10, 11]}, {1: [10, 11, 12]}, k=1) == {1: 1.0}


def test_nobody_bought():
    table = average_precision(ranking({1: [10]}), purchases({}))
    assert table.schema == {"week_id": pl.Int64, "customer_id": pl.Int64, "average_precision": pl.Float64}
    assert table.is_empty()
    assert math.isnan(map_at(ranking({1: [10]}), purchases({})))


def test_no_ranking_at_all():
    assert average_precision(ranking({}), purchases({1: [10]})).rows() == [(104, 1, 0.0)]


# Guard 2: the oracle ---------------------------------------------------------------------------------------------


def oracle(ranked, bought, k=12):
    """Kaggle's metric as one would write it for a single customer."""
    hits, total = 0, 0.0
    for place, article in enumerate(ranked[:k], start=1):
        if article in bought and article not in ranked[: place - 1]:
            hits += 1
            total += hits / place
    return total / min(len(set(bought)), k)


CUSTOMERS = st.integers(-3, 3)
ARTICLES = st.integers(1, 25)
RANKED = st.dictionaries(CUSTOMERS, st.lists(ARTICLES, unique=True, max_size=20))
BOUGHT = st.dictionaries(CUSTOMERS, st.lists(ARTICLES, min_size=1, max_size=18), min_size=1)


@settings(max_examples=150, deadline=None)
@given(RANKED, BOUGHT, st.integers(1, 15))
def test_agrees_with_the_oracle(ranked, bought, k):
    expected = {customer: oracle(ranked.get(customer, []), articles, k) for customer, articles in bought.items()}
    assert scores(ranked, bought, k) == pytest.approx(expected, abs=1e-12)


# Guard 3: properties ---------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(RANKED, BOUGHT)
def test_lies_between_zero_and_one(ranked, bought):
    assert all(0 <= score <= 1 for score in scores(ranked, bought).values())


@settings(max_examples=60, deadline=None)
@given(BOUGHT)
def test_a_perfect_ranking_scores_one(bought):
    perfect = {customer: sorted(set(articles)) for customer, articles in bought.items()}
    assert set(scores(perfect, bought).values()) == {1.0}


@settings(max_examples=60, deadline=None)
@given(RANKED, BOUGHT)
def test_rows_beyond_place_twelve_change_nothing(ranked, bought):
    padded = {customer: [*articles, *range(1000, 1012)][:12] for customer, articles in ranked.items()}
    longer = {customer: [*articles, *range(1, 30)] for customer, articles in padded.items()}
    assert scores(padded, bought) == scores(longer, bought)


@settings(max_examples=60, deadline=None)
@given(RANKED, BOUGHT, st.permutations(range(-3, 4)), st.randoms(use_true_random=False))
def test_neither_names_nor_row_order_matter(ranked, bought, names, random):
    def rename(lists):
        return {names[customer + 3]: articles for customer, articles in lists.items()}

    one, other = average_precision(ranking(ranked), purchases(bought)), scores(rename(ranked), rename(bought))
    assert {names[customer + 3]: score for _, customer, score in one.rows()} == other
    seed = random.randrange(1000)
    shuffled = average_precision(
        ranking(ranked).sample(fraction=1, shuffle=True, seed=seed), purchases(bought).sample(fraction=1, shuffle=True, seed=seed)
    )
    assert shuffled.equals(one)


# Recall and coverage ---------------------------------------------------------------------------------------------


def test_recall_and_hit_ratio_by_hand():
    ranked, bought = ranking({1: [10, 11, 12], 2: [20], 9: [10]}), purchases({1: [10, 12], 2: [21], 3: [30], 4: [40, 40]})
    assert retrieval(ranked, bought) == Retrieval(rows=4, hits=2, bought=5, buyers=4, reached=2)
    assert recall(ranked, bought, k=3) == 2 / 5
    assert recall(ranked, bought, k=1) == 1 / 5
    assert hit_ratio(ranked, bought) == 2 / 4
    assert coverage(ranked, bought) == 2 / 4


def test_retrieval_adds_up_over_weeks():
    assert sum([Retrieval(4, 2, 5, 4, 2), Retrieval(1, 1, 1, 1, 1)], Retrieval()) == Retrieval(5, 3, 6, 5, 3)
    assert (Retrieval().recall, Retrieval().hit_ratio, Retrieval().coverage) == (0.0, 0.0, 0.0)


def test_article_coverage():
    ranked = ranking({1: [10, 11, *range(100, 110), 12]})
    assert article_coverage(ranked, pl.Series([10, 11, 12, 13, 13])) == 2 / 4
    assert article_coverage(ranked, pl.Series([], dtype=pl.Int64)) == 0.0


def test_hits_of_each_strategy_and_of_no_other():
    candidates = ranking({1: [10, 11, 12], 2: [20], 9: [10]}).drop("rank").sort("customer_id", "article_id")
    candidates = candidates.with_columns(
        repurchase_rank=pl.Series([1.0, 2.0, None, None, 1.0], dtype=pl.Float32),
        popular_rank=pl.Series([1.0, None, 2.0, 1.0, 1.0], dtype=pl.Float32),
    )
    counts = strategy_hits(candidates, purchases({1: [10, 12], 2: [20]}), ["repurchase", "popular"])
    assert counts.rows() == [("repurchase", 2, 1, 0), ("popular", 3, 3, 2)]


# Intervals -------------------------------------------------------------------------------------------------------


def test_interval_is_that_of_the_plain_bootstrap():
    values = np.random.default_rng(3).choice([0.0, 0.0, 0.0, 0.5, 1.0], size=400)
    drawn = np.random.default_rng(4)
    plain = np.quantile([drawn.choice(values, size=400).mean() for _ in range(4000)], [0.025, 0.975])
    interval = bootstrap(values, seed=1, samples=4000)
    assert interval.mean == pytest.approx(values.mean())
    assert [interval.low, interval.high] == pytest.approx(plain, abs=0.004)


def test_interval_is_reproducible_and_blind_to_order():
    values, owners = np.random.default_rng(3).random(500), np.arange(500) // 5
    shuffled = np.random.default_rng(5).permutation(500)
    assert bootstrap(values, seed=1, clusters=owners) == bootstrap(values[shuffled], seed=1, clusters=owners[shuffled])
    assert bootstrap(values, seed=1) != bootstrap(values, seed=2)


def test_customers_are_drawn_with_all_their_weeks():
    values, owners = np.repeat([0.0, 1.0] * 50, 10), np.repeat(np.arange(100), 10)
    alone, together = bootstrap(values, seed=1), bootstrap(values, seed=1, clusters=owners)
    assert together.mean == alone.mean == 0.5
    assert together.high - together.low == pytest.approx((alone.high - alone.low) * math.sqrt(10), rel=0.2)


def test_clusters_of_unequal_size_weigh_by_their_rows():
    assert bootstrap([1.0, 1.0, 1.0, 0.0], seed=0, clusters=[7, 7, 7, 8]).mean == 0.75


def test_constant_values_have_no_width_and_none_have_no_mean():
    assert bootstrap([0.25] * 10, seed=0) == Interval(0.25, 0.25, 0.25)
    assert math.isnan(bootstrap([], seed=0).mean)


def test_pairing_sees_a_difference_that_two_intervals_hide():
    base = np.random.default_rng(0).random(300)
    better = base + 0.01
    assert bootstrap(base, seed=0).high > bootstrap(better, seed=0).low
    difference = paired_difference(better, base, seed=0)
    assert difference.is_clear
    assert difference.mean == pytest.approx(0.01)
    assert not paired_difference(base, base, seed=0).is_clear
