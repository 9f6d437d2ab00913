"""The history of clothing types against the same question asked in SQL about the raw rows, on the simulated shop."""

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hm_pipeline.recommender.history import type_rates
from tests.laws.evaluator import ALL_STEPS, Evaluator

SALES = """
select $week::bigint as week_id, coalesce(product_type_no, -1) as product_type_no, coalesce(index_group_no, -1) as index_group_no,
       case when age < 30 then 0 when age < 50 then 1 when age >= 50 then 2 else -1 end::bigint as age_band,
       week_id as sold_week_id, count(*) as sold_count
from sold join articles using (article_id) join customers using (customer_id) where t_dat < $cutoff::date group by all order by all
"""

RATES = """
with taken as (
    select distinct week_id, customer_id, if(age > 99, 99, age) as age, coalesce(product_type_no, -1) as kind, week_id = $week - 1 as is_new
    from sold join articles using (article_id) join customers using (customer_id)
    where t_dat < $cutoff::date and t_dat >= $cutoff::date - 28
), buyers as (
    select distinct week_id, customer_id, age, is_new from taken
), every as (
    select unnest(range(100)) as mine
), spans as (
    select mine, width, count(age) filter (is_new) as week, count(age) as month
    from every, (select unnest([2, 4, 8, 16, 99]) as width) left join buyers on abs(age - mine) <= width group by all
), chosen as (
    select mine, coalesce(min(width) filter (week >= $least), 99) as near, coalesce(min(width) filter (month >= $least), 99) as far
    from spans group by mine
), kinds as (
    select distinct kind as asked from taken
), shares as (
    select mine, asked as kind,
        count(age) filter (kind = asked and is_new and abs(age - mine) <= near)
            / (select week from spans where spans.mine = chosen.mine and width = near) as week_rate,
        count(age) filter (kind = asked and abs(age - mine) <= far)
            / (select month from spans where spans.mine = chosen.mine and width = far) as month_rate
    from chosen, kinds, taken group by mine, near, far, asked
    union all
    select -1, kind, count(*) filter (is_new) / (select count(*) from buyers where is_new), count(*) / (select count(*) from buyers)
    from taken group by kind
)
select $week::bigint as week_id, mine::bigint as age, kind as product_type_no, week_rate::float as week_rate,
       month_rate::float as month_rate
from shares order by all
"""

PAIRS = """
with visits as (
    select customer_id, week_id, list(distinct coalesce(product_type_no, -1)) as kinds,
           lead(kinds) over (partition by customer_id order by week_id) as following
    from sold join articles using (article_id) where week_id between $week - 16 and $week - 1 group by customer_id, week_id
), every as (
    select distinct unnest(kinds) as kind from visits
), counted as (
    select one.kind as one, two.kind as two, count(*) filter (list_contains(kinds, one.kind)) as had,
        count(*) filter (list_contains(kinds, two.kind)) as usual, count(*) as visits,
        count(*) filter (list_contains(kinds, one.kind) and list_contains(kinds, two.kind)) as both_now,
        count(*) filter (list_contains(kinds, one.kind) and following is not null) as had_before,
        count(*) filter (list_contains(following, two.kind)) as usual_next, count(following) as followed,
        count(*) filter (list_contains(kinds, one.kind) and list_contains(following, two.kind)) as both_next
    from every one, every two, visits group by one.kind, two.kind
), based as (
    select *, (usual + 0.001) / (visits + 1) as base, (usual_next + 0.001) / (followed + 1) as base_next from counted
)
select $week::bigint as week_id, one as product_type_no, two as other_type_no,
    ln((both_next + 20 * base_next) / ((had_before + 20) * base_next))::float as next_lift,
    case when one = two then 0 else ln((both_now + 20 * base) / ((had + 20) * base)) end::float as with_lift
from based order by all
"""


def ask(sql: str, known: Evaluator, week_id: int, **more: int) -> pl.DataFrame:
    """Ask DuckDB about the raw rows of a shop."""
    shop = known.shop
    with duckdb.connect() as connection:
        for name, frame in {"sold": shop.transactions, "articles": shop.articles, "customers": shop.customers}.items():
            connection.register(name, frame.to_arrow())
        values = {"cutoff": shop.calendar.start(week_id), "week": week_id, **more}
        used = {name: value for name, value in values.items() if f"${name}" in sql}
        return pl.from_arrow(connection.sql(sql, params=used).to_arrow_table())


@pytest.mark.parametrize("after", [0, 1, 28])
def test_sales_of_types_are_what_sql_says(known: Evaluator, after: int) -> None:
    week_id = known.shop.calendar.first_week + after
    expected = ask(SALES, known, week_id)
    assert (expected["age_band"].n_unique() > 2) == (after > 0)
    assert_frame_equal(known.result("history/type_sales", week_id), expected)


@pytest.mark.parametrize("least", [20, 500])
def test_rates_of_types_are_what_sql_says(known: Evaluator, week_id: int, least: int) -> None:
    expected = ask(RATES, known, week_id, least=least)
    assert expected.height == 101 * expected["product_type_no"].n_unique()
    found = type_rates.compute(known.inputs(ALL_STEPS["history/type_rates"], week_id), week_id=week_id, least=least)
    assert_frame_equal(found.sort("age", "product_type_no"), expected, abs_tol=1e-6)


@pytest.mark.parametrize("after", [1, 28])
def test_lifts_of_types_are_what_sql_says(known: Evaluator, after: int) -> None:
    week_id = known.shop.calendar.first_week + after
    expected = ask(PAIRS, known, week_id)
    assert expected.height > 100
    assert_frame_equal(known.result("history/type_pairs", week_id), expected, abs_tol=1.1e-5)
