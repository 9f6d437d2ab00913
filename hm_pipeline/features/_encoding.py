"""Rows of a table as Feast's values, column by column.

Feast's own conversion infers types value by value and holds the whole table; here the view has said them, and a batch is
encoded at a time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from feast import FeatureView


@dataclass(frozen=True)
class Batch:
    """Some rows of a view.

    Parameters
    ----------
    keys
        Values of the view's join keys, sorted by the keys' names as Feast sorts them.
    values
        Feast's values of each feature, in the order of the rows.
    moment
        Timestamp of all rows.
    """

    keys: list[tuple[int, ...]]
    values: dict[str, list[Any]]
    moment: datetime


def encode(view: "FeatureView", table: pl.DataFrame, moment: datetime) -> Batch:
    """Return the rows of a table: the view's join keys, whole numbers all of them, and its features."""
    keys = list(zip(*(table[name].to_list() for name in sorted(view.join_keys)), strict=True))
    values = {field.name: list(map(_maker(field.dtype.to_value_type().name), table[field.name].to_list())) for field in view.features}
    return Batch(keys, values, moment)


def _maker(kind: str) -> Callable[[Any], Any]:
    """Return what makes a value of Feast's type; nothing is an empty value."""
    from feast.protos.feast.types.Value_pb2 import Value  # noqa: PLC0415 - feast takes seconds to import

    field, empty = f"{kind.lower()}_val", Value()
    if not kind.endswith("_LIST"):
        return lambda value: empty if value is None else Value(**{field: value})
    array = type(getattr(empty, field))
    return lambda value: empty if value is None else Value(**{field: array(val=value)})
