"""Columns serialised at once are what Protocol Buffers would have written, value by value."""

import hypothesis.strategies as st
import polars as pl
import pytest
from feast.protos.feast.types.Value_pb2 import Value
from hypothesis import given

from hm_pipeline.feast_duckdb.online.protobuf import serialised, varint

KINDS = {
    "int64_list_val": (pl.Int64, st.integers(-(2**63), 2**63 - 1) | st.sampled_from([0, 127, 128, 2**35 - 1, 2**35, 919_273_001])),
    "float_list_val": (pl.Float32, st.floats(width=32)),
    "double_list_val": (pl.Float64, st.floats()),
    "string_list_val": (pl.String, st.text(max_size=5) | st.sampled_from(["", "x" * 200, "été", "own_purchases"])),
}


@pytest.mark.parametrize("field", KINDS)
@given(data=st.data())
def test_lists_are_what_protocol_buffers_write(field: str, data: st.DataObject) -> None:
    dtype, elements = KINDS[field]
    lists = data.draw(st.lists(st.none() | st.lists(elements, max_size=40), max_size=8))
    column = pl.Series(lists, dtype=pl.List(dtype))
    first = data.draw(st.integers(0, len(lists)))  # a slice has its own offsets
    array = type(getattr(Value(), field))
    expected = [Value() if value is None else Value(**{field: array(val=value)}) for value in lists]
    found = serialised(Value.DESCRIPTOR.fields_by_name[field].number, column[first:])
    assert found == [value.SerializeToString() for value in expected[first:]]


@given(st.integers(0, 2**64 - 1))
def test_a_varint_is_read_back(number: int) -> None:
    groups = varint(number)
    assert sum((group & 127) << 7 * place for place, group in enumerate(groups)) == number
    assert [group >> 7 for group in groups] == [1] * (len(groups) - 1) + [0]
