"""The limits of the history on a few rows, for no customer of the simulated shop reaches them; week 4 starts on day 28."""

from dataclasses import replace

import polars as pl

from hm_pipeline.base.contracts import Transactions
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.tables import InMemoryTable
from hm_pipeline.recommender.history import article_sales, basket_pairs, bought_together
from hm_pipeline.recommender.history.article_sales import ArticleSales
from hm_pipeline.recommender.history.basket_pairs import BasketPairs
from tests.laws.tiny_shops import CALENDAR, Sale, customers, transactions

A, B, C, D = 101, 102, 103, 104
WEEK = 4


def paired(sales: list[Sale], most_articles: int = 40) -> list[tuple[int, int, int]]:
    tables = Inputs({"transactions": InMemoryTable(transactions(sales), Transactions)})
    found = basket_pairs.compute(tables, week_id=WEEK, most_articles=most_articles).collect()
    return found.select("article_id", "other_id", "customer_count").sort("article_id", "other_id").rows()


def neighbours(pairs: list[tuple[int, int, int, int]], **limits: int) -> list[tuple[int, int, int, int]]:
    state = BasketPairs.validate(pl.DataFrame(pairs, schema=BasketPairs.create_empty().schema, orient="row"))
    found = bought_together.compute(Inputs({"history/basket_pairs": InMemoryTable(state, BasketPairs)}), week_id=WEEK, **limits)
    return found.select("article_id", "other_id", "pair_count", "pair_rank").sort("article_id", "pair_rank").collect().rows()


def test_pairs_lead_from_the_window_to_its_last_week() -> None:
    # Customer 1 had A in week 1 and took B, twice, in week 3.  Customer 2 bought nothing in week 3, customer 3 but C.
    sales: list[Sale] = [(10, 1, A, 5, 1), (22, 1, B, 5, 1), (23, 1, B, 5, 1), (20, 2, A, 5, 1), (19, 2, B, 5, 1), (24, 3, C, 5, 1)]
    assert paired(sales) == [(A, B, 1)]


def test_a_purchase_before_the_window_is_forgotten() -> None:
    sales: list[Sale] = [(0, 1, A, 5, 1), (27, 1, B, 5, 1)]
    tables = Inputs({"transactions": InMemoryTable(transactions(sales), Transactions)})
    assert paired(sales) == [(A, B, 1)]  # week 0 is the first of the four before week 4
    assert basket_pairs.compute(tables, week_id=WEEK, earlier_weeks=3).collect().is_empty()


def test_a_reseller_counts_with_a_few_articles() -> None:
    # The newest two are A and B of day 22, the lower ids of that day; D is older and C one too many.
    sales: list[Sale] = [(22, 1, A, 5, 1), (22, 1, B, 5, 1), (22, 1, C, 5, 1), (10, 1, D, 5, 1)]
    assert paired(sales, most_articles=2) == [(A, B, 1), (B, A, 1)]


def test_newer_pairs_count_more() -> None:
    # Of twelve weeks the newest counts 1024, the one before 1024 * 11 // 12 = 938: two old customers beat one new.
    pairs = [(WEEK, A, B, 1), (WEEK - 1, A, C, 2), (WEEK - 1, A, D, 1)]
    assert neighbours(pairs) == [(A, C, 1876, 1), (A, B, 1024, 2), (A, D, 938, 3)]
    assert neighbours(pairs, neighbours=1) == neighbours(pairs, least=2) == [(A, C, 1876, 1)]
    assert neighbours(pairs, weeks=1) == [(A, B, 1024, 1)]


def test_equal_pairs_are_ranked_by_article() -> None:
    assert neighbours([(WEEK, A, C, 1), (WEEK, A, B, 1)]) == [(A, B, 1024, 1), (A, C, 1024, 2)]


def test_sales_are_halved_every_day_week_and_month() -> None:
    # Before week 3 one unit on its last day, day 20: 1024 in all three.  A week later 1024 // 128 = 8, 1024 // 2 = 512, 871 are left.
    # In week 3 a unit 1 day before the cutoff, 1024, and two 3 days before: 1024 * 2**-2 = 256, * 2**(-2/7) = 840, * 2**(-2/30) = 978 each.
    sales: list[Sale] = [(20, 1, A, 5, 1), (27, 1, A, 5, 1), (25, 1, A, 5, 1), (25, 2, A, 5, 1)]
    sold = Inputs(
        {
            "transactions": InMemoryTable(transactions(sales), Transactions),
            "history/article_sales": InMemoryTable(ArticleSales.create_empty(), ArticleSales),
        },
        {"customers": customers({1: 20, 2: None}).lazy()},
        calendar=CALENDAR,
    )
    before = article_sales.compute(sold, week_id=3).collect()
    assert before.select("ewma_1", "ewma_7", "ewma_30", "peak_count", "week_count").rows() == [(1024, 1024, 1024, 1, 1)]
    table = InMemoryTable(before, ArticleSales)
    after = article_sales.compute(replace(sold, weekly_tables={**sold.weekly_tables, "history/article_sales": table}), week_id=4).collect()
    assert ArticleSales.is_valid(after.select(ArticleSales.column_names()))
    expected = (8 + 1024 + 2 * 256, 512 + 1024 + 2 * 840, 871 + 1024 + 2 * 978, 3, 2)
    assert after.select("ewma_1", "ewma_7", "ewma_30", "peak_count", "week_count").rows() == [expected]


def test_a_week_without_sales_keeps_the_best_week() -> None:
    state = ArticleSales.validate(known_sales(), cast=True)
    tables = {
        "transactions": InMemoryTable(transactions([]), Transactions),
        "history/article_sales": InMemoryTable(state, ArticleSales),
    }
    after = article_sales.compute(Inputs(tables, {"customers": customers({1: 20}).lazy()}, calendar=CALENDAR), week_id=WEEK).collect()
    # 300 // 128 = 2, 300 // 2 = 150, 300 * 871 // 1024 = 255
    assert after.select("ewma_1", "ewma_7", "ewma_30", "peak_count", "week_count", "day_7_count").rows() == [(2, 150, 255, 9, 5, 0)]


def known_sales() -> pl.DataFrame:
    """Return article A as known at week 3: nine units in its best of five weeks."""
    row = dict.fromkeys(ArticleSales.column_names(), 300)
    day = CALENDAR.start(0)
    return pl.DataFrame(
        [{**row, "week_id": 3, "article_id": A, "first_sold_date": day, "last_sold_date": day, "peak_count": 9, "week_count": 5}]
    )
