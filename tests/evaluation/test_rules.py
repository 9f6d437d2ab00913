"""Each baseline on tables small enough to work by hand."""

from datetime import date, timedelta

import polars as pl
import pytest

from hm_pipeline.base.calendar import REFERENCE
from hm_pipeline.base.contracts import Articles, Customers, Transactions
from hm_pipeline.engine.tables import InMemoryTable
from hm_pipeline.evaluation.baselines import BASELINES, rank_l0, rank_l1, rank_l2

WEEK = 104
CUTOFF = REFERENCE.start(WEEK)
RULES = pytest.mark.parametrize("model", BASELINES, ids=lambda model: model.name[:2])


def transactions(*rows):
    """Make purchases of (days before the cutoff, customer, article, price); 0 and below is the future."""
    columns = {"t_dat": [], "customer_id": [], "article_id": [], "price": []}
    for ago, customer, article, price in rows:
        for name, value in zip(columns, (CUTOFF - timedelta(days=ago), customer, article, price), strict=True):
            columns[name].append(value)
    bought = pl.DataFrame(columns, schema={"t_dat": pl.Date, "customer_id": pl.Int64, "article_id": pl.Int64, "price": pl.Int32})
    weeks = (pl.col("t_dat") - pl.lit(date(2018, 9, 19))).dt.total_days() // 7
    return bought.with_columns(week_id=weeks, sales_channel_id=pl.lit(2, dtype=pl.Int8)).select(Transactions.column_names())


def catalogue(groups):
    return pl.DataFrame(
        {"article_id": list(groups), "index_group_no": list(groups.values())}, schema={"article_id": pl.Int64, "index_group_no": pl.Int64}
    ).lazy()


def people(ages):
    return pl.DataFrame({"customer_id": list(ages), "age": list(ages.values())}, schema={"customer_id": pl.Int64, "age": pl.Int16}).lazy()


def rank(rule, bought, audience, *, groups=None, ages=None, **given):
    customers = pl.DataFrame({"customer_id": audience}, schema={"customer_id": pl.Int64})
    table = InMemoryTable(bought, Transactions, max_week=WEEK - 1)
    ranked = rule(table, catalogue(groups or {}), people(ages or {}), audience=customers, week_id=WEEK, calendar=REFERENCE, **given)
    assert ranked.schema == {"week_id": pl.Int64, "customer_id": pl.Int64, "article_id": pl.Int64, "rank": pl.Int16}
    assert ranked.sort("customer_id", "rank").equals(ranked)
    return {customer: rows["article_id"].to_list() for (customer,), rows in ranked.group_by("customer_id", maintain_order=True)}


def test_l0_counts_the_last_seven_days():
    bought = transactions((1, 1, 30, 5), (7, 2, 30, 5), (2, 3, 20, 5), (3, 3, 20, 5), (4, 1, 10, 5), *[(8, 9, 40, 5)] * 9)
    # 20 and 30 are tied at two and go by number; 40 sold best, but eight days ago
    assert rank(rank_l0, bought, [1, 7]) == {1: [20, 30, 10], 7: [20, 30, 10]}


def test_l0_cuts_at_twelve():
    bought = transactions(*[(1, 1, article, 5) for article in range(100, 120)])
    assert rank(rank_l0, bought, [1])[1] == list(range(100, 112))


def test_l1_prefers_the_newer_then_fills_with_the_popular():
    bought = transactions(
        (2, 1, 10, 5),  # 1/2
        (6, 1, 20, 5),
        (6, 1, 20, 5),
        (6, 1, 20, 5),
        (20, 1, 20, 5),  # 3/6 + 1/20, ahead of 10
        (30, 1, 30, 5),  # 1/30, the last day that counts
        (31, 1, 40, 5),
        (1, 2, 50, 5),
        (1, 3, 50, 5),
        (1, 4, 60, 5),
        (1, 5, 10, 5),
    )
    # of the last seven days 20 sold 3, 10 and 50 two each, 60 one
    assert rank(rank_l1, bought, [1, 9]) == {1: [20, 10, 30, 50, 60], 9: [20, 10, 50, 60]}


def test_l2_weighs_own_purchases_by_price():
    bought = transactions((1, 1, 10, 100), (2, 1, 20, 300), (3, 1, 30, 150))
    # 100/1, 300/2, 150/3
    assert rank(rank_l2, bought, [1]) == {1: [20, 10, 30]}


