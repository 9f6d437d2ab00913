"""The same questions asked in SQL about the raw rows of a shop."""

from typing import Any

import duckdb
import polars as pl
from polars.testing import assert_frame_equal

from tests.laws.evaluator import Shop

KINDS = "kinds as (select article_id, coalesce(product_type_no, -1) as kind from articles)"


def ask(sql: str, shop: Shop, week_id: int, tables: dict[str, pl.DataFrame] | None = None) -> pl.DataFrame:
    """Ask DuckDB about what was sold before a week, and about other tables by name."""
    sold = shop.transactions.filter(pl.col("week_id") < week_id)
    frames = {"sold": sold, "customers": shop.customers, "audience": shop.audience, "articles": shop.articles, **(tables or {})}
    values: dict[str, Any] = {"cutoff": shop.calendar.start(week_id), "week": week_id}
    with duckdb.connect() as connection:
        for name, frame in frames.items():
            connection.register(name, frame.to_arrow())
        return pl.from_arrow(
            connection.sql(sql, params={name: value for name, value in values.items() if f"${name}" in sql}).to_arrow_table()
        )


def assert_agree(
    found: pl.DataFrame, expected: pl.DataFrame, *, key: list[str], least: int = 100, abs_tol: float = 1e-6, rel_tol: float = 1e-5
) -> None:
    """Assert that a table says what SQL says in all of SQL's columns, row for row."""
    assert expected.height > least
    empty = [name for name in expected.columns if expected[name].null_count() == expected.height]
    assert not empty, "a comparison of nulls proves nothing"
    known = found.select(expected.columns).with_columns(pl.selectors.float().fill_nan(None)).sort(key)
    asked = expected.sort(key).cast({pl.Decimal: pl.Float64})
    assert_frame_equal(known, asked, check_dtypes=False, abs_tol=abs_tol, rel_tol=rel_tol)
