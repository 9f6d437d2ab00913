"""Need of candidates: looked up, and what is said of a type that was not asked about."""

from dataclasses import replace

import polars as pl

from hm_pipeline.engine.tables import InMemoryTable
from hm_pipeline.recommender.history.type_rates import TypeRates
from hm_pipeline.recommender.signals import need_propensity
from hm_pipeline.recommender.signals.type_need import TypeNeed
from tests.laws.evaluator import ALL_STEPS, Evaluator, Shop
from tests.recommender.signals.few_rows import WEEK, A, B, C, inputs_of, shop_of
from tests.recommender.signals.oracles import KINDS, ask, assert_agree

STEP, PAIR = "signal/need_propensity", ["customer_id", "article_id"]
LOOKED_UP = f"""
with {KINDS}, everyone as (select product_type_no, month_rate from rates where age = -1)
select c.customer_id, c.article_id, coalesce(type_need, month_rate, 0) as need_propensity,
    type_need_since_weeks as need_since_weeks, type_need_due_ratio as need_due_ratio, type_need_own_share as need_own_share
from candidates as c join kinds using (article_id)
left join needs as n on n.customer_id = c.customer_id and n.product_type_no = kind
left join everyone as e on e.product_type_no = kind
"""


def test_needs_are_looked_up_and_other_types_have_the_share_of_all_buyers() -> None:
    # Customer 1 was asked about type 10 alone; 20 has everyone's month, not that of age 30.  Customer 2 was asked about nothing.
    tables = inputs_of(STEP, shop_of([(27, 1, A, 5, 1)], {1: 30, 2: 30}), [(1, A), (1, B), (1, C), (2, A), (2, B)])
    needs = pl.DataFrame([(WEEK, 1, 10, 0.75, 2, 0.5, 1.0)], schema=TypeNeed.create_empty().schema, orient="row")
    rates = pl.DataFrame([(WEEK, -1, 20, 0.9, 0.125), (WEEK, 30, 20, 0.8, 0.6)], schema=TypeRates.create_empty().schema, orient="row")
    known = {"signal/type_need": InMemoryTable(needs, TypeNeed), "history/type_rates": InMemoryTable(rates, TypeRates)}
    found = need_propensity.compute(replace(tables, weekly_tables={**tables.weekly_tables, **known}), week_id=WEEK).collect()
    assert found.sort(PAIR).drop("week_id").rows() == [
        (1, A, 0.75, 2, 0.5, 1.0), (1, B, 0.125, None, None, None), (1, C, 0.75, 2, 0.5, 1.0),
        (2, A, 0.0, None, None, None), (2, B, 0.125, None, None, None),
    ]  # fmt: skip


def test_candidates_of_the_shop_are_what_sql_says(shop: Shop, made: Evaluator, week_id: int) -> None:
    needs = made.result("signal/type_need", week_id)
    some = needs.filter(pl.col("product_type_no") % 3 > 0)  # a third of all types was not asked about
    rates = made.result("history/type_rates", week_id)
    expected = ask(LOOKED_UP, shop, week_id, {"candidates": made.result("candidates", week_id), "needs": some, "rates": rates})
    tables = made.inputs(ALL_STEPS[STEP], week_id)
    known = replace(tables, weekly_tables={**tables.weekly_tables, "signal/type_need": InMemoryTable(some, TypeNeed)})
    found = need_propensity.compute(known, week_id=week_id).collect()
    assert_agree(found, expected, key=PAIR)
