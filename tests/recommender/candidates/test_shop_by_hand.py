"""Strategies that follow what the shop sells, on a few rows with numbers worked out by hand; week 4 starts on day 28."""

import pytest

from hm_pipeline.recommender.candidates import popular, popular_by_age
from tests.laws.tiny_shops import Sale
from tests.recommender.candidates.few_rows import WEEK, A, B, C, D, forecast, inputs_of, proposed, shop_of

OWN: list[Sale] = [(27, 1, A, 5, 1), (20, 1, D, 5, 1)]  # of customer 1: A 1 day and D 8 days before the cutoff


def pairs(rows: list[tuple[int, int, int, float]]) -> list[tuple[int, int]]:
    """Return (customer, article), best first."""
    return [row[:2] for row in rows]


def scores(rows: list[tuple[int, int, int, float]]) -> list[float]:
    return [row[3] for row in rows]


def test_popular_counts_the_last_days_again() -> None:
    # A: one unit on the last day, counted in 7, 3 and 1 days: 3.  B: two units early in the week: 2.  C: an older week: 0.
    sales: list[Sale] = [(27, 2, A, 5, 1), (22, 2, B, 5, 1), (22, 3, B, 5, 1), (10, 3, C, 5, 1), (30, 3, D, 5, 1)]
    rows = [(A, 1, 3.0), (B, 2, 2.0), (C, 3, 0.0)]
    assert proposed("popular", shop_of(sales, (1, 4))) == [(customer, *row) for customer in (1, 4) for row in rows]


def test_popular_tells_the_places_of_the_last_days() -> None:
    # Last day: B 2, A 1, C 0.  Last 3 days: A 2 and B 2 share the first place, C is third with 1.
    sales: list[Sale] = [(27, 2, A, 5, 1), (26, 2, A, 5, 1), (27, 2, B, 5, 1), (27, 3, B, 5, 1), (25, 3, C, 5, 1), (24, 3, D, 5, 1)]
    found = popular.compute(inputs_of("strategy/popular", shop_of(sales)), week_id=WEEK).sort("article_id").collect()
    assert found["popular_day_1_rank"].to_list() == [2, 1, None, None]
    assert found["popular_day_3_rank"].to_list() == [1, 1, 3, None]


def test_popular_by_age_widens_the_window_until_enough_is_sold() -> None:
    sales: list[Sale] = [(21, 1, A, 5, 1), (22, 2, A, 5, 1), (23, 2, B, 5, 1), (24, 3, C, 5, 1), (24, 4, D, 5, 1), (20, 1, C, 5, 1)]
    inputs = inputs_of("strategy/popular_by_age", shop_of(sales, (1, 3, 4)))
    found = popular_by_age.compute(inputs, week_id=WEEK, least=3).collect().sort("customer_id", "popular_by_age_rank")
    # Age 20: ages 19 to 21 took A, A, B, that is three units.  Age 60: only all ages hold three: A, A, B, C.
    young, old = [(1, A, 2 / 3), (1, B, 1 / 3)], [(3, A, 0.5), (3, B, 0.25), (3, C, 0.25)]
    assert found.select("customer_id", "article_id").rows() == [row[:2] for row in young + old]  # no age, no window
    assert found["popular_by_age_score"].to_list() == pytest.approx([row[2] for row in young + old], abs=1e-6)


def test_those_who_come_back_are_shown_what_the_returning_of_their_age_took() -> None:
    # Last week: 2 (age 21) took A twice and 5 (age 70) B, both new; C went to 3, who bought in week 1, and is a regular.
    sales: list[Sale] = [(22, 2, A, 5, 1), (23, 2, A, 5, 1), (24, 5, B, 5, 1), (25, 3, C, 5, 1), (8, 3, D, 5, 1)]
    found = proposed("comeback", shop_of(sales, (1, 3, 4)), least=2)
    # Age 20: ages 19 to 21 took A, A.  No age is read as 50: two units are first in ages 18 to 82, A, A, B.  3 is no comeback.
    assert pairs(found) == [(1, A), (4, A), (4, B)]
    assert scores(found) == pytest.approx([1, 2 / 3, 1 / 3])


