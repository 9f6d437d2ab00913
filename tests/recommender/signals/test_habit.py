"""History of candidate pairs, by hand and in SQL."""

import pytest

from hm_pipeline.base.contracts import Pair
from hm_pipeline.recommender.signals.habit import Habit
from tests.laws.evaluator import Evaluator, Shop
from tests.laws.tiny_shops import Sale
from tests.recommender.signals.few_rows import WEEK, A, B, C, shop_of
from tests.recommender.signals.oracles import ask, assert_agree

DECAYS = {"habit": 90, "habit_7": 7, "habit_30": 30, "habit_365": 365}
DECAYED = "sum(round(65536 * pow(0.5, ago / {}.0))) / 65536"
HABIT = f"""
with bought as (
    select customer_id, article_id, product_code, coalesce(product_type_no, -1) as kind, date_diff('day', t_dat, $cutoff::date) as ago
    from sold join articles using (article_id)
), of_article as (
    select customer_id, article_id, {", ".join(f"{DECAYED.format(days)} as {name}" for name, days in DECAYS.items())},
        count(distinct ago) as habit_days, min(ago) as habit_idle_days,
        (max(ago) - min(ago)) / nullif(count(distinct ago) - 1, 0) as habit_gap_days
    from bought group by all
), of_product as (
    select customer_id, product_code, {DECAYED.format(90)} as habit_product, min(ago) as habit_product_idle_days from bought group by all
), of_type as (
    select customer_id, kind, {DECAYED.format(30)} as habit_type_30, {DECAYED.format(365)} as habit_type_365 from bought group by all
), visits as (select customer_id, count(distinct ago) as visits, min(ago) as last_visit from bought group by all)
select $week::bigint as week_id, customer_id, article_id, of_article.* exclude (customer_id, article_id),
    habit_idle_days / habit_gap_days as habit_due_ratio, habit_days / visits as habit_visit_share,
    (habit_idle_days = last_visit)::int as habit_in_last,
    of_product.* exclude (customer_id, product_code), of_type.* exclude (customer_id, kind)
from (select customer_id, article_id, product_code, coalesce(product_type_no, -1) as kind from candidates join articles using (article_id))
left join of_article using (customer_id, article_id) left join of_product using (customer_id, product_code)
left join of_type using (customer_id, kind) left join visits using (customer_id)
"""


def test_habit_by_hand() -> None:
    sales: list[Sale] = [(6, 1, A, 20_000, 2), (20, 1, A, 10_000, 1), (27, 1, A, 10_000, 1), (27, 1, A, 10_000, 1), (27, 1, B, 50_000, 2)]
    sales += [(27, 2, C, 50_000, 2)]
    rows = Evaluator(shop_of(sales, {1: 30, 2: 30})).result("signal/habit", WEEK).rows_by_key("customer_id", named=True)
    (a,) = [row for row in rows[1] if row["article_id"] == A]
    # 22, 8, 1 and 1 days before the cutoff
    assert a["habit_7"] == pytest.approx(sum(2 ** (-days / 7) for days in (22, 8, 1, 1)), abs=1e-4)
    assert (a["habit_days"], a["habit_idle_days"], a["habit_gap_days"]) == (3, 1, (22 - 1) / 2)
    assert a["habit_due_ratio"] == pytest.approx(1 / 10.5)
    assert (a["habit_visit_share"], a["habit_in_last"]) == (1, 1)
    (c,) = [row for row in rows[1] if row["article_id"] == C]  # which only customer 2 bought
    assert {
        c[name] for name in ("habit", "habit_7", "habit_days", "habit_idle_days", "habit_gap_days", "habit_due_ratio", "habit_in_last")
    } == {None}


def test_habit_agrees_with_sql(shop: Shop, made: Evaluator, week_id: int) -> None:
    expected = ask(HABIT, shop, week_id, {"candidates": made.result("candidates", week_id)})
    assert set(expected.columns) == set(Habit.column_names())
    assert_agree(
        made.result("signal/habit", week_id), expected, key=Pair.primary_key(), abs_tol=1e-4
    )  # a weight of half a unit is rounded up there, down here
