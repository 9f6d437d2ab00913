"""Batches in any order become a table in the order of their row numbers, whatever their columns hold."""

import polars as pl
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from hm_pipeline.feast_duckdb.offline.row_placement import OrderedTable

KINDS = {
    "tiny": (pa.int8(), st.integers(-128, 127)),
    "whole": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "half": (pa.float32(), st.floats(width=32, allow_nan=False)),
    "flag": (pa.bool_(), st.booleans()),
    "moment": (pa.timestamp("us", "UTC"), st.integers(-(2**40), 2**40)),
    "day": (pa.date32(), st.integers(-1000, 1000)),
    "text": (pa.string(), st.text(max_size=3)),
    "numbers": (pa.list_(pa.float32()), st.lists(st.floats(width=32, allow_nan=False), max_size=2)),
    "exact": (pa.decimal128(9, 2), st.decimals(-99, 99, places=2)),
    "nothing": (pa.null(), st.none()),
}
ROWS = st.lists(st.tuples(*(st.none() | drawn for _, drawn in KINDS.values())), min_size=1, max_size=20)


@given(rows=ROWS, order=st.randoms(use_true_random=False), size=st.integers(1, 7))
@settings(max_examples=60, deadline=None)
def test_rows_stand_where_their_numbers_say(rows, order, size):
    columns = {name: pa.array(values, kind) for (name, (kind, _)), values in zip(KINDS.items(), zip(*rows, strict=True), strict=True)}
    whole = pa.table(columns)
    places = list(range(len(rows)))
    order.shuffle(places)
    shuffled = whole.append_column("row", pa.array(range(1, len(rows) + 1), pa.int64())).take(places)
    # batches that are slices of one another's memory, and start in the midst of a byte of its bitmaps
    batches = pa.Table.from_batches(shuffled.combine_chunks().to_batches(max_chunksize=size)).to_batches()
    placed = OrderedTable(batches[0].schema, "row", len(rows))
    for batch in batches:
        placed.add(batch)
    assert placed.table().equals(whole)


def test_the_table_is_what_polars_can_read():
    batch = pa.RecordBatch.from_pydict({"row": [2, 1], "value": [None, 1.5], "flag": [True, None]})
    placed = OrderedTable(batch.schema, "row", 2)
    placed.add(batch)
    assert pl.DataFrame(placed.table()).rows() == [(1.5, None), (None, True)]
