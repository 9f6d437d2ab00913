"""Feast fields of contract columns: name, type and meaning stand in the contract and nowhere else."""

from typing import TYPE_CHECKING, Any

import dataframely as dy
import polars as pl

from hm_pipeline.errors import BrokenContract

if TYPE_CHECKING:
    from feast import Field


def field_of(view: str, name: str, column: dy.Column) -> "Field":
    """Return the Feast field of a contract's column.

    Raises
    ------
    BrokenContract
        If Feast knows no such type.
    """
    from feast import Field  # noqa: PLC0415 - feast takes seconds to import

    return Field(name=name, dtype=_dtype(view, name, column.dtype), description=column.description or "", tags={"view": view})


def _dtype(view: str, name: str, stored: Any) -> Any:
    from feast import types  # noqa: PLC0415 - as above

    if isinstance(stored, pl.List):
        return types.Array(_dtype(view, name, stored.inner))
    match stored:
        case pl.Int8() | pl.Int16() | pl.Int32():
            return types.Int32
        case pl.Float32() | pl.Float64() | pl.Int64() | pl.String():
            return getattr(types, type(stored).__name__)
        case pl.Boolean():
            return types.Bool
    raise BrokenContract(f"{name} is {stored}, which is no feature's type", where=view, remedy="cast it, or mark it feature=False")
