"""The one seam where work fans out: shards are contiguous ranges of customers, tasks return receipts.

A task takes a shard and reads and writes by itself; no frame crosses this seam, so that a backend may run it in
another process or, later, on another machine.
"""

import json
import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import polars as pl

from hm_pipeline.tables import Receipt, write_aside

LOWEST, HIGHEST = -(2**63), 2**63 - 1


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


ALL = Shard(0, LOWEST, HIGHEST)


def cut(customer_ids: pl.Series, count: int) -> tuple[Shard, ...]:
    """Cut customers into ranges of nearly equal size that cover every possible id.

    Examples
    --------
    >>> [shard.last for shard in cut(pl.Series([10, 20, 30, 40]), 2)]
    [29, 9223372036854775807]
    """
    ids = customer_ids.sort()
    starts = sorted({ids[len(ids) * index // count] for index in range(1, count)} - {ids[0]}) if len(ids) else []
    edges = [LOWEST, *starts, HIGHEST + 1]
    return tuple(Shard(index, first, last - 1) for index, (first, last) in enumerate(pairwise(edges)))


def save_shards(shards: Iterable[Shard], path: Path) -> None:
    """Fix the shards of a home."""
    ranges = [list(shard.customers) for shard in shards]
    write_aside(path, lambda aside: aside.write_text(json.dumps(ranges) + "\n"))


def load_shards(path: Path) -> tuple[Shard, ...]:
    """Read the shards of a home."""
    return tuple(Shard(index, *ends) for index, ends in enumerate(json.loads(path.read_text())))


def map_shards(task: Callable[[Shard], Receipt], shards: Iterable[Shard], *, workers: int = 1) -> Iterator[Receipt]:
    """Run a task on every shard and yield the receipts in the order of the shards.

    Parameters
    ----------
    task
        Reads and writes by itself; picklable where ``workers`` is above 1.
    workers
        1 runs in this process, more in so many fresh ones.
    """
    if workers == 1:
        yield from map(task, shards)
        return
    context = multiprocessing.get_context("spawn")  # forking a process that runs Polars threads can deadlock
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(task, shards)
