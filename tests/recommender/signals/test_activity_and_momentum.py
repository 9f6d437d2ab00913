"""Activity and momentum by hand and in SQL."""

import polars as pl
import pytest

from tests.laws.evaluator import Evaluator, Shop
from tests.laws.tiny_shops import Sale
from tests.recommender.signals.few_rows import WEEK, A, B, C, shop_of
from tests.recommender.signals.oracles import ask, assert_agree

ACTIVITY = """
with days as (select *, date_diff('day', t_dat, $cutoff::date) as ago from sold)
select customer_id, coalesce(sum(round(65536 * pow(0.5, ago / 30.0))) / 65536, 0) as activity, count(ago) as activity_count,
    count(distinct week_id) as activity_weeks, min(ago) as activity_idle_days, sum(price) / count(ago) / 1e6 as activity_price,
    count(*) filter (sales_channel_id = 2) / nullif(count(ago), 0) as activity_online_share
from audience left join days using (customer_id) group by customer_id
"""

MOMENTUM = """
with days as (
    select article_id, week_id, price, sales_channel_id = 2 as online, age, date_diff('day', t_dat, $cutoff::date) as ago,
        pow(0.5, ($week - 1 - week_id) / 2.0) as weight
    from sold join customers using (customer_id)
), newest as (select article_id, max(week_id) as week_id from days group by all),
prices as (select article_id, floor(avg(price)) / 1e6 as momentum_price from days join newest using (article_id, week_id) group by all)
select article_id,
    (count(*) filter (ago <= 3) / 3 + 1) / (count(*) filter (ago <= 14) / 14 + 1) as momentum,
    count(*) filter (ago <= 1) as momentum_day_1_count, count(*) filter (ago <= 3) as momentum_day_3_count,
    count(*) filter (ago <= 7) as momentum_day_7_count, count(*) filter (ago between 8 and 14) as momentum_lag_2_count,
    any_value(momentum_price) as momentum_price
    {decayed}
from days join prices using (article_id) group by all {having}
"""
DECAYED = """, coalesce(sum(weight) filter (online), 0) / sum(weight) as momentum_online_share,
    sum(weight * age) / sum(weight) filter (age is not null) as momentum_buyer_age"""


def test_activity_halves_a_purchase_in_thirty_days() -> None:
    sales: list[Sale] = [(27, 1, A, 20_000, 2), (20, 1, B, 10_000, 1), (28, 1, C, 50_000, 2)]
    bought, never = Evaluator(shop_of(sales, {1: 30, 2: 30})).result("signal/activity", WEEK).rows(named=True)
    # 1 and 8 days before the cutoff: 2**(-1/30) + 2**(-8/30) = .97716 + .83124
    assert bought == {
        "week_id": WEEK, "customer_id": 1, "activity": pytest.approx(1.8084, abs=1e-4), "activity_count": 2, "activity_weeks": 2,
        "activity_idle_days": 1, "activity_price": pytest.approx(0.015), "activity_online_share": 0.5,
    }  # fmt: skip
    assert list(never.values()) == [WEEK, 2, 0, 0, 0, None, None, None]


def test_momentum_compares_days_with_a_fortnight() -> None:
    # Week 3: two units on the last day and one on day 22, online, buyer 20.  Week 2: four units in a shop, buyer 40.
    sales: list[Sale] = [(27, 1, A, 30_000, 2), (27, 1, A, 30_000, 2), (22, 1, A, 60_000, 2), *[(15, 2, A, 90_000, 1)] * 4]
    (row,) = Evaluator(shop_of(sales, {1: 20, 2: 40})).result("signal/momentum", WEEK).rows(named=True)
    assert row["momentum"] == pytest.approx((2 / 3 + 1) / (7 / 14 + 1))
    assert [row[f"momentum_{name}_count"] for name in ("day_1", "day_3", "day_7", "lag_2")] == [2, 2, 3, 4]
    assert row["momentum_price"] == pytest.approx(0.04)  # the last week's mean
    # Decayed units: 3 * 1024 = 3072 new, 4 * 1024 * 181 // 256 = 2896 old
    assert row["momentum_online_share"] == pytest.approx(3072 / 5968)
    assert row["momentum_buyer_age"] == pytest.approx((20 * 3072 + 40 * 2896) / 5968)


def test_activity_is_what_sql_says(shop: Shop, made: Evaluator, week_id: int) -> None:
    assert_agree(made.result("signal/activity", week_id), ask(ACTIVITY, shop, week_id), key=["customer_id"])


def test_momentum_is_what_sql_says(shop: Shop, made: Evaluator, week_id: int) -> None:
    expected = ask(MOMENTUM.format(decayed="", having=""), shop, week_id)
    assert_agree(made.result("signal/momentum", week_id), expected, key=["article_id"])


def test_decayed_shares_and_ages_are_what_sql_says_of_articles_on_sale(shop: Shop, made: Evaluator, week_id: int) -> None:
    expected = ask(MOMENTUM.format(decayed=DECAYED, having="having min(ago) <= 7"), shop, week_id)
    ages = expected.select("article_id", "momentum_buyer_age")
    shares = expected.select("article_id", "momentum_online_share")
    found = made.result("signal/momentum", week_id).filter(pl.col("momentum_day_7_count") > 0)
    # Integers of 1/1024 lose less than one of them a week, of at least 1024: a third of a percent at most.
    assert_agree(found, shares, key=["article_id"], abs_tol=0.005)
    assert_agree(found, ages, key=["article_id"], abs_tol=0.2)
