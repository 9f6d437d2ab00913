"""Proposals sorted as single numbers are as Polars sorts their columns, packed or not."""

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from hm_pipeline.recommender.candidates._lib import packed_sort as _packed
from hm_pipeline.recommender.candidates._lib.packed_sort import aggregate, argsort_packed, index_of, sort_by_score

ids = st.integers(-(2**63), 2**63 - 1)
scores = st.one_of(st.integers(0, 5), st.integers(-(2**40), 2**40), st.integers(-(2**62), 2**62))
proposals = st.lists(st.tuples(st.one_of(st.integers(0, 3), ids), st.one_of(st.integers(0, 3), ids), scores), max_size=30)


@given(proposals)
def test_the_order_is_that_of_the_columns(rows: list[tuple[int, int, int]]) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(("customer_id", "article_id", "score"), pl.Int64), orient="row")
    ordered = sorted(rows, key=lambda row: (row[0], -row[2], row[1]))
    assert sort_by_score(frame).rows() == ordered


def test_what_does_not_fit_a_number_is_sorted_by_its_columns() -> None:
    wide = pl.DataFrame({"customer_id": [2, 2, 1], "article_id": [1, 2, 3], "score": [0, 2**62, 5]})
    assert _packed._packed(wide, "article_id") is None
    assert sort_by_score(wide)["article_id"].to_list() == [3, 2, 1]
    assert sort_by_score(wide.with_columns(price=pl.lit(1)))["article_id"].to_list() == [3, 2, 1]


@given(st.lists(ids, min_size=1, max_size=20), st.lists(st.integers(0, 19), max_size=40))
def test_places_are_where_ids_stand(values: list[int], drawn: list[int]) -> None:
    known = pl.Series(sorted({*values}), dtype=pl.Int64)
    wanted = [number % len(known) for number in drawn]
    asked = pl.Series([known[number] for number in wanted], dtype=pl.Int64)
    assert np.array_equal(index_of(known, asked), np.array(wanted, np.int64))


@given(proposals, st.sampled_from([np.add, np.maximum]))
def test_scores_of_a_pair_are_put_together_as_by_a_table(rows: list[tuple[int, int, int]], how: np.ufunc) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(("customer_id", "kind", "score"), pl.Int64), orient="row")
    expected: dict[tuple[int, int], int] = {}
    for customer, kind, score in rows:
        before = expected.get((customer, kind))
        expected[customer, kind] = score if before is None else before + score if how is np.add else max(before, score)
    held = [(*pair, (score + 2**63) % 2**64 - 2**63) for pair, score in sorted(expected.items())]  # sums beyond 63 bits wrap
    assert aggregate(frame, "kind", how).rows() == held


@given(st.lists(st.one_of(st.integers(0, 3), st.integers(0, 2**63 - 1)), max_size=30))
def test_keys_in_order_are_those_of_argsort(values: list[int]) -> None:
    keys = np.array(values, np.int64)
    ordered, order = argsort_packed(keys)
    assert order.tolist() == np.argsort(keys, kind="stable").tolist()
    assert ordered.tolist() == sorted(values)
