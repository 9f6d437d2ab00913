"""Process pool over shards: a task takes a shard and returns its file entry, here or in a process of its own.

A task reads and writes by itself; no frame crosses this interface, so that a backend may run it in another process or,
later, on another machine.
"""

import multiprocessing
import os
import pickle
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import lru_cache, partial

from hm_pipeline.base.errors import MissingInput, WorkerLost
from hm_pipeline.engine.partition_files import FileEntry
from hm_pipeline.engine.shards import Shard

_POOLS: dict[int, ProcessPoolExecutor] = {}  # kept from one table of customers to the next: a process starts in seconds
THREADS = ("POLARS_MAX_THREADS", "OMP_THREAD_LIMIT", "OPENBLAS_NUM_THREADS")
ALLOCATOR_ENV = {  # what a worker gives back it takes again with the next table, and new pages cost it a tenth of its time
    "MALLOC_MMAP_THRESHOLD_": str(2**32),
    "MALLOC_TRIM_THRESHOLD_": str(2**33),
    "_RJEM_MALLOC_CONF": "dirty_decay_ms:-1,muzzy_decay_ms:-1",
}


def map_shards(task: Callable[[Shard], FileEntry], shards: Sequence[Shard], *, workers: int = 1) -> Iterator[FileEntry]:
    """Run a task on every shard and yield the file entries in the order of the shards.

    Parameters
    ----------
    task
        Reads and writes by itself; what cannot be sent to another process is run in this one, to the same bytes.
    workers
        1 runs in this process, more in so many fresh ones, which share the cores.

    Raises
    ------
    WorkerLost
        If a process ends in the middle of a shard.
    """
    packed = pack(task) if workers > 1 else None
    if packed is None:
        yield from map(task, shards)
        return
    try:
        with _worker_environment(workers):
            with _deaf_to_interrupts():
                entries = _pool(workers).map(partial(_run_packed, packed), shards)
            yield from entries
    except BrokenProcessPool:
        release_workers()
        hint = "it was killed, or there was no memory left: give fewer of them by HM_WORKERS, 1 for none, then the same command again"
        lost = WorkerLost("a process that shared the work ended in the middle of it", where=f"{workers} workers", hint=hint)
    except BaseException:
        stop_workers()  # what they are about must not be written past the end of this
        raise
    else:
        return
    raise lost


def pack(task: Callable[[Shard], FileEntry]) -> bytes | None:
    """Return a task as bytes; nothing where another process could not read it: it holds a closure, or what only this session has."""
    try:
        packed = pickle.dumps(task)
    except Exception:  # noqa: BLE001 - each class fails in its own way
        return None
    return None if b"__main__" in packed else packed


@lru_cache(maxsize=1)
def _unpacked(packed: bytes) -> Callable[[Shard], FileEntry]:
    try:
        task: Callable[[Shard], FileEntry] = pickle.loads(packed)  # noqa: S301 - what our own parent sent
    except Exception as error:  # noqa: BLE001 - of whatever is imported for it
        why = " ".join(f"{type(error).__name__}: {error}".split())
    else:
        return task
    raise MissingInput(
        f"a step cannot be imported in a process of its own: {why}", where="workers", hint="define it in a module, or set HM_WORKERS=1"
    )


def _run_packed(packed: bytes, shard: Shard) -> FileEntry:
    return _unpacked(packed)(shard)


def _pool(workers: int) -> ProcessPoolExecutor:
    if workers not in _POOLS:
        context = multiprocessing.get_context("spawn")  # forking a process that runs Polars threads can deadlock
        _POOLS[workers] = ProcessPoolExecutor(workers, mp_context=context)
    return _POOLS[workers]


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Start processes that ignore Ctrl-C, as it goes to all of a terminal and this one ends the others; here it comes later."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def stop_workers() -> None:
    """End the processes at once, whatever they are about: a shard is written atomically, so that nothing of it stays."""
    for pool in _POOLS.values():
        for process in list((pool._processes or {}).values()):  # noqa: SLF001 - Python 3.14 has a name for it
            process.terminate()
    release_workers()


def release_workers() -> None:
    """End the processes that wait for more shards, where what comes next needs their memory more than they save time."""
    while _POOLS:
        _POOLS.popitem()[1].shutdown()


@contextmanager
def _worker_environment(workers: int) -> Iterator[None]:
    """Give processes that are started meanwhile their part of the cores, as threads that wait for one another spin, and their memory."""
    part = str(max(1, (os.cpu_count() or 1) // workers))
    given = {name: value for name, value in (dict.fromkeys(THREADS, part) | ALLOCATOR_ENV).items() if name not in os.environ}
    os.environ.update(given)  # read once, when a process starts or its libraries are imported
    try:
        yield
    finally:
        for name in given:
            del os.environ[name]
