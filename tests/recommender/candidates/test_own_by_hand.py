"""Strategies that follow a customer's own purchases, on a few rows with numbers worked out by hand; week 4 starts on day 28."""

from typing import Any

import pytest

from hm_pipeline.recommender.candidates import repurchase
from tests.laws.tiny_shops import Sale
from tests.recommender.candidates.few_rows import WEEK, A, B, C, D, forecast, inputs_of, proposed, shop_of


def close(value: float) -> Any:
    return pytest.approx(value, abs=1e-4)


def test_repurchase_halves_a_purchase_in_thirty_days() -> None:
    sales: list[Sale] = [(27, 1, A, 5, 1), (20, 1, A, 4, 1), (27, 1, B, 5, 1), (0, 1, C, 5, 1), (27, 2, D, 5, 1), (28, 1, D, 5, 1)]
    found = repurchase.compute(inputs_of("strategy/repurchase", shop_of(sales)), week_id=WEEK).sort("repurchase_rank").collect()
    assert found["article_id"].to_list() == [A, B, C]
    # 1, 8 and 28 days before the cutoff: 2**(-1/30) = .97716, 2**(-8/30) = .83124, 2**(-28/30) = .52365
    assert found["repurchase_score"].to_list() == pytest.approx([0.97716 + 0.83124, 0.97716, 0.52365], abs=1e-4)
    assert found["repurchase_days"].to_list() == [1, 1, 28]
    assert found["repurchase_count"].to_list() == [2, 1, 1]
    # In millionths: 5 * .97716 + 4 * .83124 = 8.21077, and 5 * .97716, 5 * .52365
    assert (found["repurchase_value"] * 1e6).to_list() == pytest.approx([8.21077, 4.8858, 2.61825], abs=1e-3)


def test_repurchase_keeps_what_has_one_chance_in_twenty() -> None:
    sales: list[Sale] = [(27, 1, A, 5, 1), (27, 1, B, 5, 1), (27, 1, C, 5, 1)]
    assert proposed("repurchase", shop_of(sales), forecast({A: 0.049, B: 0.05})) == [(1, B, 1, close(0.97716))]  # of C nothing is known


def test_same_product_names_colourways_that_can_be_had() -> None:
    # Customer 1 took A two days before the cutoff; of its product B and C sold last week, C better; D is another product.
    sales: list[Sale] = [(26, 1, A, 5, 1), (22, 2, B, 5, 1), (23, 2, C, 5, 1), (24, 3, C, 5, 1), (25, 3, D, 5, 1)]
    # 2**(-2/30) = .95484 for both: the product was bought then
    assert proposed("same_product", shop_of(sales)) == [(1, C, 1, close(0.95484)), (1, B, 2, close(0.95484))]
    assert [row[1] for row in proposed("same_product", shop_of(sales), forecast({A: 1, B: 0.05, C: 0.049, D: 1}))] == [B]


def test_same_product_looks_at_the_articles_bought_last() -> None:
    # A sold before, so that it is a colourway of B; D, bought later, has none.
    sales: list[Sale] = [(20, 1, B, 5, 1), (26, 1, D, 5, 1), (15, 2, A, 5, 1)]
    assert proposed("same_product", shop_of(sales)) == [(1, A, 1, close(0.83124))]  # 2**(-8/30)
    assert proposed("same_product", shop_of(sales), last=1) == []
    # Of two articles of one day the lower counts as the newer: A names its colourway C, D is not looked at.
    tied: list[Sale] = [(26, 1, D, 5, 1), (26, 1, A, 5, 1), (15, 2, C, 5, 1)]
    assert [row[1] for row in proposed("same_product", shop_of(tied), last=1)] == [C]


