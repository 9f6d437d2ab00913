"""Strategies that follow a customer's own purchases against the same question asked in SQL, on the simulated shop."""

from tests.laws.evaluator import Evaluator
from tests.recommender.candidates.oracle import NEWEST, SALES, assert_strategy_is

REPURCHASE = """
with days as (
    select customer_id, article_id, price, date_diff('day', t_dat, $cutoff::date) as days
    from sold join audience using (customer_id) semi join (select * from forecast where availability >= 0.05::float) using (article_id)
    where t_dat < $cutoff::date
), scored as (
    select customer_id, article_id, sum(decay(days, 30.0))::bigint as score, min(days) as last, count(*) as units,
           sum(decay(days, 30.0) * price) as value
    from days group by all
), ranked as (
    select *, row_number() over (partition by customer_id order by score desc, article_id) as place from scored
)
select $week::bigint as week_id, customer_id, article_id, place::smallint as repurchase_rank,
       (score / 65536)::float as repurchase_score, last::smallint as repurchase_days, units::smallint as repurchase_count,
       (value / 65536e6)::float as repurchase_value
from ranked where place <= 200 order by customer_id, article_id
"""

SAME_PRODUCT = f"""
with {NEWEST}, wanted as (
    select customer_id, product_code, min(days) as days from last join articles using (article_id)
    where product_code is not null group by all
), week as (
    select article_id, count(*) filter (t_dat >= $cutoff::date - 7) as units from sold where t_dat < $cutoff::date group by all
), proposals as (
    select customer_id, article_id, decay(days, 30.0) as score, units
    from wanted join articles using (product_code) join week using (article_id) semi join offered using (article_id)
    anti join last using (customer_id, article_id)
), ranked as (
    select *, row_number() over (partition by customer_id order by score desc, units desc, article_id) as place from proposals
)
select $week::bigint as week_id, customer_id, article_id, place::smallint as same_product_rank,
       (score / 65536)::float as same_product_score
from ranked where place <= 24 order by customer_id, article_id
"""

BOUGHT_TOGETHER = f"""
with recursive {NEWEST}, {SALES}, ages as (
    select unnest(range(12)) as age
), taken as (
    select age, customer_id, article_id as other_id from sold, ages where week_id = $week - 1 - age group by age, customer_id, article_id
    qualify row_number() over (partition by age, customer_id order by article_id) <= 40
), basket as (
    select age, customer_id, article_id from sold, ages where week_id between $week - 4 - age and $week - 1 - age
    group by age, customer_id, article_id
    qualify row_number() over (partition by age, customer_id order by max(t_dat) desc, article_id) <= 40
), pairs as (
    select article_id, other_id, sum(1024 * (12 - age) // 12) as units
    from basket join taken using (age, customer_id) where article_id <> other_id group by article_id, other_id
    qualify row_number() over (partition by article_id order by units desc, other_id) <= 30
), strong as (
    select article_id, other_id, 65536 * units // (decayed + 10240) as strength
    from pairs join decayed using (article_id) semi join offered on offered.article_id = other_id
), proposals as (
    select customer_id, other_id as article_id, sum(decay(days, 30.0) * strength)::bigint as raw, raw // 65536 as score
    from last join strong using (article_id) group by customer_id, other_id
    qualify row_number() over (partition by customer_id order by raw desc, other_id) <= 60
)
select $week::bigint as week_id, customer_id, article_id, (score / 65536)::float as bought_together_score,
       row_number() over (partition by customer_id order by score desc, article_id)::smallint as bought_together_rank
from proposals order by customer_id, article_id
"""

SIMILAR_CUSTOMERS = f"""
with {NEWEST}, had as (
    select customer_id, article_id, max(t_dat) as t_dat from sold where week_id between $week - 12 and $week - 1
    group by customer_id, article_id qualify row_number() over (partition by customer_id order by max(t_dat) desc, article_id) <= 60
), rare as (
    select article_id, ln(1 + (select count(distinct customer_id) from had) / count(*)) as idf from had group by all
), weighed as (
    select customer_id, article_id, idf, sqrt(sum(idf * idf) over (partition by customer_id)) as norm
    from had join rare using (article_id)
), alike as (
    select one.article_id, two.article_id as other_id, round(1024 * sum(one.idf * one.idf / one.norm))::bigint as likeness
    from weighed one join had two on one.customer_id = two.customer_id and one.article_id <> two.article_id
    group by one.article_id, two.article_id
    qualify row_number() over (partition by one.article_id order by likeness desc, two.article_id) <= 50
), counted as (
    select *, 65536 // count(*) over (partition by customer_id) as weight from last
), proposals as (
    select customer_id, other_id as article_id, sum(weight * likeness)::bigint as raw, raw // 1024 as score
    from counted join alike using (article_id) semi join offered on offered.article_id = other_id where likeness > 0
    group by customer_id, other_id
    qualify row_number() over (partition by customer_id order by raw desc, other_id) <= 50
)
select $week::bigint as week_id, customer_id, article_id, (score / 65536)::float as similar_customers_score,
       row_number() over (partition by customer_id order by score desc, article_id)::smallint as similar_customers_rank
from proposals order by customer_id, article_id
"""


def test_repurchase_is_what_sql_says(known: Evaluator, week_id: int) -> None:
    assert_strategy_is(REPURCHASE, "repurchase", known, week_id)


def test_same_product_is_what_sql_says(known: Evaluator, week_id: int) -> None:
    assert_strategy_is(SAME_PRODUCT, "same_product", known, week_id, weeks=1_000, last=12)


def test_bought_together_is_what_sql_says(known: Evaluator, week_id: int) -> None:
    assert_strategy_is(BOUGHT_TOGETHER, "bought_together", known, week_id, weeks=1_000, last=24)


def test_similar_customers_is_what_sql_says(known: Evaluator, week_id: int) -> None:
    assert_strategy_is(SIMILAR_CUSTOMERS, "similar_customers", known, week_id, weeks=52, last=24)
