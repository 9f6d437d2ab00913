"""The history of clothing types on a few rows, with numbers worked out by hand; week 4 starts on day 28."""

import polars as pl
import pytest

from hm_pipeline.base.contracts import Transactions
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.tables import InMemoryTable
from hm_pipeline.recommender.history import type_pairs, type_rates, type_sales
from hm_pipeline.recommender.history.type_pairs import TypePairs
from hm_pipeline.recommender.history.type_rates import TypeRates
from hm_pipeline.recommender.history.type_sales import TypeSales
from tests.laws.tiny_shops import CALENDAR, Sale, articles, customers, transactions

A, B, C, D = 101, 102, 103, 104
TYPES = {A: 10, B: 20, C: 30, D: None}
AGES = {1: 20, 2: 21, 3: 60, 4: None}
WEEK = 4


def inputs_of(sales: list[Sale], ages: dict[int, int | None] = AGES) -> Inputs:
    catalogue = articles([{"article_id": article, "product_type_no": kind, "index_group_no": kind} for article, kind in TYPES.items()])
    weekly = {
        "transactions": InMemoryTable(transactions(sales), Transactions),
        "history/type_sales": InMemoryTable(TypeSales.create_empty(), TypeSales),
    }
    return Inputs(weekly, {"articles": catalogue.lazy(), "customers": customers(ages).lazy()}, calendar=CALENDAR)


def rates(sales: list[Sale], age: int, least: int = 2) -> dict[int, tuple[float, float]]:
    found = type_rates.compute(inputs_of(sales), week_id=WEEK, least=least)
    assert TypeRates.is_valid(found)
    rows = found.filter(pl.col("age") == age).select("product_type_no", "week_rate", "month_rate").rows()
    return {kind: (pytest.approx(week), pytest.approx(month)) for kind, week, month in rows}


def lifts(sales: list[Sale], **limits: int) -> dict[tuple[int, int], tuple[float, float]]:
    found = type_pairs.compute(inputs_of(sales), week_id=WEEK, **limits)
    assert TypePairs.is_valid(found)
    rows = found.select("product_type_no", "other_type_no", "next_lift", "with_lift").rows()
    return {(one, other): (follows, goes_with) for one, other, follows, goes_with in rows}


def test_rates_are_shares_of_the_buyers_around_an_age() -> None:
    # Last week: 1 took A twice, 2 A and B, 3 B, 4 (no age) A.  Two weeks before: 1 took C.
    sales: list[Sale] = [
        (22, 1, A, 5, 1),
        (23, 1, A, 5, 1),
        (22, 2, A, 5, 1),
        (22, 2, B, 5, 1),
        (24, 3, B, 5, 1),
        (27, 4, A, 5, 1),
        (9, 1, C, 5, 1),
    ]
    # Everyone: 4 buyers last week, 5 of the month's weeks.  A: 3 of both.  B: 2 of both.  C: 1 of the month.
    assert rates(sales, -1) == {10: (3 / 4, 3 / 5), 20: (2 / 4, 2 / 5), 30: (0, 1 / 5)}
    # Age 20: 1 and 2 are in 18 to 22.  A: both.  B: one.  In the month they are three, one of whom took C.
    assert rates(sales, 20) == {10: (1, 2 / 3), 20: (1 / 2, 1 / 3), 30: (0, 1 / 3)}
    # One buyer is enough: from 19 and from 22 years both are still two years away.
    assert rates(sales, 19, least=1) == rates(sales, 22, least=1) == rates(sales, 20)
    # Age 60: two buyers are only in a window of all ages, without 4.
    assert rates(sales, 60) == {10: (2 / 3, 2 / 4), 20: (2 / 3, 2 / 4), 30: (0, 1 / 4)}


def test_where_no_age_is_known_every_age_has_the_rates_of_everyone() -> None:
    assert rates([(22, 4, A, 5, 1)], 33) == rates([(22, 4, A, 5, 1)], -1) == {10: (1, 1)}
    assert rates([], 33) == {}


def test_an_article_without_a_type_is_of_the_type_unknown() -> None:
    assert rates([(22, 1, D, 5, 1)], -1) == {-1: (1, 1)}


def test_a_purchase_five_weeks_ago_is_not_of_the_month() -> None:
    tables = inputs_of([(6, 1, A, 5, 1), (7, 1, B, 5, 1)])
    assert type_rates.compute(tables, week_id=5)["product_type_no"].unique().to_list() == [20]  # day 7 starts week 1


def test_lifts_compare_a_type_with_what_is_usual() -> None:
    # Visits: 1 took A in week 0 and B in week 2; 2 and 3 took A and B in week 0.
    sales: list[Sale] = [(0, 1, A, 5, 1), (15, 1, B, 5, 1), *[(3, customer, article, 5, 1) for customer in (2, 3) for article in (A, B)]]
    found = lifts(sales)
    # Next: one visit is followed by another, A by B.  Usual there: B 1.001 / 2 = .5005, A .001 / 2 = .0005.
    # A to B: ln((1 + 20 * .5005) / (21 * .5005)) = ln(11.01 / 10.5105) = .04643.  A to A: ln(.01 / .0105) = -.04879.  B led nowhere.
    assert [found[pair][0] for pair in ((10, 20), (10, 10), (20, 10), (20, 20))] == pytest.approx([0.04643, -0.04879, 0, 0], abs=2e-5)
    # With: of four visits three had A, three had B, two both.  Usual: 3.001 / 5 = .6002.
    # ln((2 + 20 * .6002) / (23 * .6002)) = ln(14.004 / 13.8046) = .01434.  Of itself 0.
    assert [found[pair][1] for pair in ((10, 20), (20, 10), (10, 10), (20, 20))] == pytest.approx([0.01434, 0.01434, 0, 0], abs=2e-5)


def test_the_next_visit_is_the_customers_own() -> None:
    # 1 took A, 2 took B later: nothing follows for anyone, so that nothing is lifted.
    assert {values[0] for values in lifts([(0, 1, A, 5, 1), (15, 2, B, 5, 1)]).values()} == {0.0}
    assert lifts([]) == lifts([(0, 1, A, 5, 1)], weeks=3) == {}  # week 0 is the fourth before week 4


def test_types_sell_by_index_group_and_age_band() -> None:
    ages = {1: 29, 2: 30, 3: 49, 4: 50, 5: None, 6: 0}
    sales: list[Sale] = [*((22, customer, A, 5, 1) for customer in ages), (23, 1, A, 5, 1), (23, 5, D, 5, 1), (20, 1, B, 5, 1)]
    found = type_sales.compute(inputs_of(sales, ages), week_id=WEEK).collect()
    # Under 30: 29 twice and 0, that is three; 30 and 49 are in the next band, 50 in the last; no age, no type: -1.
    assert sorted(found.rows()) == [
        (WEEK, -1, -1, -1, 3, 1), (WEEK, 10, 10, -1, 3, 1), (WEEK, 10, 10, 0, 3, 3), (WEEK, 10, 10, 1, 3, 2), (WEEK, 10, 10, 2, 3, 1),
    ]  # fmt: skip


def test_an_unknown_age_is_in_no_band() -> None:
    ages = pl.DataFrame({"age": [None, 0, 29, 30, 49, 50, 140]}, schema={"age": pl.Int16})
    assert ages.select(type_sales.age_band(pl.col("age"))).to_series().to_list() == [-1, 0, 0, 1, 1, 2, 2]
