"""Proposals sorted as single numbers are as Polars sorts their columns, packed or not."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from hm_pipeline.candidates import _packed
from hm_pipeline.candidates._packed import best_first, places

ids = st.integers(-(2**63), 2**63 - 1)
scores = st.one_of(st.integers(0, 5), st.integers(-(2**40), 2**40), st.integers(-(2**62), 2**62))
proposals = st.lists(st.tuples(st.one_of(st.integers(0, 3), ids), st.one_of(st.integers(0, 3), ids), scores), max_size=30)


@given(proposals)
def test_the_order_is_that_of_the_columns(rows: list[tuple[int, int, int]]) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(("customer_id", "article_id", "score"), pl.Int64), orient="row")
    ordered = sorted(rows, key=lambda row: (row[0], -row[2], row[1]))
    assert best_first(frame).rows() == ordered


def test_what_does_not_fit_a_number_is_sorted_by_its_columns() -> None:
    wide = pl.DataFrame({"customer_id": [2, 2, 1], "article_id": [1, 2, 3], "score": [0, 2**62, 5]})
    assert _packed._packed(wide) is None
    assert best_first(wide)["article_id"].to_list() == [3, 2, 1]
    assert best_first(wide.with_columns(price=pl.lit(1)))["article_id"].to_list() == [3, 2, 1]


@given(st.lists(ids, min_size=1, max_size=20), st.lists(st.integers(0, 19), max_size=40))
def test_places_are_where_ids_stand(values: list[int], drawn: list[int]) -> None:
    known = pl.Series(sorted({*values}), dtype=pl.Int64)
    wanted = [number % len(known) for number in drawn]
    asked = pl.Series([known[number] for number in wanted], dtype=pl.Int64)
    assert np.array_equal(places(known, asked), np.array(wanted, np.int64))
