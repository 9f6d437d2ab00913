"""Need of clothing types: the rhythm by hand and in SQL, and what a fit is shown."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hm_pipeline.recommender.learners.signal_boosters import Boosters
from hm_pipeline.recommender.signals import type_need
from hm_pipeline.recommender.signals._lib.need_features import FEATURES, PurchaseWeeks, TypeStats, build_features
from tests.laws.evaluator import ALL_STEPS, Evaluator, Shop
from tests.laws.tiny_shops import Sale
from tests.recommender.signals.few_rows import WEEK, A, B, C, inputs_of, shop_of
from tests.recommender.signals.oracles import KINDS, ask, assert_agree

STEP, KEY = "signal/type_need", ["customer_id", "product_type_no"]
CONSTANT = Boosters(FEATURES, {}, {"is_bought": 0.25})
RHYTHM = f"""
with {KINDS}, mine as (select * from sold join audience using (customer_id) join kinds using (article_id)),
weeks as (select distinct customer_id, kind, $week - week_id as ago from mine),
visits as (select distinct customer_id, ago from weeks),
alls as (
    select customer_id, count(*) as all_weeks, min(ago) as all_since_weeks, sum(pow(0.5, ago / 26.0)) as all_lately
    from visits group by all
), own as (
    select customer_id, kind, count(*) as type_weeks, min(ago) as since_weeks,
        (max(ago) - min(ago)) / nullif(count(*) - 1, 0) as gap_weeks,
        sum(pow(0.5, ago / 8.0)) as recent, sum(pow(0.5, ago / 26.0)) as lately
    from weeks group by all
), online as (select customer_id, count(*) filter (sales_channel_id = 2) / count(*) as online_share from mine group by all),
popular as (
    select product_type_no as kind from rates where age = -1 and month_rate > 0 order by month_rate desc, product_type_no limit 30
), asked as (select customer_id, kind from audience, popular union select customer_id, kind from own),
last as (select customer_id, kind from own join alls using (customer_id) where since_weeks = all_since_weeks),
sizes as (select customer_id, count(*) as last_size from last group by all),
follows as (
    select customer_id, other_type_no as kind, sum(next_lift) as lifts
    from last join pairs on last.kind = pairs.product_type_no group by all
), goes as (
    select customer_id, other_type_no as kind, sum(lately * with_lift) as lifts
    from own join pairs on own.kind = pairs.product_type_no group by all
), weights as (select customer_id, sum(lately) as weight from own group by all)
select customer_id, asked.kind as product_type_no,
    coalesce(every.week_rate, 0) as week_rate, coalesce(every.month_rate, 0) as month_rate,
    coalesce(aged.week_rate, 0) as age_week_rate, coalesce(aged.month_rate, 0) as age_month_rate,
    coalesce(type_weeks, 0) as type_weeks, since_weeks, gap_weeks, since_weeks / gap_weeks as due_ratio,
    coalesce(type_weeks, 0) / coalesce(all_weeks, 1) as own_share,
    coalesce(recent, 0) as recent, coalesce(lately, 0) as lately, coalesce(lately / all_lately, 0) as lately_share,
    (last.kind is not null)::int as in_last, coalesce(last_size, 0) as last_size,
    coalesce(follows.lifts / last_size, 0) as complement, coalesce(goes.lifts / weight, 0) as taste,
    coalesce(all_weeks, 0) as all_weeks, all_since_weeks, coalesce(all_lately, 0) as all_lately, online_share, customers.age
