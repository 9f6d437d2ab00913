"""Signals of shops where much is odd: silent weeks, free articles, no types or texts, ages of 0 and 140, 5,000 purchases."""

from dataclasses import replace

import polars as pl
import pytest

from hm_pipeline.engine.step import WeekContext
from hm_pipeline.recommender.signals import SIGNALS, type_need
from hm_pipeline.recommender.signals._lib.signal import Signal
from tests.laws.evaluator import ALL_STEPS, Evaluator, Shop
from tests.laws.tiny_shops import CALENDAR, Sale, articles, customers, transactions
from tests.recommender.signals.few_rows import WEEK, inputs_of

PLAIN, BARE, FRESH, FREE, UNSOLD = 101, 102, 103, 104, 105  # BARE has neither type nor text, FRESH is of a type never sold before
AGES: dict[int, int | None] = {1: 30, 2: 40, 3: None, 4: 0, 5: 140, 6: 140}
ONCE, OFTEN, NEVER, NEWBORN, OLD = 1, 2, 3, 4, 5
EVERYONE = pl.DataFrame({"customer_id": list(AGES)}, schema={"customer_id": pl.Int64})
CATALOGUE = [
    {"article_id": PLAIN, "product_type_no": 10, "product_code": 1, "index_group_no": 1, "detail_desc": "Soft jersey top"},
    {"article_id": BARE},
    {"article_id": FRESH, "product_type_no": 20, "product_code": 1, "detail_desc": "Jeans in washed denim"},
    {"article_id": FREE, "product_type_no": 10, "detail_desc": "Soft jersey dress"},
    {"article_id": UNSOLD, "product_type_no": 30, "detail_desc": "Denim hat"},
]
# Nothing is sold in weeks 0 and 2; week 3 sells the first article of type 20.
SALES: list[Sale] = [
    (7, ONCE, PLAIN, 20_000, 2), (8, NEWBORN, FREE, 0, 1), (9, OLD, BARE, 10_000, None), (9, 6, FREE, 0, 1), (27, OLD, FRESH, 30_000, 1),
    *((7 + n % 7 + 14 * (n % 2), OFTEN, (PLAIN, BARE, FREE)[n % 3], (20_000, 1_000, 0)[n % 3], 1 + n % 2) for n in range(5_000)),
    (28, NEVER, UNSOLD, 5, 1),
]  # fmt: skip


def odd(sales: list[Sale]) -> Shop:
    return Shop(transactions(sales), articles(CATALOGUE), customers(AGES), EVERYONE, CALENDAR)


SHOPS = {
    "everything odd": odd(SALES),
    "no sales at all": odd([]),
    "no sales for three weeks": odd([(1, ONCE, PLAIN, 5, 1), (2, OFTEN, BARE, 0, None)]),
    "one purchase": odd([(27, OLD, FRESH, 0, 2)]),
    "no type anywhere": replace(odd(SALES), articles=articles([{"article_id": row["article_id"]} for row in CATALOGUE])),
    "no age anywhere": replace(odd(SALES), customers=customers(dict.fromkeys(AGES))),
}
MADE = {name: Evaluator(shop) for name, shop in SHOPS.items()}

every_shop = pytest.mark.parametrize("name", SHOPS)
every_signal = pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)


def result(name: str, signal: str) -> pl.DataFrame:
    return MADE[name].result(f"signal/{signal}", WEEK)


@every_shop
@every_signal
def test_published_values_are_within_their_contract_and_never_not_a_number(signal: Signal, name: str) -> None:
    found = result(name, signal.name)
    assert signal.schema.is_valid(found)
    numbers = found.select(pl.selectors.float())
    assert not any(numbers[column].is_nan().any() or numbers[column].is_infinite().any() for column in numbers.columns)


@every_shop
def test_every_customer_has_a_row(name: str) -> None:
    for signal in ("activity", "visit_propensity"):
        assert result(name, signal)["customer_id"].to_list() == list(AGES)
    if "no sales" not in name:
        assert result(name, "type_need")["customer_id"].unique().sort().to_list() == list(AGES)


