"""Strategies that follow what the shop sells against the same question asked in SQL, on the simulated shop."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hm_pipeline.recommender.candidates import comeback, popular_by_age
from tests.laws.evaluator import ALL_STEPS, Evaluator
from tests.recommender.candidates.oracle import SALES, ask, assert_strategy_is

# Best sellers of age windows: `units` holds the age and article of each unit, `ages` those that are asked for.
WINDOWS = """
windows as (
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
"""

BY_AGE = f"""
with units as (
    select least(age, 100) as age, article_id from sold join customers using (customer_id)
    where age is not null and t_dat < $cutoff::date and t_dat >= $cutoff::date - 7
), ages as (
    select distinct least(age, 100) as mine from customers join audience using (customer_id) where age is not null
), {WINDOWS}
select $week::bigint as week_id, customer_id, article_id, place::smallint as popular_by_age_rank,
       (units / total)::float as popular_by_age_score
from audience join customers using (customer_id) join ranked on mine = least(age, 100)
where place <= 48 order by customer_id, article_id
"""

COMEBACK = f"""
with regulars as (
    select customer_id from sold where t_dat < $cutoff::date - 7 and t_dat >= $cutoff::date - 35
), units as (
    select least(age, 100) as age, article_id from sold join customers using (customer_id) anti join regulars using (customer_id)
    where age is not null and t_dat < $cutoff::date and t_dat >= $cutoff::date - 7
), recent as (
    select customer_id from sold where t_dat < $cutoff::date and t_dat >= $cutoff::date - 28
), idle as (
    select customer_id, least(coalesce(age, 50), 100) as mine
    from audience join customers using (customer_id) anti join recent using (customer_id)
), ages as (
    select distinct mine from idle
), {WINDOWS}
select $week::bigint as week_id, customer_id, article_id, place::smallint as comeback_rank, (units / total)::float as comeback_score
from idle join ranked using (mine) where place <= 32 order by customer_id, article_id
"""

DEPARTMENTS = f"""
with recursive {SALES}, best as (
    select coalesce(department_no, -1) as department, article_id, fresh from fresh join articles using (article_id) where day_7 > 0
    qualify row_number() over (partition by coalesce(department_no, -1) order by fresh desc, article_id) <= 8
), own as (
    select customer_id, coalesce(department_no, -1) as department, sum(decay(date_diff('day', t_dat, $cutoff::date), 90.0)) as weight
    from sold join audience using (customer_id) join articles using (article_id) where t_dat < $cutoff::date group by all
), liked as (
    select *, sum(weight) over (partition by customer_id) as whole from own
    qualify row_number() over (partition by customer_id order by weight desc, department) <= 10
), proposals as (
    select customer_id, article_id, (65536 * weight * fresh // whole)::bigint as score from liked join best using (department)
), ranked as (
    select *, row_number() over (partition by customer_id order by score desc, article_id) as place from proposals
)
select $week::bigint as week_id, customer_id, article_id, place::smallint as popular_in_department_rank,
       (score / 65536)::float as popular_in_department_score
from ranked where place <= 60 order by customer_id, article_id
"""

POPULAR = f"""
with recursive {SALES}, ranked as (
    select article_id, row_number() over (order by fresh desc, decayed desc, newest desc, article_id) as place, fresh,
           case when day_1 > 0 then rank() over (order by day_1 desc) end as place_1,
           case when day_3 > 0 then rank() over (order by day_3 desc) end as place_3
    from fresh join decayed using (article_id)
)
select $week::bigint as week_id, customer_id, article_id, place::smallint as popular_rank, fresh::float as popular_score,
       place_1::int as popular_day_1_rank, place_3::int as popular_day_3_rank
from audience, ranked where place <= 80 order by customer_id, article_id
"""

LAUNCHES = f"""
with recursive {SALES}, best as (
    select coalesce(section_no, -1) as section, article_id, round_even(65536 * availability_units::double, 0)::bigint as units
    from fresh join articles using (article_id) join forecast using (article_id) where oldest >= $cutoff::date - 14
    qualify row_number() over (partition by coalesce(section_no, -1) order by units desc, article_id) <= 12
), own as (
    select customer_id, coalesce(section_no, -1) as section, sum(decay(date_diff('day', t_dat, $cutoff::date), 180.0)) as weight
    from sold join audience using (customer_id) join articles using (article_id) where t_dat < $cutoff::date group by all
), liked as (
    select *, sum(weight) over (partition by customer_id) as whole from own
    qualify row_number() over (partition by customer_id order by weight desc, section) <= 5
), proposals as (
    select customer_id, article_id, (weight * units // whole)::bigint as score from liked join best using (section) where units > 0
), ranked as (
    select *, row_number() over (partition by customer_id order by score desc, article_id) as place from proposals
)
select $week::bigint as week_id, customer_id, article_id, place::smallint as launches_rank, (score / 65536)::float as launches_score
from ranked where place <= 16 order by customer_id, article_id
"""


@pytest.mark.parametrize("least", [1, 60, 2_000])
def test_popular_by_age_is_what_sql_says(known: Evaluator, week_id: int, least: int) -> None:
    expected = ask(BY_AGE, known.shop, week_id, least=least)
    inputs = known.inputs(ALL_STEPS["strategy/popular_by_age"], week_id)
    found = popular_by_age.compute(inputs, week_id=week_id, least=least, least_share=1).collect().sort("customer_id", "article_id")
    assert expected.height > 500
    assert_frame_equal(found.select(expected.columns), expected, abs_tol=1e-6)


def test_a_small_shop_widens_the_window_of_an_age_to_a_tenth_of_its_units(known: Evaluator, week_id: int) -> None:
    aged = (
        known.shop.transactions.filter(pl.col("week_id") == week_id - 1)
        .join(known.shop.customers, on="customer_id")
        .filter(pl.col("age").is_not_null())
    )
    enough = min(2_000, max(popular_by_age.FEWEST, round(0.1 * aged.height)))
    assert enough < aged.height
    assert_strategy_is(BY_AGE, "popular_by_age", known, week_id, least=enough)


@pytest.mark.parametrize("least", [1, 10, 500])
def test_comeback_is_what_sql_says(known: Evaluator, week_id: int, least: int) -> None:
    expected = ask(COMEBACK, known.shop, week_id, least=least)
    inputs = known.inputs(ALL_STEPS["strategy/comeback"], week_id)
    found = comeback.compute(inputs, week_id=week_id, least=least).collect().sort("customer_id", "article_id")
    assert expected.height > 150
    assert_frame_equal(found.select(expected.columns), expected, abs_tol=1e-6)


def test_popular_in_department_is_what_sql_says(known: Evaluator, week_id: int) -> None:
    assert_strategy_is(DEPARTMENTS, "popular_in_department", known, week_id)


def test_popular_is_what_sql_says(known: Evaluator, week_id: int) -> None:
    assert_strategy_is(POPULAR, "popular", known, week_id)


def test_launches_are_what_sql_says(known: Evaluator, week_id: int) -> None:
    assert_strategy_is(LAUNCHES, "launches", known, week_id, at_least=100)
