"""Ids as people write them, as the integers of the tables; a fraction, or a float that may have lost digits, becomes null."""

import re
from decimal import Decimal
from numbers import Integral, Real
from typing import TypeVar

import polars as pl

EXACT = 2**53  # floats beyond it skip integers
INTEGER = r"^[+-]?[0-9]{1,19}(\.0*)?$"
HEX = "^[0-9a-f]{64}$"  # of a customer
Column = TypeVar("Column", pl.Expr, pl.Series)


def integers(column: pl.Series) -> pl.Series:
    """Return a column of ids as integers, null where a value is not an integer.

    Examples
    --------
    >>> integers(pl.Series(["0108775015", "108775015.0", "1.5", "x"])).to_list()
    [108775015, 108775015, None, None]
    >>> integers(pl.Series([7.0, 7.5, 2.0**60])).to_list(), integers(pl.Series([True])).to_list()
    ([7, None, None], [None])
    """
    values = column.cast(pl.String) if column.dtype in (pl.Categorical, pl.Enum) else column
    if values.dtype == pl.String:
        text = values.str.strip_chars()
        return text.set(~text.str.contains(INTEGER), None).str.replace(r"\.0*$", "").cast(pl.Int64, strict=False)
    if not values.dtype.is_numeric():
        return pl.Series(column.name, [None] * len(column), pl.Int64)
    numbers = values.cast(pl.Int64, strict=False)
    if values.dtype.is_integer():
        return numbers
    is_lost = (values != numbers) | (numbers.abs() > EXACT if values.dtype.is_float() else numbers.is_null())
    return numbers.set(is_lost.fill_null(value=True), None)


def integer(value: object) -> int | None:
    """Return one id as an integer, NumPy's and texts among them, or nothing where it is not an integer.

    Examples
    --------
    >>> integer("0108775015"), integer(7.0), integer(7.5), integer(True), integer(None)
    (108775015, 7, None, None, None)
    """
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        text = value.strip()
        return int(text.partition(".")[0]) if text.isascii() and re.match(INTEGER, text) else None
    if isinstance(value, Decimal):
        return int(value) if value.is_finite() and value == int(value) else None
    if isinstance(value, Real) and not isinstance(value, bool):
        number = float(value)
        return int(number) if abs(number) <= EXACT and number.is_integer() else None
    return None


def signed(customer_hex: str) -> int | None:
    """Return the last 16 digits of a 64-digit id as a signed integer, nothing where it is no such id.

    Examples
    --------
    >>> signed("0" * 48 + "f" * 16), signed("0" * 16)
    (-1, None)
    """
    tidy = customer_hex.strip().lower()
    return int.from_bytes(bytes.fromhex(tidy[-16:]), signed=True) if re.fullmatch(HEX, tidy) else None


def signed_id(customer_hex: pl.Expr) -> pl.Expr:
    """Return the last 16 hex digits as a signed number.

    Examples
    --------
    >>> pl.select(signed_id(pl.lit("0" * 48 + "ffffffffffffffff"))).item()
    -1
    """
    return customer_hex.str.tail(16).str.decode("hex").bin.reinterpret(dtype=pl.Int64, endianness="big")


def ten_digits(article_id: Column) -> Column:
    """Return articles as the raw files and every output write them.

    Examples
    --------
    >>> ten_digits(pl.Series([108775015])).to_list()
    ['0108775015']
    """
    return article_id.cast(pl.String).str.zfill(10)