@every_shop
def test_every_article_has_a_season_and_every_sold_one_an_offer(name: str) -> None:
    assert result(name, "seasonality")["article_id"].to_list() == [PLAIN, BARE, FRESH, FREE, UNSOLD]
    past = SHOPS[name].transactions.filter(pl.col("week_id") < WEEK)
    for signal in ("availability", "momentum"):
        assert result(name, signal)["article_id"].to_list() == past["article_id"].unique().sort().to_list()


@every_shop
@pytest.mark.parametrize("signal", ["need_propensity", "style_similarity"])
def test_every_pair_has_a_row(name: str, signal: str) -> None:
    pairs = [(customer, row["article_id"]) for customer in AGES for row in CATALOGUE]
    step = ALL_STEPS[f"signal/{signal}"]
    week = WeekContext(WEEK, CALENDAR, MADE[name].settings, "everyone", None)
    found = step.body(inputs_of(step.name, SHOPS[name], pairs), week).lazy().collect().sort("customer_id", "article_id")
    assert found.select("customer_id", "article_id").rows() == pairs
    numbers = found.select(pl.selectors.float())
    assert not any(numbers[column].is_nan().any() for column in numbers.columns)


def test_who_bought_once_and_who_bought_five_thousand_times() -> None:
    activity = {row["customer_id"]: row for row in result("everything odd", "activity").rows(named=True)}
    assert [activity[who]["activity_count"] for who in (ONCE, OFTEN, NEVER)] == [1, 5_000, 0]
    needs = {(row["customer_id"], row["product_type_no"]): row for row in result("everything odd", "type_need").rows(named=True)}
    assert needs[ONCE, 10]["type_need_since_weeks"] == 3
    assert needs[ONCE, 10]["type_need_due_ratio"] is None  # one purchase has no rhythm
    assert needs[OFTEN, 10]["type_need_due_ratio"] == 0.5  # weeks 1 and 3: a gap of 2, of which 1 has passed
    assert (NEVER, 30) not in needs  # what is sold in the week itself is not known


def test_a_type_seen_for_the_first_time_is_asked_about_and_in_season() -> None:
    needs = result("everything odd", "type_need").filter(pl.col("product_type_no") == 20)
    assert needs["customer_id"].to_list() == list(AGES)
    season = {row["article_id"]: row for row in result("everything odd", "seasonality").rows(named=True)}
    assert 0 < season[FRESH]["seasonality_share"] < season[PLAIN]["seasonality_share"]
    assert [season[UNSOLD][name] for name in ("seasonality", "seasonality_share", "seasonality_growth")] == [0, 0, 1]


def test_what_is_free_has_no_value_and_no_markdown() -> None:
    found = {row["article_id"]: row for row in result("everything odd", "availability").rows(named=True)}
    assert (found[FREE]["availability_value"], found[FREE]["availability_markdown_share"]) == (0.0, 0.0)
    only_free = odd([(8, NEWBORN, FREE, 0, 1)])
    (row,) = Evaluator(only_free).result("signal/availability", WEEK).rows(named=True)
    assert (row["availability_value"], row["availability_markdown_share"]) == (0.0, 0.0)
    activity = Evaluator(only_free).result("signal/activity", WEEK)
    assert activity.filter(pl.col("customer_id") == NEWBORN)["activity_price"].item() == 0.0


def test_an_age_of_140_counts_with_the_oldest() -> None:
    tables = MADE["everything odd"].inputs(ALL_STEPS["signal/type_need"], WEEK)
    rates = MADE["everything odd"].result("history/type_rates", WEEK).filter(pl.col("age") == 99)
    rows = pl.concat(type_need.iter_features(tables, week_id=WEEK)).filter(pl.col("customer_id") == OLD).sort("product_type_no")
    assert rows["age"].to_list() == [140.0] * 3
    assert rows["age_month_rate"].to_list() == rates.sort("product_type_no")["month_rate"].to_list() != [0.0] * 3