def test_l2_takes_the_best_partner_of_each_before_the_second_of_any():
    baskets = [(20 + day, 50 + day, (10, 70)) for day in range(3)]
    baskets += [(20 + day, 60 + day, (10, 71)) for day in range(2)] + [(25, 90, (20, 72)), (26, 91, (20, 70))]
    bought = transactions(
        (1, 1, 10, 300),
        (2, 1, 20, 300),
        *[(ago, customer, article, 1) for ago, customer, pair in baskets for article in pair],
    )
    # 10 leads (300/1), then 20; partners of 10: 70 (3 baskets), 71 (2); of 20: 70 and 72 (1 each)
    # 70 for 10, 70 again for 20; then 71 and 72
    ranking = rank(rank_l2, bought, [1])[1]
    assert ranking == [10, 20, 70, 71, 72]


def test_l2_partners_share_a_day_and_not_just_a_customer():
    bought = transactions((1, 1, 10, 300), (20, 2, 10, 1), (21, 2, 70, 1), (22, 3, 10, 1), (22, 3, 80, 1))
    assert rank(rank_l2, bought, [1])[1] == [10, 80, 70]  # 80 by the basket, 70 by the general fill


GROUPS = {10: 1, 11: 1, 12: 1, 30: 3, 31: 3, 50: 4}
LONG_AGO = [(200, 1, 10, 5), (200, 2, 30, 5), (201, 2, 30, 5), (200, 2, 10, 5), (200, 3, 10, 5), (200, 4, 50, 5)]
LATELY = [(2, 81, 11, 5), (3, 82, 12, 5), (2, 83, 31, 5), (1, 84, 50, 5)]
AGES = {1: 24, 2: 40, 3: None, 81: 18, 82: 25, 83: 44, 84: 30}


def test_l2_fills_with_what_gender_and_age_group_buy():
    ranked = rank(rank_l2, transactions(*LONG_AGO, *LATELY), [1, 2, 3, 4, 5], groups=GROUPS, ages=AGES)
    everyone = [50, 11, 31, 12]  # 1/1, 1/2, 1/2, 1/3
    assert ranked == {
        1: [11, 50, 31, 12],  # Ladieswear under 25: 11
        2: [31, 50, 11, 12],  # mostly Menswear, 35 to 44: 31
        3: [11, 12, 50, 31],  # Ladieswear of unknown age: of all ages
        4: everyone,  # only children's clothes tell no gender
        5: everyone,  # never seen
    }


@RULES
def test_the_future_changes_nothing(model):
    past = transactions(*LONG_AGO, *LATELY)
    future = transactions(*[(-ago, customer, 10, 900) for ago in range(3) for customer in range(5)])
    audience = [1, 2, 3, 4, 5]
    told = [rank(model.rank, bought, audience, groups=GROUPS, ages=AGES) for bought in (past, pl.concat([past, future]))]
    assert told[0] == told[1]


@RULES
def test_neither_the_order_of_rows_nor_other_customers_matter(model):
    bought = transactions(*LONG_AGO, *LATELY, *[(ago % 29 + 1, ago % 7, ago % 23, ago % 11) for ago in range(300)])
    whole = rank(model.rank, bought, [1, 2, 3, 4, 5], groups=GROUPS, ages=AGES)
    shuffled = rank(model.rank, bought.sample(fraction=1, shuffle=True, seed=1), [5, 3, 1, 2, 4], groups=GROUPS, ages=AGES)
    assert whole == shuffled
    assert all(rank(model.rank, bought, [one], groups=GROUPS, ages=AGES) == {one: whole[one]} for one in whole)
    assert all(len(set(articles)) == len(articles) == 12 for articles in whole.values())


@RULES
def test_no_purchases_at_all(model):
    assert rank(model.rank, transactions(), [1, 2]) == {}


def test_rules_read_the_columns_of_the_contracts():
    customers, articles = Customers.create_empty(lazy=True), Articles.create_empty(lazy=True)
    for model in BASELINES:
        ranked = model.rank(
            InMemoryTable(transactions((1, 1, 10, 5)), Transactions),
            articles,
            customers,
            audience=pl.DataFrame({"customer_id": [1]}),
            week_id=WEEK,
            calendar=REFERENCE,
        )
        assert ranked["article_id"].to_list() == [10]
