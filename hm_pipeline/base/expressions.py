"""Expressions that tables share: the week of their rows, and numbers that the catalogue leaves out."""

import polars as pl


def week_column(week_id: int) -> pl.Expr:
    """Return the week of a table's rows, as the first column of its key."""
    return pl.lit(week_id, dtype=pl.Int64).alias("week_id")


def or_unknown(*names: str) -> pl.Expr:
    """Return numbers of the catalogue (clothing type, department, ...), -1 where it does not give them."""
    return pl.col(*names).fill_null(-1)
