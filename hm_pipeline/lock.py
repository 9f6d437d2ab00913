"""One writer per home."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from hm_pipeline.errors import HomeBusy


@contextmanager
def one_writer(home: Path) -> Iterator[None]:
    """Hold a home's lock, so that nothing interleaves; a home that is not there yet has none.

    Raises
    ------
    HomeBusy
        If another process holds it.
    """
    if not home.is_dir():
        yield
        return
    lock = FileLock(home / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise HomeBusy("another process is writing to this home", where=str(home), remedy="wait until it is done") from error
    try:
        yield
    finally:
        lock.release()
