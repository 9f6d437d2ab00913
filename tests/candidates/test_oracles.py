"""Strategies against the same question asked in SQL, on the simulated shop."""

from typing import Any

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hm_pipeline.candidates import popular_by_age
from tests.laws.evaluator import ALL_STEPS, Evaluator, Shop

REPURCHASE = """
with days as (
    select customer_id, article_id, date_diff('day', t_dat, $cutoff::date) as days
    from sold join audience using (customer_id) where t_dat < $cutoff::date
), scored as (
    select customer_id, article_id, sum(round(65536 * pow(0.5, days / 30.0))::bigint)::bigint as score,
           min(days) as last, count(*) as units
    from days group by all
), ranked as (
    select *, row_number() over (partition by customer_id order by score desc, article_id) as place from scored
)
select $week::bigint as week_id, customer_id, article_id, place::smallint as repurchase_rank,
       (score / 65536)::float as repurchase_score, last::smallint as repurchase_days, units::smallint as repurchase_count
from ranked where place <= 50 order by customer_id, article_id
"""

BY_AGE = """
with units as (
    select least(age, 100) as age, article_id from sold join customers using (customer_id)
    where age is not null and t_dat < $cutoff::date and t_dat >= $cutoff::date - 7
), ages as (
    select distinct least(age, 100) as mine from customers join audience using (customer_id) where age is not null
), windows as (
    select mine, width, count(age) as total
    from ages, (select unnest([1, 2, 4, 8, 16, 32, 100]) as width) left join units on abs(age - mine) <= width group by all
), chosen as (
    select mine, coalesce(min(width) filter (total >= $least), 100) as width from windows group by mine
), counted as (
    select mine, article_id, count(*) as units from chosen join units on abs(age - mine) <= width group by all
), ranked as (
    select *, row_number() over (partition by mine order by units desc, article_id) as place,
           sum(units) over (partition by mine) as total from counted
)
select $week::bigint as week_id, customer_id, article_id, place::smallint as popular_by_age_rank,
       (units / total)::float as popular_by_age_score
from audience join customers using (customer_id) join ranked on mine = least(age, 100)
where place <= 24 order by customer_id, article_id
"""


def ask(sql: str, shop: Shop, week_id: int, **values: Any) -> pl.DataFrame:
    """Ask DuckDB about the raw rows of a shop."""
    with duckdb.connect() as connection:
        for name, frame in {"sold": shop.transactions, "customers": shop.customers, "audience": shop.audience}.items():
            connection.register(name, frame.to_arrow())
        parameters = {"cutoff": shop.calendar.start(week_id), "week": week_id, **values}
        return pl.from_arrow(connection.sql(sql, params=parameters).to_arrow_table())


def test_repurchase_is_what_sql_says(shop: Shop, week_id: int) -> None:
    expected = ask(REPURCHASE, shop, week_id)
    assert expected.height > 500
    assert_frame_equal(Evaluator(shop).result("strategy/repurchase", week_id), expected, abs_tol=1e-6)


@pytest.mark.parametrize("least", [1, 60, 2_000])
def test_popular_by_age_is_what_sql_says(shop: Shop, week_id: int, least: int) -> None:
    expected = ask(BY_AGE, shop, week_id, least=least)
    inputs = Evaluator(shop).inputs(ALL_STEPS["strategy/popular_by_age"], week_id)
    found = popular_by_age.compute(inputs, week_id=week_id, least=least, least_share=1).collect().sort("customer_id", "article_id")
    assert expected.height > 500
    assert_frame_equal(found.select(expected.columns), expected, abs_tol=1e-6)


def test_a_small_shop_widens_the_window_of_an_age_to_a_tenth_of_its_units(shop: Shop, week_id: int) -> None:
    aged = (
        shop.transactions.filter(pl.col("week_id") == week_id - 1)
        .join(shop.customers, on="customer_id")
        .filter(pl.col("age").is_not_null())
    )
    enough = min(2_000, max(popular_by_age.FEWEST, round(0.1 * aged.height)))
    expected = ask(BY_AGE, shop, week_id, least=enough)
    inputs = Evaluator(shop).inputs(ALL_STEPS["strategy/popular_by_age"], week_id)
    found = popular_by_age.compute(inputs, week_id=week_id).collect().sort("customer_id", "article_id")
    assert enough < aged.height
    assert_frame_equal(found.select(expected.columns), expected, abs_tol=1e-6)
