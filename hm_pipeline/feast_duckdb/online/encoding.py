"""Rows of a table as Feast's values, serialised, column by column.

Feast's own conversion infers types value by value and holds all the table; here the view declares them, and a batch is
encoded at a time.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from hm_pipeline.feast_duckdb.online.protobuf import serialised

if TYPE_CHECKING:
    from feast import FeatureView

REMEMBERED = 65_536  # values of a column that are serialised once: counts and codes repeat
AT_ONCE = ("FLOAT_LIST", "DOUBLE_LIST", "INT64_LIST", "STRING_LIST")


@dataclass(frozen=True)
class Batch:
    """Some rows of a view.

    Parameters
    ----------
    keys
        Values of the view's join keys, sorted by the keys' names as Feast sorts them.
    values
        Feast's values of each feature, serialised, in the order of the rows.
    moment
        Timestamp of all rows.
    """

    keys: list[tuple[int, ...]]
    values: dict[str, list[bytes]]
    moment: datetime


class Encoder:
    """Turns rows of a view's table, its join keys all integers, into batches.

    Parameters
    ----------
    view
        Declares the features and their types.
    moment
        Timestamp that all rows shall bear.
    """

    def __init__(self, view: "FeatureView", moment: datetime) -> None:
        self._keys, self._moment = sorted(view.join_keys), moment
        self._columns = {field.name: _column_of(field.dtype.to_value_type().name) for field in view.features}

    def encode(self, table: pl.DataFrame) -> Batch:
        """Return the rows of a table."""
        keys = list(zip(*(table[name].to_list() for name in self._keys), strict=True))
        return Batch(keys, {name: encoded(table[name]) for name, encoded in self._columns.items()}, self._moment)


def packed_keys(names: Sequence[str], keys: Iterable[Sequence[int]]) -> list[bytes]:
    """Return keys of integers as Feast stores them.

    Parameters
    ----------
    names
        The join keys, sorted.
    keys
        Their values.
    """
    from feast import ValueType  # noqa: PLC0415 - feast takes seconds to import
    from feast.infra.key_encoding_utils import serialize_entity_key_prefix  # noqa: PLC0415 - as above

    prefix, kind = serialize_entity_key_prefix(list(names)), ValueType.INT64.value
    numbers = np.array(list(keys) or np.empty((0, len(names)), np.int64)).astype(np.int64, casting="safe")  # a fraction is an error
    rows = np.empty(numbers.shape, [("kind", "<u4"), ("size", "<u4"), ("number", "<i8")])  # type, length and number of each value
    rows["kind"], rows["size"], rows["number"] = kind, 8, numbers
    data, width = rows.tobytes(), rows.itemsize * len(names)
    return [prefix + data[start : start + width] for start in range(0, len(data), width)]


def _column_of(kind: str) -> Callable[[pl.Series], list[bytes]]:
    """Return what serialises a column of Feast's type; nothing is an empty value."""
    from feast.protos.feast.types.Value_pb2 import Value  # noqa: PLC0415 - feast takes seconds to import

    field = f"{kind.lower()}_val"
    number = Value.DESCRIPTOR.fields_by_name[field].number
    if kind in AT_ONCE:
        return lambda column: serialised(number, column)
    array = type(getattr(Value(), field)) if kind.endswith("_LIST") else None

    def one(value: Any) -> bytes:
        given = {} if value is None else {field: array(val=value) if array else value}
        return bytes(Value(**given).SerializeToString())

    each = one if array else lru_cache(REMEMBERED)(one)
    return lambda column: list(map(each, column.to_list()))
