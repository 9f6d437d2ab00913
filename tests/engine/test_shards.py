"""Ranges of customers: every possible id is in one of them, and they are nearly of a size."""

from itertools import pairwise

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from hm_pipeline.engine.shards import load_shards, save_shards, shard_count, split_customers, workers_for

EDGES = -(2**63), 2**63 - 1


@given(ids=st.lists(st.integers(*EDGES), min_size=1, max_size=60, unique=True), count=st.integers(1, 9))
def test_ranges_cover_every_id_once(ids, count):
    shards = split_customers(pl.Series(ids, dtype=pl.Int64), count)
    assert [shard.index for shard in shards] == list(range(len(shards)))
    assert (shards[0].first, shards[-1].last) == EDGES
    assert all(before.last + 1 == after.first for before, after in pairwise(shards))
    sizes = [sum(shard.first <= customer <= shard.last for customer in ids) for shard in shards]
    assert sum(sizes) == len(ids)
    if count <= len(ids):
        assert len(shards) == count
        assert max(sizes) - min(sizes) <= 1


def test_nobody_is_one_range():
    assert [shard.customers for shard in split_customers(pl.Series([], dtype=pl.Int64), 5)] == [EDGES]


@given(customers=st.integers(1, 10**9), size=st.integers(1, 10**6))
def test_shards_hold_no_more_than_their_size(customers, size):
    count = shard_count(customers, size)
    assert -(-customers // count) <= size
    assert count <= 3 or count % 2 == 0


def test_a_home_keeps_its_shards(tmp_path):
    shards = split_customers(pl.Series([1, 5, 9]), 3)
    save_shards(shards, tmp_path / "shards.json")
    assert load_shards(tmp_path / "shards.json") == shards


def test_processes_are_as_many_as_asked_and_no_more_than_shards():
    assert [workers_for(8, asked=asked) for asked in (1, 3, 20)] == [1, 3, 8]
    assert workers_for(1) == 1