from asked join customers using (customer_id)
left join rates as every on every.age = -1 and every.product_type_no = asked.kind
left join rates as aged on aged.age = least(coalesce(customers.age, -1), 99) and aged.product_type_no = asked.kind
left join own using (customer_id, kind) left join alls using (customer_id) left join online using (customer_id)
left join last using (customer_id, kind) left join sizes using (customer_id) left join weights using (customer_id)
left join follows using (customer_id, kind) left join goes using (customer_id, kind)
"""


def test_the_rhythm_is_worked_out_by_hand() -> None:
    # Customer 0 took type 0 in weeks 6, 4 and 1 before, type 1 in week 1 before.  Customer 1, of unknown age, nothing.
    purchases = PurchaseWeeks(np.array([0, 0, 0, 0]), np.array([0, 0, 0, 1]), np.array([6, 4, 1, 1]), np.array([0.75, np.nan]))
    rates = np.zeros((101, 3), np.float32)
    rates[0], rates[31] = [0.5, 0.3, 0.1], [0.6, 0.2, 0.4]  # everyone, and age 30
    follows, goes = np.array([[0.1, 0.2, 0.3], [0.5, 0.4, 0.7], [0, 0, 0]]), np.array([[0, 0.6, -0.9], [0.6, 0, 0.3], [-0.9, 0.3, 0]])
    types = TypeStats(pl.Series([10, 20, 30]), rates, rates / 2, follows, goes)
    found = build_features(purchases, types, np.array([30.0, np.nan]), 0, 2)
    mine, theirs = ({name: [float(value) for value in found[name][place]] for name in FEATURES} for place in (0, 1))
    unknown = float("nan")
    # 2**(-6/8) + 2**(-4/8) + 2**(-1/8) = .59460 + .70711 + .91700; of 26 weeks .85218 + .89885 + .97369 = 2.72472.
    # Visits are the same three weeks: type 0 has all of them lately, type 1 .97369 / 2.72472 = .35736.
    expected = {
        "week_rate": (0.5, 0.3, 0.1), "month_rate": (0.25, 0.15, 0.05), "age_week_rate": (0.6, 0.2, 0.4), "age_month_rate": (0.3, 0.1, 0.2),
        "type_weeks": (3, 1, 0), "since_weeks": (1, 1, unknown), "gap_weeks": (2.5, unknown, unknown), "due_ratio": (0.4, unknown, unknown),
        "own_share": (1, 1 / 3, 0), "recent": (2.21871, 0.91700, 0), "lately": (2.72472, 0.97369, 0), "lately_share": (1, 0.35736, 0),
        "in_last": (1, 1, 0), "last_size": (2, 2, 2), "complement": (0.3, 0.3, 0.5),  # the mean of the lifts of types 0 and 1
        # (1 * with_lift of 0 + .35736 * with_lift of 1) / 1.35736: .21441, .6 and -.9 + .10721 over it
        "taste": (0.15796, 0.44203, -0.58407), "all_weeks": (3, 3, 3), "all_since_weeks": (1, 1, 1),
        "all_lately": (2.72472,) * 3, "online_share": (0.75,) * 3, "age": (30,) * 3,
    }  # fmt: skip
    assert mine == {name: pytest.approx(values, abs=1e-4, nan_ok=True) for name, values in expected.items()}
    nothing = {"since_weeks", "gap_weeks", "due_ratio", "all_since_weeks", "online_share", "age"}
    nobody = {name: (unknown,) * 3 if name in nothing else (0,) * 3 for name in FEATURES if not name.endswith("rate")}
    nobody |= {f"{who}{rate}_rate": expected[f"{rate}_rate"] for who in ("", "age_") for rate in ("week", "month")}
    assert theirs == {name: pytest.approx(values, abs=1e-4, nan_ok=True) for name, values in nobody.items()}


def test_customers_are_described_the_same_in_any_block(made: Evaluator, week_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = made.inputs(ALL_STEPS[STEP], week_id)
    whole = pl.concat(type_need.iter_features(tables, week_id=week_id))
    monkeypatch.setattr(type_need, "BLOCK", 7)
    blocks = list(type_need.iter_features(tables, week_id=week_id))
    assert len(blocks) == 41  # 286 customers
    assert_frame_equal(pl.concat(blocks), whole, check_exact=True)


def test_the_rhythm_is_what_sql_says(shop: Shop, made: Evaluator, week_id: int) -> None:
    tables = {name: made.result(f"history/type_{name}", week_id) for name in ("rates", "pairs")}
    expected = ask(RHYTHM, shop, week_id, tables)
    assert set(expected.columns) == {*KEY, *FEATURES}
    found = pl.concat(type_need.iter_features(made.inputs(ALL_STEPS[STEP], week_id), week_id=week_id))
    assert_agree(found, expected, key=KEY, abs_tol=1e-5, rel_tol=1e-4)


def test_own_and_popular_types_are_said_with_what_is_known() -> None:
    # Customer 1: type 10 in weeks 0 and 2, due in its third gap of 2; type 20 once in two weeks of purchase.  2 never bought.
    sales: list[Sale] = [(1, 1, A, 5, 1), (15, 1, C, 5, 1), (16, 1, B, 5, 1), (29, 1, B, 5, 1)]
    tables = inputs_of(STEP, shop_of(sales, {1: 30, 2: None}))
    found = type_need.compute(tables, week_id=WEEK, model=CONSTANT).collect().sort(KEY)
    assert found.drop("week_id").rows() == [
        (1, 10, 0.25, 2, 1.0, 1.0), (1, 20, 0.25, 2, None, 0.5), (2, 10, 0.25, None, None, None), (2, 20, 0.25, None, None, None)
    ]  # fmt: skip


def test_a_type_that_hardly_anyone_takes_is_asked_of_those_who_took_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type_need, "POPULAR", 1)
    sales: list[Sale] = [(22, 1, A, 5, 1), (23, 2, A, 5, 1), (24, 2, B, 5, 1)]
    found = type_need.compute(inputs_of(STEP, shop_of(sales, {1: 30, 2: 30, 3: 30})), week_id=WEEK, model=CONSTANT).collect()
    assert found.sort(KEY).select(KEY).rows() == [(1, 10), (2, 10), (2, 20), (3, 10)]


def test_a_fit_is_shown_the_last_buyers_and_what_they_took() -> None:
    # Cutoff 1: nobody bought in week 1.  Cutoff 2: buyer 1 is asked about type 10, which alone has sold, and takes it (and 20).
    # Cutoff 3: buyer 2 is asked about 10 and 20, which sold before, and takes 20.  Two of three.
    sales: list[Sale] = [(1, 1, A, 5, 1), (15, 1, C, 5, 1), (16, 1, B, 5, 1), (22, 2, B, 5, 1), (29, 2, A, 5, 1)]
    tables = inputs_of("model/type_need", shop_of(sales, {1: 30, 2: 40}))
    model = type_need.fit(tables, week_id=WEEK, seed=0)
    assert (model.metrics["examples"], model.constants) == (3.0, {"is_bought": pytest.approx(2 / 3, abs=1e-6)})
    shown = [type_need._examples(tables, past, 0, 9).select(*KEY, "is_bought", "since_weeks").rows() for past in (1, 2, 3)]
    assert shown[:2] == [[], [(1, 10, 1, 2.0)]]
    assert [row[:3] for row in shown[2]] == [(2, 10, 0), (2, 20, 1)]