@pytest.mark.parametrize(("day", "is_idle"), [(13, True), (14, False)])
def test_four_weeks_without_a_purchase_make_a_comeback(day: int, is_idle: bool) -> None:
    sales: list[Sale] = [(day, 1, D, 5, 1), (35, 2, A, 5, 1)]  # week 6 starts on day 42, its last four weeks on day 14
    assert pairs(proposed("comeback", shop_of(sales), week_id=6)) == ([(1, A)] if is_idle else [])


@pytest.mark.parametrize(("day", "is_regular"), [(6, False), (7, True), (34, True)])
def test_what_regulars_took_does_not_count(day: int, is_regular: bool) -> None:
    # Both bought in week 5, days 35 to 41; the four weeks before it are days 7 to 34.
    sales: list[Sale] = [(day, 2, D, 5, 1), (35, 2, A, 5, 1), (41, 3, B, 5, 1)]
    assert pairs(proposed("comeback", shop_of(sales), week_id=6)) == ([(1, B)] if is_regular else [(1, A), (1, B)])


def test_departments_weigh_their_best_sellers_by_what_the_customer_bought() -> None:
    sales: list[Sale] = [*OWN, (22, 2, B, 5, 1), (23, 2, B, 5, 1), (27, 2, C, 5, 1), (27, 3, D, 5, 1)]
    # 1 and 8 days: 2**(-1/90) = .99233 for A's department and 2**(-8/90) = .94026 for none, D's: .51347 and .48653 of the sum.
    # A and D sold on the last day, 3; B twice early in the week, 2: 3 * .51347, 3 * .48653, 2 * .51347.  C is of another department.
    found = proposed("popular_in_department", shop_of(sales, (1, 4)))
    assert pairs(found) == [(1, A), (1, D), (1, B)]
    assert scores(found) == pytest.approx([1.54042, 1.45959, 1.02694], abs=1e-4)
    assert pairs(proposed("popular_in_department", shop_of(sales), of_each=1)) == [(1, A), (1, D)]
    assert pairs(proposed("popular_in_department", shop_of(sales), departments=1)) == [(1, A), (1, B)]


def test_a_department_names_only_what_sold_last_week() -> None:
    sales: list[Sale] = [*OWN, (20, 2, B, 5, 1)]  # B and D last sold the week before
    assert pairs(proposed("popular_in_department", shop_of(sales))) == [(1, A)]


def test_launches_are_new_and_of_the_customers_sections() -> None:
    # Of A's section B is new for the 14th day and A for the 15th; D has no section, which is a section; C's is not the customer's.
    given = forecast(dict.fromkeys((A, B, C, D), 0.0), {A: 10, B: 4, C: 9, D: 3}, {A: 15, B: 14, C: 3, D: 1})
    # 1 and 8 days: 2**(-1/180) = .99616 and 2**(-8/180) = .96966, that is .50674 and .49326 of the sum: 4 * .50674, 3 * .49326.
    found = proposed("launches", shop_of(OWN, (1, 4)), given)
    assert pairs(found) == [(1, B), (1, D)]
    assert scores(found) == pytest.approx([2.02696, 1.47978], abs=1e-4)


def test_launches_are_those_with_the_best_forecast_of_their_section() -> None:
    new = dict.fromkeys((A, B, D), 7)
    given = forecast(dict.fromkeys(new, 1.0), {A: 2, B: 2.5, D: 0}, new)  # nothing is expected of D
    assert pairs(proposed("launches", shop_of(OWN), given)) == [(1, B), (1, A)]
    assert pairs(proposed("launches", shop_of(OWN), given, of_each=1)) == [(1, B)]
