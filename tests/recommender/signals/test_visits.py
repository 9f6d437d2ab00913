"""Whether the customer comes: features by hand and in SQL, and what a fit is shown."""

from dataclasses import replace

import polars as pl
import pytest

from hm_pipeline.recommender.learners.signal_boosters import Boosters
from hm_pipeline.recommender.signals import visit_propensity
from hm_pipeline.recommender.signals.visit_propensity import BUCKETS, FEATURES, HALF_LIVES
from tests.laws.evaluator import ALL_STEPS, Evaluator, Shop
from tests.laws.tiny_shops import Sale, transactions
from tests.recommender.signals.few_rows import WEEK, A, B, C, close, inputs_of, shop_of
from tests.recommender.signals.oracles import ask, assert_agree

STEP = "signal/visit_propensity"
WEEKLY = ", ".join(
    f"count(*) filter (ago between {7 * week - 6} and {7 * week}) as week_{week}_count, "
    f"count(distinct ago) filter (ago between {7 * week - 6} and {7 * week}) as week_{week}_days"
    for week in range(1, BUCKETS + 1)
)
DECAYED = ", ".join(f"coalesce(sum(round(65536 * pow(0.5, ago / {half}.0))) / 65536, 0) as decayed_{half}" for half in HALF_LIVES)
DESCRIBED = f"""
with days as (select *, date_diff('day', t_dat, $cutoff::date) as ago from sold join audience using (customer_id)),
newest as (select customer_id, min(ago) as ago, count(distinct ago) as many from days group by all),
last as (select customer_id, count(*) as last_count from days join newest using (customer_id, ago) group by all)
select customer_id, {WEEKLY}, {DECAYED}, count(ago) as all_count, count(distinct ago) as visit_days, min(ago) as idle_days,
    max(ago) as known_days, (max(ago) - min(ago)) / nullif(count(distinct ago) - 1, 0) as gap_days,
    min(ago) / ((max(ago) - min(ago)) / nullif(count(distinct ago) - 1, 0)) as due_ratio,
    coalesce(any_value(last_count), 0) as last_count, sum(price) / count(ago) / 1e6 as price,
    count(*) filter (sales_channel_id = 2) / nullif(count(ago), 0) as online_share,
    count(*) filter (ago between 351 and 371) as year_ago, any_value(age) as age
from audience join customers using (customer_id) left join days using (customer_id) left join last using (customer_id) group by customer_id
"""


def test_a_customer_is_described_by_hand() -> None:
    # Before day 28: two units 1 day ago, one 7 days ago, one 8 days ago, one 21 days ago.
    sales: list[Sale] = [(27, 1, A, 10, 2), (27, 1, B, 10, 1), (21, 1, A, 40, 2), (20, 1, A, 20, None), (7, 1, C, 20, 1), (28, 1, C, 9, 2)]
    bought, never = visit_propensity.build_features(inputs_of(STEP, shop_of(sales, {1: 30, 2: None})), week_id=WEEK).rows(named=True)
    buckets = [bought[f"week_{week}_{what}"] for week in range(1, BUCKETS + 1) for what in ("count", "days")]
    assert buckets == [3, 2, 1, 1, 1, 1, 0, 0, 0, 0]
    # 2 * 2**(-1/7) + 2**-1 + 2**(-8/7) + 2**-3 = 1.81145 + .5 + .45286 + .125
    assert bought["decayed_7"] == pytest.approx(2.88931, abs=1e-4)
    assert [bought[name] for name in ("all_count", "visit_days", "idle_days", "known_days", "last_count")] == [5, 4, 1, 21, 2]
    # Four days from 21 to 1 days ago: a gap of 20 / 3, of which 1 day has passed.  100 millionths for 5 units, 2 online.
    assert [bought[name] for name in ("gap_days", "due_ratio", "price", "online_share")] == close(20 / 3, 0.15, 20e-6, 0.4)
    unknown = {"idle_days", "known_days", "gap_days", "due_ratio", "price", "online_share", "age"}
    assert {name: never[name] for name in FEATURES} == {name: None if name in unknown else 0 for name in FEATURES}


def test_what_was_bought_at_this_time_of_last_year_is_counted() -> None:
    # Week 53 starts on day 371: days 0 and 20 are 371 and 351 days ago, inside, and day 21, 350 days ago, is not.
    shop = shop_of([(0, 1, A, 5, 1), (20, 1, A, 5, 1), (21, 1, A, 5, 1)], {1: 30})
    late = replace(shop, calendar=replace(shop.calendar, last_week=60))
    (row,) = visit_propensity.build_features(Evaluator(late).inputs(ALL_STEPS[STEP], 53), week_id=53).rows(named=True)
    assert (row["year_ago"], row["known_days"], row["idle_days"]) == (2, 371, 350)


def test_features_are_what_sql_says(shop: Shop, made: Evaluator, week_id: int) -> None:
    found = visit_propensity.build_features(made.inputs(ALL_STEPS[STEP], week_id), week_id=week_id)
    expected = ask(DESCRIBED, shop, week_id)
    assert set(expected.columns) == {"customer_id", *FEATURES}
    assert_agree(found, expected, key=["customer_id"], abs_tol=2e-4)  # half of 2**-16, up to ten times, is rounded either way


def test_a_constant_is_said_of_everyone() -> None:
    tables = inputs_of(STEP, shop_of([(27, 1, A, 10, 2)], {1: 30, 2: None}))
    found = visit_propensity.compute(tables, week_id=WEEK, model=Boosters(FEATURES, {}, {"comes": 0.25})).collect()
    assert found.rows() == [(WEEK, 1, 0.25), (WEEK, 2, 0.25)]


def test_a_fit_weighs_those_who_came_last_week_as_many_as_they_stand_for() -> None:
    # Cutoffs 1 to 3, customers 1 to 4.  Week 0: 1 and 2 come; week 1: 1; week 2: nobody; week 3: 3.
    sales: list[Sale] = [(1, 1, A, 5, 1), (1, 2, A, 5, 1), (8, 1, B, 5, 1), (22, 3, C, 5, 1), (29, 4, C, 5, 1)]
    tables = inputs_of("model/visit_propensity", shop_of(sales, dict.fromkeys(range(1, 5), 30)))
    everyone = visit_propensity.fit(tables, week_id=WEEK, seed=0)
    # All 12 rows weigh the same: one came in week 1 and one in week 3, 2 of 12.
    assert (everyone.metrics["examples"], everyone.constants) == (12.0, {"comes": pytest.approx(2 / 12, abs=1e-6)})
    one = [visit_propensity._examples(tables, past, 0, 1) for past in (1, 2, 3)]
    # One of 2 regulars (each stands for 2) and one of 2 others; one of 1 and one of 3; none and one of 4.
    assert [frame["weight"].sort().to_list() for frame in one] == [[1.0, 1.0], close(0.5, 1.5), [1.0]]


def test_nobody_in_the_past_is_no_ground_to_learn_on() -> None:
    shop = replace(shop_of([], {1: 30}), transactions=transactions([]))
    model = visit_propensity.fit(inputs_of("model/visit_propensity", shop), week_id=WEEK, seed=0)
    assert (model.boosters, model.constants) == ({}, {"comes": 0.0})
    assert pl.Series(model.metrics.values()).is_finite().all()
