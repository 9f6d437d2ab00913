"""Rows that come in any order and are put in order at the end, column by column, so that they are never held twice."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa

THREADS = 2  # as many columns are held twice at a time


class RowNumbers:
    """Row numbers that were seen, from 1: rows that are counted alone could be one twice and another not at all.

    Parameters
    ----------
    rows
        How many there are to be.
    """

    def __init__(self, rows: int) -> None:
        self._seen, self.total = np.zeros(rows + 1, np.bool_), 0

    def add(self, numbers: pa.Array) -> None:
        """Note the numbers of a batch."""
        self.total += len(numbers)
        self._seen[np.minimum(numbers.to_numpy(), len(self._seen) - 1)] = True

    @property
    def are_complete(self) -> bool:
        """Whether each was seen once."""
        return self.total == len(self._seen) - 1 and bool(self._seen[1:].all())


class OrderedTable:
    """A table filled batch by batch.

    Parameters
    ----------
    schema
        Of the batches, with the column that numbers the rows.
    row
        Name of that column: places from 1.
    rows
        How many rows there will be.
    """

    def __init__(self, schema: pa.Schema, row: str, rows: int) -> None:
        self._row, self._count = row, 0
        self._order = np.full(rows, -1)
        self._columns = {field.name: _column(field.type, rows) for field in schema if field.name != row}

    def add(self, batch: pa.RecordBatch) -> None:
        """Copy the rows of a batch, whose memory can be given back then."""
        end = self._count + batch.num_rows
        self._order[batch.column(self._row).to_numpy() - 1] = np.arange(self._count, end)
        for name, column in self._columns.items():
            column.add(self._count, end, batch.column(name))
        self._count = end

    @property
    def are_complete(self) -> bool:
        """Whether every place was filled."""
        return bool((self._order >= 0).all())

    def table(self) -> pa.Table:
        """Return the rows in order; every place must have been filled."""
        order = pa.array(self._order)

        def in_order(name: str) -> pa.Array:
            return self._columns.pop(name).array().take(order)

        names = list(self._columns)
        with ThreadPoolExecutor(THREADS) as pool:
            return pa.table(dict(zip(names, pool.map(in_order, names), strict=True)))


class _Fixed:
    """A column whose values are all of one width."""

    def __init__(self, kind: pa.DataType, rows: int) -> None:
        self._kind, self._is_flag = kind, pa.types.is_boolean(kind)
        self._values = np.empty(rows, np.bool_ if self._is_flag else f"i{kind.bit_width // 8}")
        self._is_known: Any = None

    def add(self, start: int, end: int, values: pa.Array) -> None:
        if values.null_count:
            self._is_known = np.ones(len(self._values), np.bool_) if self._is_known is None else self._is_known
            self._is_known[start:end] = values.is_valid().to_numpy(zero_copy_only=False)
        if self._is_flag:
            self._values[start:end] = values.fill_null(False).to_numpy(zero_copy_only=False)
        else:
            self._values[start:end] = np.frombuffer(values.buffers()[1], self._values.dtype, values.offset + len(values))[values.offset :]

    def array(self) -> pa.Array:
        known = None if self._is_known is None else pa.py_buffer(np.packbits(self._is_known, bitorder="little"))
        values = np.packbits(self._values, bitorder="little") if self._is_flag else self._values
        return pa.Array.from_buffers(self._kind, len(self._values), [known, pa.py_buffer(values)])


class _Kept:
    """A column of texts, lists or the like, whose batches are kept as they come."""

    def __init__(self, kind: pa.DataType, rows: int) -> None:  # noqa: ARG002 - as the other kind of column
        self._chunks = [pa.array([], kind)]

    def add(self, start: int, end: int, values: pa.Array) -> None:  # noqa: ARG002 - as above
        self._chunks.append(values)

    def array(self) -> pa.Array:
        return pa.concat_arrays(self._chunks)


def _column(kind: pa.DataType, rows: int) -> _Fixed | _Kept:
    is_fixed = pa.types.is_primitive(kind) and kind.bit_width in {1, 8, 16, 32, 64}
    return (_Fixed if is_fixed else _Kept)(kind, rows)
