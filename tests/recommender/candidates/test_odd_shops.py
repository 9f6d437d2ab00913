"""Odd shops on a few rows: every customer of the audience is given candidates, and nothing in them is not a number.

Week 4 starts on day 28.
"""

from typing import Any

import polars as pl
import pytest

from hm_pipeline.base.contracts import Customers
from hm_pipeline.recommender.candidates import STRATEGIES
from hm_pipeline.recommender.candidates.first_stage import model as first_stage
from tests.laws.evaluator import Evaluator, Shop
from tests.laws.tiny_shops import CALENDAR, Sale, articles, customers, transactions
from tests.recommender.candidates.few_rows import AGES, CATALOGUE, WEEK, A, B, C, D, shop_of

NEW = 105
USUAL: list[Sale] = [(day, 1 + day % 5, (A, B, C, D)[day % 4], 5_000, 1 + day % 2) for day in range(28)]
CODES = ("product_code", "product_type_no", "department_no", "section_no", "index_group_no", "colour_group_code")
EVERYONE = tuple(AGES)

SHOPS: dict[str, list[Sale]] = {
    "as usual": USUAL,
    "no sales last week": [sale for sale in USUAL if sale[0] < 21],
    "no sales but last week": [sale for sale in USUAL if sale[0] >= 21],
    "no sales for two weeks in the middle": [sale for sale in USUAL if not 7 <= sale[0] < 21],
    "one sale": [(3, 1, A, 5_000, 1)],
    "one sale on the last day": [(27, 1, A, 5_000, 2)],
    "one customer": [(day, 1, A, 5_000, 1) for day in range(28)],
    "one purchase and five thousand": [(27, 1, A, 5_000, 1), *((day % 28, 2, (A, B, C, D)[day % 4], 5_000, 2) for day in range(5_000))],
    "all is free": [(day, customer, article, 0, channel) for day, customer, article, _, channel in USUAL],
    "some is free": [(day, customer, article, 0 if article == A else price, None) for day, customer, article, price, _ in USUAL],
    "an article seen for the first time": [*USUAL, (27, 3, NEW, 5_000, 1)],
    "an article that will be seen for the first time": [*USUAL, (28, 3, NEW, 5_000, 1)],
}


def shop(sales: list[Sale], codes: dict[int, dict[str, Any]], ages: dict[int, int | None]) -> Shop:
    everyone = pl.DataFrame({"customer_id": list(ages)}, schema={"customer_id": pl.Int64})
    catalogue = articles([{"article_id": article, **codes.get(article, {})} for article in (A, B, C, D, NEW)])
    return Shop(transactions(sales), catalogue, customers(ages), everyone, CALENDAR)


def assert_sound(found: pl.DataFrame, name: str) -> None:
    """Assert that a pair stands once, and that what is said of it are numbers."""
    assert not found.select("customer_id", "article_id").is_duplicated().any(), name
    floats = found.select(pl.selectors.float())
    assert floats.select(pl.all().is_finite().all()).row(0) == (True,) * floats.width, name


def assert_all_are_served(odd: Shop) -> pl.DataFrame:
    """Assert that everyone has candidates, and return them."""
    known = Evaluator(odd)
    for strategy in STRATEGIES:
        found = known.result(f"strategy/{strategy.name}", WEEK)
        assert_sound(found, strategy.name)
        assert strategy.schema.is_valid(found)
    found = known.result("candidates", WEEK)
    assert first_stage.candidates_schema(STRATEGIES).is_valid(found)
    assert_sound(found, "candidates")
    assert set(found["customer_id"]) == set(odd.audience["customer_id"])
    sold = odd.transactions.filter(pl.col("week_id") < WEEK)
    assert set(found["article_id"]) <= set(sold["article_id"])  # nothing of the future, nothing that nobody knows
    return found


@pytest.mark.parametrize("name", SHOPS)
def test_everyone_is_given_candidates(name: str) -> None:
    found = assert_all_are_served(shop(SHOPS[name], CATALOGUE, AGES))
    assert (NEW in set(found["article_id"])) == (name == "an article seen for the first time")


@pytest.mark.parametrize("missing", [*((code,) for code in CODES), CODES])
@pytest.mark.parametrize("of", [(D,), (A, B, C, D)])
def test_articles_may_lack_what_is_known_of_others(missing: tuple[str, ...], of: tuple[int, ...]) -> None:
    full = {article: {**dict.fromkeys(CODES, 1), **CATALOGUE[article]} for article in CATALOGUE}
    codes = {article: {**known, **(dict.fromkeys(missing) if article in of else {})} for article, known in full.items()}
    assert_all_are_served(shop(USUAL, codes, AGES))


@pytest.mark.parametrize("ages", [(0, 140), (140, 140), (None, None), (0, 32_767), (None, 0)])
def test_customers_may_be_newborn_very_old_or_of_unknown_age(ages: tuple[int | None, int | None]) -> None:
    odd = {customer: ages[customer % 2] for customer in (*EVERYONE, -(2**63), 2**63 - 1)}
    assert Customers.is_valid(customers(odd))
    found = assert_all_are_served(shop(USUAL, CATALOGUE, odd))
    assert (found["popular_by_age_rank"].count() > 0) == (ages != (None, None))


def test_where_nothing_was_ever_sold_nobody_is_given_anything() -> None:
    known = Evaluator(shop_of([], EVERYONE))
    assert known.result("candidates", WEEK).is_empty()


def test_nobody_to_serve_is_no_error() -> None:
    assert Evaluator(shop_of(USUAL, ())).result("candidates", WEEK).is_empty()


def test_who_bought_five_thousand_articles_is_given_no_more_than_others() -> None:
    found = assert_all_are_served(shop(SHOPS["one purchase and five thousand"], CATALOGUE, AGES))
    assert found.filter(pl.col("customer_id") == 2)["article_id"].sort().to_list() == [A, B, C, D]
    assert found.filter(pl.col("customer_id") == 2)["repurchase_count"].to_list() == [1_250] * 4
