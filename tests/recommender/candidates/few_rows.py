"""A shop of a few rows, and what strategies propose there; week 4 starts on day 28."""

from dataclasses import replace
from typing import Any

import polars as pl

from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.tables import InMemoryTable
from hm_pipeline.recommender.candidates import STRATEGIES
from hm_pipeline.recommender.signals.availability import Availability
from tests.laws.evaluator import ALL_STEPS, Evaluator, Shop
from tests.laws.tiny_shops import CALENDAR, Sale, articles, customers, transactions

A, B, C, D = 101, 102, 103, 104
WEEK = 4
AGES = {1: 20, 2: 21, 3: 60, 4: None, 5: 70}
DRESS, SHOE = {"product_code": 1, "product_type_no": 10, "department_no": 1, "section_no": 5}, {"product_code": 2, "product_type_no": 20}
# A and B share department and section, C has others, D has none.
CATALOGUE = {A: DRESS, B: DRESS, C: {**DRESS, "department_no": 2, "section_no": 6}, D: SHOE}
STRATEGY = {strategy.name: strategy for strategy in STRATEGIES}


def shop_of(sales: list[Sale], audience: tuple[int, ...] = (1,), ages: dict[int, int | None] | None = None) -> Shop:
    catalogue = articles([{"article_id": article, **kind} for article, kind in CATALOGUE.items()])
    everyone = pl.DataFrame({"customer_id": audience}, schema={"customer_id": pl.Int64})
    return Shop(transactions(sales), catalogue, customers(ages or AGES), everyone, CALENDAR)


def forecast(
    chances: dict[int, float], units: dict[int, float] | None = None, days: dict[int, int] | None = None, weeks: tuple[int, ...] = (WEEK,)
) -> InMemoryTable:
    """Return the availability of articles as given; all else is what it must be."""
    rest = dict.fromkeys(Availability.column_names(), 0)
    rows = [
        {
            **rest, "week_id": week, "article_id": article, "availability": chance, "availability_units": (units or {}).get(article, 0),
            "availability_age_days": (days or {}).get(article, 100), "availability_idle_days": 1, "availability_is_launch": False,
        }
        for week in weeks for article, chance in chances.items()
    ]  # fmt: skip
    return InMemoryTable(Availability.validate(pl.DataFrame(rows), cast=True), Availability)


def inputs_of(step: str, shop: Shop, availability: InMemoryTable | None = None, week_id: int = WEEK) -> Inputs:
    """Return a step's inputs, with every article on offer where no forecast is given."""
    known = Evaluator(shop).inputs(ALL_STEPS[step], week_id)
    given = availability or forecast(dict.fromkeys(CATALOGUE, 1.0), weeks=(week_id,))
    return replace(known, weekly_tables={**known.weekly_tables, "signal/availability": given})


def proposed(
    strategy: str, shop: Shop, availability: InMemoryTable | None = None, week_id: int = WEEK, **limits: Any
) -> list[tuple[int, int, int, float]]:
    """Return (customer, article, rank, score), best first."""
    inputs = inputs_of(f"strategy/{strategy}", shop, availability, week_id)
    found = STRATEGY[strategy].compute(inputs, week_id=week_id, **limits).sort("customer_id", f"{strategy}_rank").collect()
    assert STRATEGY[strategy].schema.is_valid(found)
    return found.select("customer_id", "article_id", f"{strategy}_rank", f"{strategy}_score").rows()
