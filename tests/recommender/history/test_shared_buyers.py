"""Articles bought by the same customers: by hand, recomputed, and as a sum over all neighbours; week 4 starts on day 28."""

from math import log1p, sqrt

import numpy as np
import polars as pl
import pytest

from hm_pipeline.base.contracts import Transactions
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.tables import InMemoryTable
from hm_pipeline.recommender.history import shared_buyers
from hm_pipeline.recommender.history.shared_buyers import MOST_ARTICLES, SharedBuyers
from tests.laws.evaluator import Evaluator
from tests.laws.tiny_shops import Sale, transactions

A, B, C, D = 101, 102, 103, 104
WEEK = 4


def likeness(sales: list[Sale], **limits: int) -> list[tuple[int, int, int]]:
    found = shared_buyers.compute(Inputs({"transactions": InMemoryTable(transactions(sales), Transactions)}), week_id=WEEK, **limits)
    assert SharedBuyers.is_valid(found)
    return found.select("article_id", "other_id", "likeness").rows()


def test_a_rare_purchase_in_common_says_more() -> None:
    # Of customers 1 and 2 both have A, 1 has B and 2 has C.  idf: A ln(1 + 2/2) = .69315, B and C ln(1 + 2/1) = 1.09861.
    # Both norms: sqrt(.48045 + 1.20695) = 1.29900.  From A: .48045 / 1.299 * 1024 = 378.7; from B or C: 1.20695 / 1.299 * 1024 = 951.4.
    sales: list[Sale] = [(3, 1, A, 5, 1), (9, 1, A, 5, 1), (20, 1, B, 5, 1), (20, 2, A, 5, 1), (27, 2, C, 5, 1), (28, 2, D, 5, 1)]
    assert likeness(sales) == [(A, B, 379), (A, C, 379), (B, A, 951), (C, A, 951)]
    assert likeness(sales, neighbours=1) == [(A, B, 379), (B, A, 951), (C, A, 951)]


def test_what_was_bought_before_the_window_is_forgotten() -> None:
    # Week 3 alone: customer 1 has B, customer 2 A and C.  Three articles of one buyer each: idf 1.09861, norm of 2: 1.55367.
    # A to C and back: 1.20695 / 1.55367 * 1024 = 795.5
    sales: list[Sale] = [(20, 1, A, 5, 1), (21, 1, B, 5, 1), (22, 2, A, 5, 1), (27, 2, C, 5, 1)]
    assert likeness(sales, weeks=1) == [(A, C, 795), (C, A, 795)]


def test_a_reseller_counts_with_the_newest_articles() -> None:
    # 61 articles a day after the other would be too many: the first is left out, and only it.
    sales: list[Sale] = [(day // 3, 1, 1_000 + day, 5, 1) for day in range(MOST_ARTICLES + 1)]
    dropped = 1_002  # of day 0 are 1000, 1001 and 1002: the oldest day, and of it the highest
    assert {article for article, _, _ in likeness(sales, neighbours=100)} == {1_000 + day for day in range(MOST_ARTICLES + 1)} - {dropped}


def test_nothing_sold_or_one_article_each_has_no_neighbours() -> None:
    assert likeness([]) == []
    assert likeness([(27, 1, A, 5, 1), (27, 2, B, 5, 1)]) == []


@pytest.mark.parametrize("block", [4_000, 3])
def test_scores_are_the_sum_over_all_neighbours(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_buyers, "BLOCK", block)
    bought = {customer: set(np.random.default_rng(customer).choice(12, 1 + customer % 5, replace=False).tolist()) for customer in range(30)}
    found = likeness([(20, customer, article, 5, 1) for customer, own in bought.items() for article in own], neighbours=12)
    table = {(one, other): value / 1024 for one, other, value in found}
    idf = {article: log1p(30 / sum(article in own for own in bought.values())) for own in bought.values() for article in own}
    norm = {customer: sqrt(sum(idf[article] ** 2 for article in own)) for customer, own in bought.items()}
    compared = 0
    for own in bought.values():
        for article in set(range(12)) - own:
            neighbours = (other for other, theirs in bought.items() if article in theirs)
            expected = sum(sum(idf[one] ** 2 for one in own & bought[other]) / norm[other] for other in neighbours)
            # Each of the table's values is rounded to 1/1024.
            assert sum(table.get((one, article), 0) for one in own) == pytest.approx(expected, abs=len(own) / 2048)
            compared += expected > 0
    assert compared > 100


def test_the_history_is_the_formula_on_dense_matrices(known: Evaluator, week_id: int) -> None:
    sold = known.shop.transactions.filter(pl.col("week_id").is_between(week_id - 12, week_id - 1))
    pairs = sold.select("customer_id", "article_id").unique()
    assert pairs.group_by("customer_id").len()["len"].max() <= MOST_ARTICLES
    articles, customers = pairs["article_id"].unique().sort(), pairs["customer_id"].unique().sort()
    bought = np.zeros((len(customers), len(articles)))
    bought[customers.search_sorted(pairs["customer_id"]), articles.search_sorted(pairs["article_id"])] = 1
    vectors = bought * np.log1p(len(customers) / bought.sum(axis=0))
    idf, norms = vectors.max(axis=0), np.linalg.norm(vectors, axis=1)
    strengths = np.rint(1024 * idf[:, None] * ((vectors / norms[:, None]).T @ bought)).astype(int)
    np.fill_diagonal(strengths, 0)
    expected = []
    for row, article in enumerate(articles):
        best = np.lexsort((np.arange(len(articles)), -strengths[row]))[:50]
        expected += sorted((article, articles[int(column)], int(strengths[row, column])) for column in best if strengths[row, column] > 0)
    assert known.result("history/shared_buyers", week_id).select("article_id", "other_id", "likeness").rows() == expected
    assert len(expected) > 10_000
