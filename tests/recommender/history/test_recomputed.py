"""The history, built week by week, against one computation from all rows."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from hm_pipeline.base.fixed_point import UNIT
from hm_pipeline.recommender.history import basket_pairs
from hm_pipeline.recommender.history.article_sales import DECAY, DECAYED, EWMA
from tests.laws.evaluator import Evaluator, Shop

SALES = """
with known as (
    select *, date_diff('day', t_dat, $cutoff::date) as days, (date_diff('day', t_dat, $cutoff::date) - 1) // 7 + 1 as lag
    from sold where t_dat < $cutoff::date
), weekly as (
    select article_id, lag, (sum(price::bigint) // count(*))::int as price, count(*) as units from known group by all
), prices as (
    select article_id, arg_min(price, lag) as last_price, max(price) as highest_price,
           max(units)::int as peak_count, count(*)::int as week_count
    from weekly group by all
)
select $week::bigint as week_id, article_id, min(t_dat) as first_sold_date, max(t_dat) as last_sold_date, count(*) as total_count,
    count(*) filter (days <= 1)::int as day_1_count, count(*) filter (days <= 3)::int as day_3_count,
    count(*) filter (days <= 7)::int as day_7_count, count(*) filter (lag = 2)::int as lag_2_count,
    count(*) filter (lag = 3)::int as lag_3_count, count(*) filter (lag = 4)::int as lag_4_count,
    count(*) filter (lag = 5)::int as lag_5_count, count(*) filter (lag = 6)::int as lag_6_count,
    any_value(peak_count) as peak_count, any_value(week_count) as week_count,
    any_value(last_price) as last_price, any_value(highest_price) as highest_price
from known join prices using (article_id) group by article_id order by article_id
"""

AVERAGES = tuple(f"ewma_{days}" for days in EWMA)


def ask(sql: str, shop: Shop, week_id: int) -> pl.DataFrame:
    """Ask DuckDB about the raw rows of a shop."""
    with duckdb.connect() as connection:
        connection.register("sold", shop.transactions.to_arrow())
        connection.register("articles", shop.articles.to_arrow())
        return pl.from_arrow(connection.sql(sql, params={"cutoff": shop.calendar.start(week_id), "week": week_id}).to_arrow_table())


@pytest.mark.parametrize("after", [0, 1, 7, 28])
def test_sales_of_articles_are_what_sql_says(known: Evaluator, after: int) -> None:
    week_id = known.shop.calendar.first_week + after
    expected = ask(SALES, known.shop, week_id)
    found = known.result("history/article_sales", week_id)
    assert expected.is_empty() == (after == 0)
    assert_frame_equal(found.select(expected.columns), expected)
    assert set(found.columns) == {*expected.columns, *DECAYED, *AVERAGES}


def test_decayed_counts_are_whole_numbers_carried_from_week_to_week(known: Evaluator, week_id: int) -> None:
    shop = known.shop
    aged = shop.transactions.join(shop.customers, on="customer_id")
    weekly = aged.group_by("article_id", "week_id").agg(
        pl.len(),
        (pl.col("sales_channel_id") == 2).sum().alias("online"),
        pl.col("age").count().alias("aged"),
        pl.col("age").sum().alias("sum"),
    )
    new = {(article, week): np.array(values, dtype=object) for article, week, *values in weekly.rows()}
    state: dict[int, Any] = {}
    for week in range(shop.calendar.first_week, week_id):
        state = {article: values * DECAY[0] // DECAY[1] for article, values in state.items()}
        for article in (article for article, sold in new if sold == week):
            state[article] = state.get(article, 0) + new[article, week] * UNIT
    found = known.result("history/article_sales", week_id)
    assert {article: tuple(values) for article, *values in found.select("article_id", *DECAYED).rows()} == {
        article: tuple(int(value) for value in values) for article, values in state.items()
    }


def test_averages_are_whole_numbers_carried_from_week_to_week(known: Evaluator, week_id: int) -> None:
    days_left = {1: (1, 128), 7: (1, 2), 30: (871, 1024)}  # halved 7 times, once, and 7/30 times: 2 ** (-7 / 30) = .8507 = 871 / 1024
    sold = known.shop.transactions.filter(pl.col("week_id") < week_id).select("article_id", "week_id", "t_dat")
    state: dict[int, list[int]] = {}
    for week in range(known.shop.calendar.first_week, week_id):
        state = {
            article: [old * a // b for old, (a, b) in zip(values, days_left.values(), strict=True)] for article, values in state.items()
        }
        last = known.shop.calendar.start(week + 1)
        for article, _, day in sold.filter(pl.col("week_id") == week).rows():
            new = [round(1024 * 0.5 ** (((last - day).days - 1) / days)) for days in days_left]
            state[article] = [old + more for old, more in zip(state.get(article, [0, 0, 0]), new, strict=True)]
    found = known.result("history/article_sales", week_id).select("article_id", *AVERAGES)
    assert {article: values for article, *values in found.rows()} == state


def baskets(shop: Shop, week_id: int) -> Iterator[tuple[set[int], set[int]]]:
    """Yield what each customer of the last week had bought in the window, and what was taken in the week."""
    window = shop.transactions.filter(pl.col("week_id").is_between(week_id - basket_pairs.EARLIER_WEEKS, week_id - 1))
    for rows in window.partition_by("customer_id"):
        taken = set(rows.filter(pl.col("week_id") == week_id - 1)["article_id"])
        if taken:
            yield set(rows["article_id"]), taken


def test_pairs_are_counted_once_a_customer(known: Evaluator, week_id: int) -> None:
    found = known.result("history/basket_pairs", week_id)
    # Nobody in the simulated shop buys more than 40 articles in four weeks, so that nothing is cut off.
    expected = Counter(
        (first, other) for before, taken in baskets(known.shop, week_id) for first in before for other in taken if first != other
    )
    assert {(first, other): count for _, first, other, count in found.rows()} == expected
    assert max(len(before) for before, _ in baskets(known.shop, week_id)) <= basket_pairs.MOST_ARTICLES


def test_neighbours_sum_the_pairs_of_a_season(known: Evaluator, week_id: int) -> None:
    summed: Counter[tuple[int, int]] = Counter()
    for age in range(12):
        for _, first, other, count in known.result("history/basket_pairs", week_id - age).rows():
            summed[first, other] += count * (1024 * (12 - age) // 12)
    found = known.result("history/bought_together", week_id)
    assert all(summed[first, other] == count for first, other, count in found.select("article_id", "other_id", "pair_count").rows())
    best = sorted(summed, key=lambda pair: (pair[0], -summed[pair], pair[1]))
    places: Counter[int] = Counter()
    expected = {pair: places[pair[0]] for pair in best if places.update([pair[0]]) or places[pair[0]] <= 30}
    assert {(first, other): rank for first, other, rank in found.select("article_id", "other_id", "pair_rank").rows()} == expected


def test_vectors_have_length_one_and_neighbours_share_customers(known: Evaluator, week_id: int) -> None:
    found = known.result("history/vectors", week_id)
    vectors = found["vector"].to_numpy()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    window = known.shop.transactions.filter(pl.col("week_id").is_between(week_id - 26, week_id - 1))
    bought = window.select("customer_id", "article_id").unique().filter(pl.len().over("article_id") >= 2)
    assert found["article_id"].to_list() == bought["article_id"].unique().sort().to_list()
    rows, columns = bought["customer_id"].rank("dense").to_numpy() - 1, found["article_id"].search_sorted(bought["article_id"]).to_numpy()
    matrix = np.zeros((rows.max() + 1, len(vectors)))
    matrix[rows, columns] = 1
    together = (matrix.T @ matrix > 0)[~np.eye(len(vectors), dtype=bool)]
    cosines = (vectors @ vectors.T)[~np.eye(len(vectors), dtype=bool)]
    assert cosines[together].mean() > cosines[~together].mean() + 0.1
