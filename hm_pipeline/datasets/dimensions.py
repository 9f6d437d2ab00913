"""Type the raw customers and articles, and say which value cannot be typed."""

from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl

from hm_pipeline.contracts import RAW_ARTICLES, RAW_CUSTOMERS, Articles, Customers
from hm_pipeline.datasets.rejects import refuse_rows
from hm_pipeline.datasets.scan import read_text

HEX = "^[0-9a-f]{64}$"
HEX_REMEDY = "an id is 64 hex digits in lower case, as in Kaggle's files"
NUMBER_REMEDY = "write a whole number"
ATTRIBUTES = ("club_member_status", "fashion_news_frequency", "age")


def read_customers(connection: Any, path: Path) -> pl.DataFrame:
    """Read customers.csv as :class:`Customers`, in the order of the file.

    Raises
    ------
    BadInput
        If a value is not what its column holds, an id stands there twice, or two ids share their last 16 digits.
    """
    raw = read_text(connection, path, RAW_CUSTOMERS)
    ids = pl.col("customer_id")
    _refuse(raw, ~ids.str.contains(HEX).fill_null(value=False), path, "customer_id", what="is not 64 hex digits", remedy=HEX_REMEDY)
    _refuse(raw, ~ids.is_first_distinct(), path, "customer_id", what="stands there twice", remedy="keep one row a customer")
    numbers = {name: raw[name].cast(pl.Float64, strict=False) for name in ("age", "FN", "Active")}
    for name, values in numbers.items():
        broken = (values.is_null() & raw[name].is_not_null()) | ~values.is_between(0, 1000).fill_null(value=True)
        _refuse(raw, broken, path, name, what="is no such number", remedy="write a number, or leave it empty")
    customers = _type_customers(raw.with_columns(**numbers)).select(Customers.column_names())
    twins = customers["customer_id"].is_duplicated().arg_true().to_list()
    if twins:
        what, remedy = "shares its last 16 digits with another", "give one of them another id, in all files"
        raise refuse_rows(path, "customer_id", twins, value=raw["customer_id"][twins[0]], what=what, remedy=remedy)
    return customers


def _type_customers(raw: pl.DataFrame) -> pl.DataFrame:
    tidy = {name: pl.when(pl.col(name).str.to_uppercase() == "NONE").then(pl.lit("NONE")).otherwise(name) for name in ATTRIBUTES[:2]}
    known = pl.any_horizontal(pl.col("FN", "Active", *ATTRIBUTES).is_not_null())  # an empty flag of a known customer is a no
    flags = {new: pl.when(known).then(pl.col(old).fill_null(0) > 0) for old, new in (("FN", "is_fashion_news"), ("Active", "is_active"))}
    return raw.with_columns(
        customer_id=signed_id(pl.col("customer_id")),
        customer_hex=pl.col("customer_id"),
        position=pl.int_range(pl.len(), dtype=pl.Int64),
        age=pl.col("age").round().cast(pl.Int16),
        **tidy,
        **flags,
    )


def signed_id(customer_hex: pl.Expr) -> pl.Expr:
    """Return the last 16 hex digits as a signed number.

    Examples
    --------
    >>> pl.select(signed_id(pl.lit("0" * 48 + "ffffffffffffffff"))).item()
    -1
    """
    return customer_hex.str.tail(16).str.decode("hex").bin.reinterpret(dtype=pl.Int64, endianness="big")


def read_articles(connection: Any, path: Path) -> pl.DataFrame:
    """Read articles.csv as :class:`Articles`, in the order of the file.

    Raises
    ------
    BadInput
        If a value is not what its column holds, or an article stands there twice.
    """
    raw = read_text(connection, path, RAW_ARTICLES)
    numbers = [name for name, column in Articles.columns().items() if isinstance(column, dy.Int64)]
    articles = raw.with_columns(pl.col(numbers).cast(pl.Int64, strict=False)).select(Articles.column_names())
    for name in numbers:
        broken = articles[name].is_null() & raw[name].is_not_null()
        _refuse(raw, broken, path, name, what="is not a number", remedy=NUMBER_REMEDY)
    _refuse(raw, articles["article_id"].is_null(), path, "article_id", what="is not a number", remedy=NUMBER_REMEDY)
    twice = ~articles["article_id"].is_first_distinct()
    _refuse(raw, twice, path, "article_id", what="stands there twice", remedy="keep one row an article")
    return articles


def _refuse(raw: pl.DataFrame, broken: pl.Expr | pl.Series, path: Path, column: str, *, what: str, remedy: str) -> None:
    rows = raw.select(pl.arg_where(broken)).to_series() if isinstance(broken, pl.Expr) else broken.arg_true()
    if len(rows):
        raise refuse_rows(path, column, rows.to_list(), value=raw[column][int(rows[0])], what=what, remedy=remedy)


def merge(new: pl.DataFrame, stored: pl.DataFrame | None, key: str) -> pl.DataFrame:
    """Return the new rows and those stored rows whose key is not among them, so that old purchases keep their owners.

    Customers who are only stored keep their order and follow the new ones.
    """
    if stored is not None:
        kept = stored.select(new.columns).join(new, on=key, how="anti")
        if "position" in new.columns:
            kept = kept.sort("position").with_columns(position=pl.int_range(pl.len(), dtype=pl.Int64) + new.height)
        new = pl.concat([new, kept])
    return new.sort(key)
