"""What a body is given."""

import polars as pl
import pytest

from hm_pipeline.contracts import Pair
from hm_pipeline.inputs import Inputs
from hm_pipeline.tables import MemoryTable


def test_a_table_that_is_held_is_read_once_and_stays_fenced() -> None:
    rows = pl.DataFrame({"week_id": [1, 2, 3], "customer_id": [7, 8, 9], "article_id": [1, 1, 1]})
    held = Inputs({"purchases": MemoryTable(rows, Pair, limit=2)}).holding("purchases", week_id=3)
    assert held.weekly("purchases").before(3).collect()["customer_id"].to_list() == [7, 8]
    assert held.weekly("purchases").before(3, weeks=1).collect()["customer_id"].to_list() == [8]
    with pytest.raises(Exception, match="last that may be known"):
        held.weekly("purchases").before(4)
