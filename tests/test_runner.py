"""What the runner does to a table before it is written."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hm_pipeline.contracts import Pair
from hm_pipeline.inputs import Inputs
from hm_pipeline.runner import _in_order
from hm_pipeline.tables import MemoryTable

ROWS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2)), max_size=8)


@given(ROWS)
def test_rows_are_brought_into_the_order_of_their_key_and_left_alone_where_they_are_in_it(rows: list[tuple[int, int, int]]) -> None:
    keys = ["week_id", "customer_id", "article_id"]
    frame = pl.DataFrame(rows, schema=dict.fromkeys(keys, pl.Int64), orient="row").unique()
    assert _in_order(frame, keys).rows() == sorted(frame.rows())
    ordered = frame.sort(keys)
    assert _in_order(ordered, keys) is ordered


def test_a_table_that_is_held_is_read_once_and_stays_fenced() -> None:
    rows = pl.DataFrame({"week_id": [1, 2, 3], "customer_id": [7, 8, 9], "article_id": [1, 1, 1]})
    held = Inputs({"purchases": MemoryTable(rows, Pair, limit=2)}).holding("purchases", week_id=3)
    assert held.weekly("purchases").before(3).collect()["customer_id"].to_list() == [7, 8]
    assert held.weekly("purchases").before(3, weeks=1).collect()["customer_id"].to_list() == [8]
    with pytest.raises(Exception, match="last that may be known"):
        held.weekly("purchases").before(4)
