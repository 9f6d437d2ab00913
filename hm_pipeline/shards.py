"""The one seam where work fans out: shards are contiguous ranges of customers, tasks return receipts.

A task takes a shard and reads and writes by itself; no frame crosses this seam, so that a backend may run it in
another process or, later, on another machine.
"""

import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import polars as pl

from hm_pipeline.tables import Receipt, write_aside

LOWEST, HIGHEST = -(2**63), 2**63 - 1
SHARDS_OF_A_WORKER = 2
_POOLS: dict[int, ProcessPoolExecutor] = {}  # kept from one table of customers to the next: a process starts in seconds
THREADS = ("POLARS_MAX_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS")
KEPT = {  # what a worker gives back it takes again with the next table, and new pages cost it a tenth of its time
    "MALLOC_MMAP_THRESHOLD_": str(2**32),
    "MALLOC_TRIM_THRESHOLD_": str(2**33),
    "_RJEM_MALLOC_CONF": "dirty_decay_ms:-1,muzzy_decay_ms:-1",
}


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


def count_for(customers: int, customers_per_shard: int) -> int:
    """Return into how many shards customers are cut: where processes share them an even number, so that two end together.

    Examples
    --------
    >>> count_for(60_000, 20_000), count_for(85_748, 20_000), count_for(1_371_980, 20_000)
    (3, 6, 70)
    """
    count = -(-customers // customers_per_shard)
    return count + count % 2 if count >= 2 * SHARDS_OF_A_WORKER else count


def save_shards(shards: Iterable[Shard], path: Path) -> None:
    """Fix the shards of a home."""
    ranges = [list(shard.customers) for shard in shards]
    write_aside(path, lambda aside: aside.write_text(json.dumps(ranges) + "\n"))


def load_shards(path: Path) -> tuple[Shard, ...]:
    """Read the shards of a home."""
    return tuple(Shard(index, *ends) for index, ends in enumerate(json.loads(path.read_text())))


def workers_for(shards: int, asked: int = 0) -> int:
    """Return how many processes share the shards.

    Parameters
    ----------
    asked
        0 chooses: one for every ``SHARDS_OF_A_WORKER``, as each spends seconds on its start, and at most one a core.

    Examples
    --------
    >>> workers_for(3), workers_for(1, asked=4), workers_for(5, asked=2)
    (1, 1, 2)
    """
    return max(1, min(asked or (os.cpu_count() or 1), shards if asked else shards // SHARDS_OF_A_WORKER))


def map_shards(task: Callable[[Shard], Receipt], shards: Sequence[Shard], *, workers: int = 1) -> Iterator[Receipt]:
    """Run a task on every shard and yield the receipts in the order of the shards.

    Parameters
    ----------
    task
        Reads and writes by itself; picklable where ``workers`` is above 1.
    workers
        1 runs in this process, more in so many fresh ones, which share the cores.
    """
    if workers == 1:
        yield from map(task, shards)
        return
    try:
        with _sharing_cores(workers):
            yield from _pool(workers).map(task, shards)
    except BrokenProcessPool:
        release_workers()
        raise


def _pool(workers: int) -> ProcessPoolExecutor:
    if workers not in _POOLS:
        context = multiprocessing.get_context("spawn")  # forking a process that runs Polars threads can deadlock
        _POOLS[workers] = ProcessPoolExecutor(workers, mp_context=context)
    return _POOLS[workers]


def release_workers() -> None:
    """End the processes that wait for more shards, where what comes next needs their memory more than they save time."""
    while _POOLS:
        _POOLS.popitem()[1].shutdown()


@contextmanager
def _sharing_cores(workers: int) -> Iterator[None]:
    """Give processes that are started meanwhile their part of the cores, as threads that wait for one another spin, and their memory."""
    part = str(max(1, (os.cpu_count() or 1) // workers))
    given = {name: value for name, value in (dict.fromkeys(THREADS, part) | KEPT).items() if name not in os.environ}
    os.environ.update(given)  # read once, when a process starts or its libraries are imported
    try:
        yield
    finally:
        for name in given:
            del os.environ[name]
