"""What signals said and what their baselines did, on a few rows by hand; week 4 starts on day 28."""

from dataclasses import replace

import pytest

from hm_pipeline.evaluation.signal_metrics.questions import needs, offers, seasons
from tests.laws.tiny_shops import Sale, articles
from tests.recommender.signals.few_rows import WEEK, A, B, C, close, inputs_of, shop_of


def test_needs_stand_beside_their_rivals() -> None:
    # Customer 1 took type 10 in weeks 0 and 3, customer 2 type 20 in week 3; in week 4 only customer 1 buys, type 20.
    sales: list[Sale] = [(1, 1, A, 5, 1), (22, 1, C, 5, 1), (23, 2, B, 5, 1), (28, 1, B, 5, 1)]
    found = needs(inputs_of("signal_scores", shop_of(sales, {1: 30, 2: 140})), WEEK)
    assert found.select("customer_id", "product_type_no", "outcome").rows() == [(1, 10, 0.0), (1, 20, 1.0)]
    # Of three weeks of buyers two took type 10 and one type 20; of last week's two buyers one each.
    assert found["base_rate"].to_list() == close(2 / 3, 1 / 3)
    assert found["last_week_by_age"].to_list() == close(1 / 2, 1 / 2)
    # Two of two weeks, and three of the average customer: (2 + 3 * 2 / 3) / 5; (0 + 3 / 3) / 5.
    assert found["own_share"].to_list() == close(0.8, 0.2)


def test_seasons_stand_beside_their_rivals() -> None:
    # Week 0 is all of type 10, week 3 half of each, week 4 a quarter of type 10.
    sales: list[Sale] = [(1, 1, A, 5, 1), (22, 1, C, 5, 1), (23, 2, B, 5, 1), (28, 1, A, 5, 1), *[(29, 1, B, 5, 1)] * 3]
    found = seasons(inputs_of("signal_scores", shop_of(sales, {1: 30, 2: 50})), WEEK)
    assert found.select("product_type_no", "outcome", "last_week").rows() == [(10, 0.25, 0.5), (20, 0.75, 0.5)]
    assert found["mean_of_4_weeks"].to_list() == [0.375, 0.125]  # (1 + 0 + 0 + .5) / 4, .5 / 4
    assert found["a_year_ago"].to_list() == [0.5, 0.5]  # there is none: last week stands in
    assert found["signal"].sum() == pytest.approx(1, abs=1e-5)


def test_a_year_ago_is_52_weeks_ago() -> None:
    sales: list[Sale] = [(1, 1, A, 5, 1), (8, 1, B, 5, 1), (7 * 51, 1, A, 5, 1), (7 * 52, 1, A, 5, 1)]
    shop = shop_of(sales, {1: 30})
    found = seasons(inputs_of("signal_scores", replace(shop, calendar=replace(shop.calendar, last_week=60)), week_id=53), 53)
    assert found["a_year_ago"].to_list() == [0.0, 1.0]  # week 1


def test_offers_have_a_phase_and_stand_beside_their_rivals() -> None:
    # Week 7 starts on day 49.  101 sells as ever, 102 not since day 2, 103 an eighth of its best, 104 since day 44.
    sales: list[Sale] = [
        (1, 1, 101, 5, 1),
        (45, 1, 101, 5, 1),
        (2, 1, 102, 5, 1),
        *[(7, 1, 103, 5, 1)] * 8,
        (42, 1, 103, 5, 1),
        (44, 1, 104, 5, 1),
    ]
    shop = shop_of([*sales, (49, 1, 104, 5, 1), (50, 1, 104, 5, 1)], {1: 30})
    tables = inputs_of("signal_scores", replace(shop, articles=articles([{"article_id": one} for one in range(101, 105)])), week_id=7)
    found = offers(tables, 7)
    assert found["segment"].to_list() == ["regular", "gone", "fading", "launch"]
    assert found["outcome"].to_list() == [0, 0, 0, 2]
    assert found["last_week"].to_list() == [1, 0, 1, 1]
    assert found["mean_of_4_weeks"].to_list() == [0.25, 0, 0.25, 0.25]
    assert set(found["zero"]) == {0}