def test_bought_together_follows_what_others_took_next() -> None:
    # Customers 2 and 3 took A in week 2 and B in week 3; customer 1 took A on day 20, 8 days before the cutoff.
    sales: list[Sale] = [(20, 1, A, 5, 1), (15, 2, A, 5, 1), (16, 3, A, 5, 1), (22, 2, B, 5, 1), (23, 3, B, 5, 1)]
    # Pair A, B: 2 customers of the newest week, 2 * 1024 = 2048.  A sold 3 units a week ago: 3 * 1024 * 181 // 256 = 2172.
    # Share: 65536 * 2048 // (2172 + 10 * 1024) = 10813 of 65536 = .16499.  Times 2**(-8/30) = .83124: .13715.
    assert proposed("bought_together", shop_of(sales)) == [(1, B, 1, close(0.13715))]
    assert proposed("bought_together", shop_of(sales), forecast({A: 1, B: 0.01})) == []


def test_bought_together_sums_over_what_was_bought_last() -> None:
    # Customer 2 took A and C in week 2 and B in week 3; customer 1 had A on day 20 and C on day 15.
    sales: list[Sale] = [(20, 1, A, 5, 1), (15, 1, C, 5, 1), (15, 2, A, 5, 1), (15, 2, C, 5, 1), (22, 2, B, 5, 1)]
    # Pairs A, B and C, B: 1024 each.  A and C sold 2 units a week ago: 2 * 1024 * 181 // 256 = 1448.
    # Shares: 65536 * 1024 // (1448 + 10240) = 5741 of 65536 = .0876.  8 and 13 days: .83124 + 2**(-13/30) = .83124 + .74054.
    assert (1, B, close(0.0876 * (0.83124 + 0.74054))) in [(row[0], row[1], row[3]) for row in proposed("bought_together", shop_of(sales))]
    alone = [(row[1], row[3]) for row in proposed("bought_together", shop_of(sales), last=1)]
    assert (B, close(0.0876 * 0.83124)) in alone


def test_similar_customers_share_a_purchase() -> None:
    # Customer 1 has A and C, customer 2 has A and B.  idf of A, which both have: ln(1 + 2/2) = .69315.
    # idf of B and C, which one of two has: ln(1 + 2/1) = 1.09861.
    # Both norms: sqrt(.69315**2 + 1.09861**2) = sqrt(.48045 + 1.20695) = 1.29900.
    # From A to B by customer 2, and from A to C by customer 1: .48045 / 1.29900 = .36986, in 1/1024: 379, that is .37012.
    # From C to A by customer 1: 1.20695 / 1.29900 = .92914, in 1/1024: 951, that is .92871.  The mean over A and C halves all.
    sales: list[Sale] = [(20, 1, A, 5, 1), (15, 1, C, 5, 1), (16, 2, A, 5, 1), (22, 2, B, 5, 1)]
    own, other = close(0.92871 / 2), close(0.37012 / 2)
    assert proposed("similar_customers", shop_of(sales)) == [(1, A, 1, own), (1, B, 2, other), (1, C, 3, other)]
    assert proposed("similar_customers", shop_of(sales), forecast({A: 0.01, B: 1, C: 0.01})) == [(1, B, 1, other)]


def test_similar_customers_look_at_the_articles_bought_last() -> None:
    sales: list[Sale] = [(20, 1, A, 5, 1), (15, 1, C, 5, 1), (16, 2, A, 5, 1), (22, 2, B, 5, 1)]
    # The last article is A alone: likeness to B and C as above, not halved; nothing leads to A.
    assert proposed("similar_customers", shop_of(sales), last=1) == [(1, B, 1, close(0.37012)), (1, C, 2, close(0.37012))]


def test_similar_customers_look_at_the_last_weeks() -> None:
    sales: list[Sale] = [(22, 1, A, 5, 1), (15, 1, C, 5, 1), (16, 2, A, 5, 1), (22, 2, B, 5, 1)]
    # In the last week customer 1 took A alone.
    assert proposed("similar_customers", shop_of(sales), weeks=1) == [(1, B, 1, close(0.37012)), (1, C, 2, close(0.37012))]
