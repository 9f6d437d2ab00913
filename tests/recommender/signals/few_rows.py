"""A shop of a few sales, and what a signal may read of it; week 4 starts on day 28."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.tables import InMemoryTable
from hm_pipeline.recommender.history.vectors import Vectors
from tests.laws.evaluator import ALL_STEPS, Evaluator, Shop
from tests.laws.tiny_shops import CALENDAR, Sale, articles, customers, transactions

A, B, C = 101, 102, 103
TYPES = {A: 10, B: 20, C: 10}
WEEK = 4


def shop_of(sales: list[Sale], ages: dict[int, int | None]) -> Shop:
    catalogue = articles([{"article_id": article, "product_type_no": kind} for article, kind in TYPES.items()])
    audience = pl.DataFrame({"customer_id": list(ages)}, schema={"customer_id": pl.Int64})
    return Shop(transactions(sales), catalogue, customers(ages), audience, CALENDAR)


def inputs_of(step: str, shop: Shop, pairs: list[tuple[int, int]] | None = None, week_id: int = WEEK) -> Inputs:
    """Return a step's inputs; the candidates are the given pairs."""
    known = Evaluator(shop).inputs(ALL_STEPS[step], week_id)
    if pairs is None:
        return known
    rows = pl.DataFrame([(week_id, *pair) for pair in pairs], schema=["week_id", "customer_id", "article_id"], orient="row")
    return replace(known, weekly_tables={**known.weekly_tables, "candidates": InMemoryTable(rows, Vectors)})


def close(*values: float | None) -> Any:
    return [value if value is None else pytest.approx(value, abs=1e-4) for value in values]
