"""Validation of tables at boundaries: a table is checked against its contract; keys that are strictly sorted are unique."""

import types
from collections.abc import Sequence
from copy import copy
from functools import cache

import dataframely as dy
import polars as pl

from hm_pipeline.base.errors import SchemaViolation


def validate(frame: pl.DataFrame | pl.LazyFrame, schema: type[dy.Schema], *, table: str) -> pl.DataFrame:
    """Validate a table against its contract at a boundary, columns in the contract's order.

    Raises
    ------
    SchemaViolation
        If it breaks it; the message counts the failures of each rule.
    """
    try:
        rows = frame.lazy().collect()
        # Rows that are strictly sorted by their key are unique; to look for repeated keys would take most of the validation's time.
        rules = _keyless(schema) if is_strictly_sorted(rows, schema.primary_key()) else schema
        return rules.validate(rows, cast=True)
    except (dy.exc.ValidationError, dy.exc.SchemaError, pl.exceptions.PolarsError) as error:
        raise SchemaViolation(
            f"breaks {schema.__name__}: {error}", where=table, hint="this is a defect of the code that makes it"
        ) from error


def is_strictly_sorted(frame: pl.DataFrame, keys: Sequence[str]) -> bool:
    """Return whether every row's key comes after that of the row before; keys hold no nulls.

    Examples
    --------
    >>> rows = pl.DataFrame({"week_id": [1, 1, 2], "article_id": [5, 7, 5]})
    >>> is_strictly_sorted(rows, ["week_id", "article_id"]), is_strictly_sorted(rows, ["week_id"]), is_strictly_sorted(rows, [])
    (True, False, False)
    """
    if not keys or not {*keys} <= {*frame.columns}:
        return False
    ahead = pl.lit(value=False)
    for name in reversed(keys):
        before = pl.col(name).shift()
        ahead = (pl.col(name) > before) | ((pl.col(name) == before) & ahead)
    return bool(frame.select(ahead.slice(1).fill_null(value=False).all()).item())


@cache
def _keyless(schema: type[dy.Schema]) -> type[dy.Schema]:
    """Return a contract without its key, all else as it is."""
    columns = {name: copy(column) for name, column in schema.columns().items()}
    for column in columns.values():
        column.primary_key = False
    return types.new_class(schema.__name__, (dy.Schema,), exec_body=lambda names: names.update(columns))
