"""Contiguous ranges of customers, cut at the first ingest, by which the tables of customers and pairs are made."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import polars as pl

from hm_pipeline.base.files import atomic_write

LOWEST, HIGHEST = -(2**63), 2**63 - 1
MIN_SHARDS_PER_WORKER = 2


@dataclass(frozen=True)
class Shard:
    """Customers from ``first`` to ``last``, both included."""

    index: int
    first: int
    last: int

    @property
    def customers(self) -> tuple[int, int]:
        """The range, as the tables take it."""
        return self.first, self.last


UNSPLIT = Shard(0, LOWEST, HIGHEST)


def split_customers(customer_ids: pl.Series, count: int) -> tuple[Shard, ...]:
    """Cut customers into ranges of nearly equal size that cover every possible id.

    Examples
    --------
    >>> [shard.last for shard in split_customers(pl.Series([10, 20, 30, 40]), 2)]
    [29, 9223372036854775807]
    """
    ids = customer_ids.sort()
    starts = sorted({ids[len(ids) * index // count] for index in range(1, count)} - {ids[0]}) if len(ids) else []
    edges = [LOWEST, *starts, HIGHEST + 1]
    return tuple(Shard(index, first, last - 1) for index, (first, last) in enumerate(pairwise(edges)))


def shard_count(customers: int, customers_per_shard: int) -> int:
    """Return into how many shards customers are cut: where processes share them an even number, so that two end together.

    Examples
    --------
    >>> shard_count(60_000, 20_000), shard_count(85_748, 20_000), shard_count(1_371_980, 20_000)
    (3, 6, 70)
    """
    count = -(-customers // customers_per_shard)
    return count + count % 2 if count >= 2 * MIN_SHARDS_PER_WORKER else count


def save_shards(shards: Iterable[Shard], path: Path) -> None:
    """Fix the shards of a home."""
    ranges = [list(shard.customers) for shard in shards]
    atomic_write(path, lambda aside: aside.write_text(json.dumps(ranges) + "\n"))


def load_shards(path: Path) -> tuple[Shard, ...]:
    """Read the shards of a home."""
    return tuple(Shard(index, *ends) for index, ends in enumerate(json.loads(path.read_text())))


def workers_for(shards: int, asked: int = 0) -> int:
    """Return how many processes share the shards.

    Parameters
    ----------
    asked
        0 chooses: one for every ``MIN_SHARDS_PER_WORKER``, as each spends seconds on its start, and at most one a core.

    Examples
    --------
    >>> workers_for(3), workers_for(1, asked=4), workers_for(5, asked=2)
    (1, 1, 2)
    """
    return max(1, min(asked or (os.cpu_count() or 1), shards if asked else shards // MIN_SHARDS_PER_WORKER))
