"""Each strategy on a few rows, with numbers worked out by hand; week 4 starts on day 28."""

import polars as pl
import pytest

from hm_pipeline.candidates import popular_by_age
from tests.laws.evaluator import ALL_STEPS, Evaluator, Shop
from tests.laws.tiny_shops import CALENDAR, Sale, articles, customers, transactions

A, B, C, D = 101, 102, 103, 104
DRESS = {"product_code": 1, "product_type_no": 10}
AGES = {1: 20, 2: 21, 3: 60, 4: None}
WEEK = 4


def shop_of(sales: list[Sale], audience: tuple[int, ...] = (1,)) -> Shop:
    catalogue = articles([{"article_id": article, **(DRESS if article < D else {"product_code": 2})} for article in (A, B, C, D)])
    return Shop(transactions(sales), catalogue, customers(AGES), pl.DataFrame({"customer_id": audience}), CALENDAR)


def proposed(strategy: str, shop: Shop) -> list[tuple[int, int, int, float]]:
    """Return (customer, article, rank, score), best first."""
    found = Evaluator(shop).result(f"strategy/{strategy}", WEEK).sort("customer_id", f"{strategy}_rank")
    return found.select("customer_id", "article_id", f"{strategy}_rank", f"{strategy}_score").rows()


def test_repurchase_halves_a_purchase_in_thirty_days() -> None:
    sales: list[Sale] = [(27, 1, A, 5, 1), (20, 1, A, 5, 1), (27, 1, B, 5, 1), (0, 1, C, 5, 1), (27, 2, D, 5, 1), (28, 1, D, 5, 1)]
    found = Evaluator(shop_of(sales)).result("strategy/repurchase", WEEK).sort("repurchase_rank")
    assert found["article_id"].to_list() == [A, B, C]
    # 1, 8 and 28 days before the cutoff: 2**(-1/30) = .97716, 2**(-8/30) = .83124, 2**(-28/30) = .52365
    assert found["repurchase_score"].to_list() == pytest.approx([0.97716 + 0.83124, 0.97716, 0.52365], abs=1e-4)
    assert found["repurchase_days"].to_list() == [1, 1, 28]
    assert found["repurchase_count"].to_list() == [2, 1, 1]


def test_same_product_names_colourways_that_still_sell() -> None:
    # Customer 1 took A two days before the cutoff; of its product B and C sold in the last fortnight, C better.
    sales: list[Sale] = [(26, 1, A, 5, 1), (22, 2, B, 5, 1), (23, 2, C, 5, 1), (24, 3, C, 5, 1), (25, 3, D, 5, 1)]
    # 2**(-2/30) = .95484 for both: the product was bought then
    close = pytest.approx(0.95484, abs=1e-4)
    assert proposed("same_product", shop_of(sales)) == [(1, C, 1, close), (1, B, 2, close)]


def test_same_product_forgets_colourways_that_sold_out() -> None:
    sales: list[Sale] = [(26, 1, A, 5, 1), (13, 2, B, 5, 1), (14, 2, C, 5, 1)]  # day 13 is in the week before the last fortnight
    assert [row[1] for row in proposed("same_product", shop_of(sales))] == [C]


def test_bought_together_follows_what_others_took_next() -> None:
    # Customers 2 and 3 took A in week 2 and B in week 3; customer 1 took A on day 20, 8 days before the cutoff.
    sales: list[Sale] = [(20, 1, A, 5, 1), (15, 2, A, 5, 1), (16, 3, A, 5, 1), (22, 2, B, 5, 1), (23, 3, B, 5, 1)]
    # Pair A, B: 2 customers of the newest week, 2 * 1024 = 2048.  A sold 3 units a week ago: 3 * 1024 * 181 // 256 = 2172.
    # Share: 65536 * 2048 // (2172 + 10 * 1024) = 10813 of 65536 = .16499.  Times 2**(-8/30) = .83124: .13715.
    assert proposed("bought_together", shop_of(sales)) == [(1, B, 1, pytest.approx(0.13715, abs=1e-4))]


def test_popular_counts_the_last_days_again() -> None:
    # A: one unit on the last day, counted in 7, 3 and 1 days: 3.  B: two units early in the week: 2.  C: an older week: 0.
    sales: list[Sale] = [(27, 2, A, 5, 1), (22, 2, B, 5, 1), (22, 3, B, 5, 1), (10, 3, C, 5, 1), (30, 3, D, 5, 1)]
    rows = [(A, 1, 3.0), (B, 2, 2.0), (C, 3, 0.0)]
    assert proposed("popular", shop_of(sales, (1, 4))) == [(customer, *row) for customer in (1, 4) for row in rows]


def test_popular_by_age_widens_the_window_until_enough_is_sold() -> None:
    sales: list[Sale] = [(21, 1, A, 5, 1), (22, 2, A, 5, 1), (23, 2, B, 5, 1), (24, 3, C, 5, 1), (24, 4, D, 5, 1), (20, 1, C, 5, 1)]
    inputs = Evaluator(shop_of(sales, (1, 3, 4))).inputs(ALL_STEPS["strategy/popular_by_age"], WEEK)
    found = popular_by_age.compute(inputs, week_id=WEEK, least=3).collect().sort("customer_id", "popular_by_age_rank")
    # Age 20: ages 19 to 21 took A, A, B, that is three units.  Age 60: only all ages hold three: A, A, B, C.
    young, old = [(1, A, 2 / 3), (1, B, 1 / 3)], [(3, A, 0.5), (3, B, 0.25), (3, C, 0.25)]
    assert found.select("customer_id", "article_id").rows() == [row[:2] for row in young + old]  # no age, no window
    assert found["popular_by_age_score"].to_list() == pytest.approx([row[2] for row in young + old], abs=1e-6)


def test_the_first_stage_counts_what_was_proposed_and_taken() -> None:
    # A week ago customer 1 was proposed A (own, popular) and B (popular); A was taken in the week since.
    sales: list[Sale] = [(14, 1, A, 5, 1), (15, 4, B, 5, 1), (22, 1, A, 5, 1)]
    model = Evaluator(shop_of(sales)).result("model/first_stage", WEEK).fitted
    # By age nothing but A is known (customer 4 has none): the rows are A and B, the hit is A.
    assert model.figures == {"hits": 1.0, "rows": 2.0}
    assert model.weights["repurchase"][0] > model.weights["repurchase"][-1]


def test_candidates_say_who_proposed_them() -> None:
    sales: list[Sale] = [(21, 1, A, 5, 1), (22, 4, B, 5, 1)]
    found = Evaluator(shop_of(sales)).result("candidates", WEEK)
    # A: own purchase, popular, popular at 20.  B, of the same product: colourway and popular.
    assert dict(found.select("article_id", "strategy_count").rows()) == {A: 3, B: 2}
    assert found["first_stage_rank"].sort().to_list() == [1, 2]
