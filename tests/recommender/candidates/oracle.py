"""The same question asked in SQL about the raw rows of a shop."""

from typing import Any

import duckdb
import polars as pl
from polars.testing import assert_frame_equal

from tests.laws.evaluator import Evaluator, Shop

# Articles that a customer bought last, as the strategies that follow them count: `last` holds the newest $last.
NEWEST = """
bought as (
    select customer_id, article_id, max(t_dat) as t_dat from sold join audience using (customer_id)
    where t_dat < $cutoff::date and t_dat >= $cutoff::date - 7 * $weeks group by all
), last as (
    select *, date_diff('day', t_dat, $cutoff::date) as days from bought
    qualify row_number() over (partition by customer_id order by t_dat desc, article_id) <= $last
), offered as (
    select article_id from forecast where availability >= 0.05::float
)
"""

# Units of articles, decayed from week to week in whole 1/1024, and of the last days: `decayed` and `fresh`.
SALES = """
weeks as (
    select article_id, w, count(*) filter (week_id = w) as units
    from sold, (select unnest(range((select min(week_id) from sold), $week)) as w) where t_dat < $cutoff::date group by all
), carried as (
    select article_id, w, 1024 * units as value from weeks where w = (select min(week_id) from sold)
    union all
    select weeks.article_id, weeks.w, value * 181 // 256 + 1024 * units
    from carried join weeks on weeks.article_id = carried.article_id and weeks.w = carried.w + 1
), decayed as (
    select article_id, value::bigint as decayed from carried where w = $week - 1
), dated as (
    select article_id, t_dat, date_diff('day', t_dat, $cutoff::date) as ago from sold where t_dat < $cutoff::date
), fresh as (
    select article_id, max(t_dat) as newest, min(t_dat) as oldest, count(*) filter (ago <= 7) as day_7,
           count(*) filter (ago <= 3) as day_3, count(*) filter (ago <= 1) as day_1, day_7 + day_3 + day_1 as fresh
    from dated group by all
)
"""


def ask(sql: str, shop: Shop, week_id: int, tables: dict[str, pl.DataFrame] | None = None, **values: Any) -> pl.DataFrame:
    """Ask DuckDB about the raw rows of a shop, and about other tables."""
    known = {"sold": shop.transactions, "customers": shop.customers, "articles": shop.articles, "audience": shop.audience}
    with duckdb.connect() as connection:
        for name, frame in {**known, **(tables or {})}.items():
            connection.register(name, frame.to_arrow())
        connection.execute("create macro decay(days, half_life) as round(65536 * pow(0.5, days / half_life))::bigint")
        parameters = {"cutoff": shop.calendar.start(week_id), "week": week_id, **values}
        used = {name: value for name, value in parameters.items() if f"${name}" in sql}
        return pl.from_arrow(connection.sql(sql, params=used).to_arrow_table())


def assert_strategy_is(sql: str, name: str, known: Evaluator, week_id: int, *, at_least: int = 500, **values: Any) -> None:
    """Assert that a strategy proposes what SQL says; the statement may read ``forecast``, the availability of articles."""
    expected = ask(sql, known.shop, week_id, {"forecast": known.result("signal/availability", week_id)}, **values)
    found = known.result(f"strategy/{name}", week_id)
    assert expected.height >= at_least
    assert_frame_equal(found.select(expected.columns), expected, abs_tol=1e-6)
