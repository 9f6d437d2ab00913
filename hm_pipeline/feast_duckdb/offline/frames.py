"""Frames that a caller gives, as Arrow tables: every value as it is, or a refusal.

DuckDB looks at some rows of a pandas column of objects and cuts the others to the type that it found there; Arrow takes a
moment's time of day, or its nanoseconds, where a date or a coarser moment comes first.  Here each value is looked at.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from pandas.api.types import is_object_dtype, is_scalar

from hm_pipeline.base.errors import InvalidInput

INTEGER, PART, EXACT, MOMENT = "integers", "numbers", "decimals", "moments"
KINDS: dict[Any, str] = {  # the first that fits
    (bool, np.bool_): "booleans",
    Integral: INTEGER,
    Decimal: EXACT,
    Real: PART,
    (datetime, np.datetime64): MOMENT,
    date: "dates",
    str: "texts",
    bytes: "bytes",
}
TOGETHER = ({INTEGER, PART}, {INTEGER, EXACT})  # kinds that one column may hold: Arrow refuses a value that would change


def as_arrow(frame: object, *, where: str) -> pa.Table:
    """Return a frame as an Arrow table, categories as what they stand for.

    Parameters
    ----------
    frame
        A pandas, Polars or Arrow table, or a Polars LazyFrame.
    where
        Where it is from, for complaints.

    Raises
    ------
    InvalidInput
        If it is something else, names a column twice, or a column mixes kinds of values.
    """
    match frame:
        case pl.LazyFrame() | pl.DataFrame():
            table = _guarded(lambda: frame.lazy().collect().to_arrow(), "frame", where)
        case pd.DataFrame():
            table = _of_pandas(frame, where)
        case pa.Table():
            table = frame
        case _:
            raise InvalidInput(f"a {type(frame).__name__} is no {where}", where=where, hint="give a frame, an Arrow table or SQL")
    alike = [str(name).lower() for name in table.column_names]
    twice = sorted({name for name in table.column_names if alike.count(name.lower()) > 1})
    if twice:
        raise InvalidInput(f"{', '.join(twice)} occurs twice", where=where, hint="rename a column; upper and lower case are the same")
    return pa.table({name: _decoded(table[name], name, where) for name in table.column_names})


def _of_pandas(frame: pd.DataFrame, where: str) -> pa.Table:
    names = [str(name) for name in frame.columns]
    arrays = [
        _of_objects(frame.iloc[:, place], name, where)
        if is_object_dtype(frame.dtypes.iloc[place])
        else _guarded(lambda place=place: pa.Array.from_pandas(frame.iloc[:, place]), name, where)
        for place, name in enumerate(names)
    ]
    return pa.Table.from_arrays(arrays, names)


def _of_objects(column: pd.Series, name: str, where: str) -> pa.Array:
    """Convert a column of Python objects, whose kinds are found by looking at all of them."""
    values = [None if _is_missing(value) else value for value in column]
    kinds = {_kind(value) for value in values if value is not None}
    if len(kinds) > 1 and kinds not in TOGETHER:
        raise InvalidInput(f"{name} mixes {' and '.join(sorted(kinds))}", where=where, hint="give the column one type")
    if kinds == {MOMENT}:
        return _guarded(lambda: _moments(values), name, where)
    return _guarded(lambda: pa.array([value.item() if isinstance(value, np.generic) else value for value in values]), name, where)


def _moments(values: Iterable[Any]) -> pa.Array:
    """Convert moments of any unit to microseconds; where one bears a zone all become UTC, as what bears none is."""
    stamps = [None if value is None else pd.Timestamp(value).as_unit("us", round_ok=False) for value in values]
    is_zoned = any(stamp is not None and stamp.tzinfo for stamp in stamps)
    moments = [None if stamp is None else _utc(stamp, is_zoned=is_zoned).to_pydatetime() for stamp in stamps]
    return pa.array(moments, pa.timestamp("us", "UTC" if is_zoned else None))


def _utc(stamp: pd.Timestamp, *, is_zoned: bool) -> pd.Timestamp:
    if not is_zoned:
        return stamp
    return stamp.tz_convert("UTC") if stamp.tzinfo else stamp.tz_localize("UTC")


def _kind(value: object) -> str:
    """Name what kind of value one is, moments apart from dates, and booleans apart from the numbers that Python takes them for."""
    return next((name for kind, name in KINDS.items() if isinstance(value, kind)), f"{type(value).__name__}s")


def _is_missing(value: Any) -> bool:
    return bool(is_scalar(value) and pd.isna(value))


def _guarded(convert: Any, name: str, where: str) -> Any:
    try:
        return convert()
    except (pa.ArrowException, pl.exceptions.PolarsError, OverflowError, ValueError, TypeError) as error:
        what = str(error.args[0] if error.args else error)
        raise InvalidInput(
            f"{name} cannot be taken without a loss: {what}", where=where, hint="give the column one type that holds all"
        ) from error


def _decoded(column: pa.ChunkedArray, name: str, where: str) -> pa.ChunkedArray:
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType) and kind.extension_name == "arrow.uuid":
        return pa.chunked_array([pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.string())])
    return _guarded(lambda: column.cast(kind.value_type), name, where) if pa.types.is_dictionary(kind) else column
