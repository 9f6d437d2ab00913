"""What is asked of a table before it is written."""

from itertools import pairwise

import dataframely as dy
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hm_pipeline.base.errors import SchemaViolation
from hm_pipeline.base.validation import is_strictly_sorted, validate

KEYS = ["week_id", "article_id"]
PLACE = st.none() | st.integers(0, 2)
ROWS = st.lists(st.tuples(PLACE, PLACE, st.sampled_from([-1.0, 0.5])), max_size=6)


class Graded(dy.Schema):
    week_id = dy.Int64(primary_key=True)
    article_id = dy.Int64(primary_key=True)
    grade = dy.Float32(nullable=False, min=0)


def table(rows: list[tuple]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={**dict.fromkeys(KEYS, pl.Int64), "grade": pl.Float64}, orient="row")


@given(ROWS)
def test_a_table_passes_where_its_rules_hold_whatever_its_order(rows: list[tuple]) -> None:
    keys = [row[:2] for row in rows]
    is_right = len(set(keys)) == len(keys) and all(None not in row and row[2] >= 0 for row in rows)
    if is_right:
        assert validate(table(rows), Graded, table="graded").rows() == rows
    else:
        with pytest.raises(SchemaViolation, match="breaks Graded"):
            validate(table(rows), Graded, table="graded")


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.just(0.5)), max_size=5))
def test_keys_rise_where_each_comes_after_the_one_before(rows: list[tuple]) -> None:
    assert is_strictly_sorted(table(rows), KEYS) == all(one[:2] < other[:2] for one, other in pairwise(rows))
