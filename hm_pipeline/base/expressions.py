"""Expressions that tables share: the week of their rows."""

import polars as pl


def week_column(week_id: int) -> pl.Expr:
    """Return the week of a table's rows, as the first column of its key."""
    return pl.lit(week_id, dtype=pl.Int64).alias("week_id")
