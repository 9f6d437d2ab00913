"""Feast fields of contract columns: name, type and meaning stand in the contract and nowhere else."""

from typing import TYPE_CHECKING, Any

import dataframely as dy
import polars as pl

from hm_pipeline.base.errors import SchemaViolation
from hm_pipeline.features.units import unit_of

if TYPE_CHECKING:
    from feast import Field


def field_of(view: str, name: str, column: dy.Column) -> "Field":
    """Return the Feast field of a contract's column.

    Raises
    ------
    SchemaViolation
        If Feast has no such type.
    """
    from feast import Field  # noqa: PLC0415 - feast takes seconds to import

    unit = unit_of(name, column)
    return Field(
        name=name,
        dtype=feast_type(view, name, column.dtype),
        description=column.description or "",
        tags={"view": view, **({"unit": unit} if unit else {})},
    )


def feast_type(view: str, name: str, stored: Any) -> Any:
    """Return Feast's type of a Polars type.

    Raises
    ------
    SchemaViolation
        If Feast has no such type.
    """
    from feast import types  # noqa: PLC0415 - as above

    if isinstance(stored, pl.List):
        return types.Array(feast_type(view, name, stored.inner))
    match stored:
        case pl.Int8() | pl.Int16() | pl.Int32():
            return types.Int32
        case pl.Float32() | pl.Float64() | pl.Int64() | pl.String():
            return getattr(types, type(stored).__name__)
        case pl.Boolean():
            return types.Bool
    raise SchemaViolation(f"{name} is {stored}, which is no feature's type", where=view, hint="cast it, or mark it feature=False")
