"""Connections that read one SQLite file, as many as there are cores, and the threads that use them."""

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import LifoQueue
from typing import Generic, TypeVar

Answer = TypeVar("Answer")
Read = Callable[[sqlite3.Connection], Answer]


class ConnectionPool(Generic[Answer]):
    """Answers questions to a file; questions of many threads share its connections, and so their caches.

    Parameters
    ----------
    connect
        Opens a connection that any thread may use.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        cores = os.cpu_count() or 1
        self._connect, self._process = connect, os.getpid()
        self._pool = ThreadPoolExecutor(cores)
        self._idle: LifoQueue[sqlite3.Connection | None] = LifoQueue()  # the one that was used last has the warmest cache
        for _ in range(cores):
            self._idle.put(None)

    @property
    def are_usable(self) -> bool:
        """Whether they were made in this process: neither threads nor connections outlive a fork."""
        return self._process == os.getpid()

    def answers(self, reads: Sequence[Read[Answer]], *, beside: bool) -> Iterator[Answer]:
        """Yield the answers in the order of the questions; the first is found by this thread, ``beside`` others by threads that wait."""
        others = [self._pool.submit(self._answer, read) if beside else read for read in reads[1:]]
        for read in [*reads[:1], *others]:
            yield read.result() if isinstance(read, Future) else self._answer(read)

    def close(self) -> None:
        """Close all connections, once those that answer have done so."""
        self._pool.shutdown()
        while not self._idle.empty():
            connection = self._idle.get()
            if connection:
                connection.close()

    def _answer(self, read: Read[Answer]) -> Answer:
        connection = self._idle.get()
        try:
            connection = connection or self._connect()
            return read(connection)
        finally:
            self._idle.put(connection)
