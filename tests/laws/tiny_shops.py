"""Hypothesis strategies for tiny shops: odd ids, unknown ages and types, free articles, weeks without sales."""

from datetime import timedelta
from typing import Any

import polars as pl
from hypothesis import strategies as st

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.contracts import Articles, Customers, Transactions
from tests.laws.evaluator import Shop

WEEK = 4  # the week the laws look at; all models are refitted for it
CALENDAR = Calendar(last_week=8)
CUSTOMERS = (-(2**63), -7, 0, 3, 2**62, 2**63 - 1)
ARTICLES = (108_775_015, 108_775_044, 110_065_001, 372_860_001, 706_016_001, 953_450_001)

Sale = tuple[int, int, int, int, int | None]


def transactions(sales: list[Sale], calendar: Calendar = CALENDAR) -> pl.DataFrame:
    """Return transactions from (day since the epoch, customer_id, article_id, price, channel)."""
    rows = [
        (customer, article, calendar.start(0) + timedelta(days=day), price, channel) for day, customer, article, price, channel in sales
    ]
    frame = pl.DataFrame(rows, schema=Transactions.create_empty().drop("week_id").schema, orient="row")
    week = ((pl.col("t_dat") - calendar.epoch).dt.total_days() // 7).alias("week_id")
    by = ("customer_id", "article_id", "t_dat", "price", "sales_channel_id")
    return Transactions.validate(frame.with_columns(week).sort(by), cast=True)


def articles(rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Return a catalogue; columns that are not given are null."""
    return Articles.validate(pl.DataFrame(rows, schema=Articles.create_empty().schema).sort("article_id"), cast=True)


def customers(ages: dict[int, int | None]) -> pl.DataFrame:
    """Return customers from their ages."""
    rows = [
        {"customer_id": customer, "customer_hex": f"{customer % 2**64:064x}", "position": place, "age": age}
        for place, (customer, age) in enumerate(ages.items())
    ]
    return Customers.validate(pl.DataFrame(rows, schema=Customers.create_empty().schema).sort("customer_id"), cast=True)


def sales(first_week: int, last_week: int, most: int) -> st.SearchStrategy[list[Sale]]:
    """Draw sales of some weeks."""
    days = st.integers(7 * first_week, 7 * last_week + 6)
    prices, channels = st.sampled_from([0, 1, 16_932, 50_831]), st.sampled_from([None, 1, 2])
    return st.lists(st.tuples(days, st.sampled_from(CUSTOMERS), st.sampled_from(ARTICLES), prices, channels), max_size=most)


def catalogues() -> st.SearchStrategy[pl.DataFrame]:
    """Draw the attributes of the catalogue."""
    codes = st.sampled_from([None, -1, 10, 20])
    attributes = ("product_type_no", "department_no", "section_no", "colour_group_code", "graphical_appearance_no")
    texts = st.sampled_from([None, "", "a", "Soft jersey top", "Jeans in washed denim"])
    products = st.sampled_from([None, 108_775])
    row = st.fixed_dictionaries({**dict.fromkeys(attributes, codes), "product_code": products, "detail_desc": texts})
    rows = st.lists(row, min_size=len(ARTICLES), max_size=len(ARTICLES))
    return rows.map(lambda drawn: articles([{"article_id": article, **row} for article, row in zip(ARTICLES, drawn, strict=True)]))


@st.composite
def tiny_shops(draw: st.DrawFn) -> Shop:
    """Draw a shop with sales before the week and after it."""
    sold = draw(sales(0, WEEK - 1, 24)) + draw(sales(WEEK, WEEK + 2, 8))
    ages = {customer: draw(st.sampled_from([None, 0, 16, 40, 41, 120])) for customer in CUSTOMERS}
    chosen = sorted(draw(st.sets(st.sampled_from(CUSTOMERS), min_size=2)))
    audience = pl.DataFrame({"customer_id": chosen}, schema={"customer_id": pl.Int64})
    return Shop(transactions(sold), draw(catalogues()), customers(ages), audience, CALENDAR)


def futures() -> st.SearchStrategy[pl.DataFrame]:
    """Draw another future."""
    return sales(WEEK, WEEK + 2, 12).map(transactions)
