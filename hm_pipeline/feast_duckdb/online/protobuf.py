"""Lists as Protocol Buffers write them, a column at a time.

A value of Feast that is a list is a message within a message.  To build and to serialise one for every customer takes
longer than to store them; here the elements of all a column are written at once and cut into rows.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

LENGTH_DELIMITED = 2  # wire type of messages, texts and packed numbers
ELEMENTS = 1  # the lists' only field
SEVEN = 7  # bits of a number in each byte of a varint


def serialised(field: int, lists: pl.Series) -> list[bytes]:
    """Return each list of a column as a serialised message that has nothing but this field; nothing where there is none.

    Parameters
    ----------
    field
        Number of the field, whose message has the elements in its field 1.
    lists
        Of Float32, Float64, Int64 or String, without nulls among the elements.
    """
    rows: Any = lists.to_arrow(compat_level=pl.CompatLevel.newest())  # texts as they are, others would be copied
    offsets, elements = np.asarray(rows.offsets), pl.Series(rows.values)
    is_text = elements.dtype == pl.String
    data, ends = _ELEMENTS[type(elements.dtype)](elements)
    bodies = (data[start:end] for start, end in pairwise(ends[offsets].tolist()))
    written = [_header(field, len(body), is_packed=not is_text) + body for body in bodies]
    return [row if known else b"" for row, known in zip(written, lists.is_not_null(), strict=True)] if lists.null_count() else written


def delimited(field: int, content: bytes) -> bytes:
    """Return a field of bytes: its tag, its length, and the content."""
    return _start(field, len(content)) + content


def delimited_each(field: int, contents: Iterable[bytes]) -> bytes:
    """Return a repeated field of bytes."""
    return b"".join([_start(field, len(content)) + content for content in contents])


@lru_cache(maxsize=65_536)
def _start(field: int, length: int) -> bytes:
    return varint(field << 3 | LENGTH_DELIMITED) + varint(length)


def varint(number: int) -> bytes:
    """Return an integer, not below 0, in groups of seven bits, lowest first."""
    groups = []
    while number >= 1 << SEVEN:
        groups.append(number & 127 | 128)
        number >>= SEVEN
    return bytes([*groups, number])


@lru_cache(maxsize=65_536)
def _header(field: int, length: int, *, is_packed: bool) -> bytes:
    inner = _start(ELEMENTS, length) if is_packed and length else b""
    return _start(field, len(inner) + length) + inner


def _fixed(elements: pl.Series) -> tuple[bytes, np.ndarray]:
    values = elements.to_numpy()
    return values.tobytes(), np.arange(len(values) + 1) * values.itemsize


def _varints(elements: pl.Series) -> tuple[bytes, np.ndarray]:
    values = elements.to_numpy().view(np.uint64)  # a negative number takes ten bytes
    sizes = np.ones(len(values), np.int64)
    for group in range(1, 10):
        sizes += values >= np.uint64(1 << SEVEN * group)
    ends = np.concatenate([[0], np.cumsum(sizes)])
    data = np.empty(ends[-1], np.uint8)
    for group in range(int(sizes.max(initial=0))):
        at = np.flatnonzero(sizes > group)
        bits = (values[at] >> np.uint64(SEVEN * group)).astype(np.uint8) & 127
        data[ends[at] + group] = bits | (sizes[at] > group + 1) * np.uint8(128)
    return data.tobytes(), ends


def _texts(elements: pl.Series) -> tuple[bytes, np.ndarray]:
    texts = elements.unique()
    encoded = [text.encode() for text in texts]
    messages = pl.Series([delimited(ELEMENTS, text) for text in encoded], dtype=pl.Binary)
    column: Any = elements.replace_strict(texts, messages, return_dtype=pl.Binary).to_arrow().cast(pa.large_binary())
    _, offsets, data = column.buffers()
    return (data.to_pybytes() if data else b""), np.frombuffer(offsets, np.int64, len(column) + 1)


_ELEMENTS = {pl.Float32: _fixed, pl.Float64: _fixed, pl.Int64: _varints, pl.String: _texts}
