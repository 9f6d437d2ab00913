"""File lock: one writing process per home.  A second one fails with the holder's command line, or waits if a callback is given."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from hm_pipeline.base.errors import HomeLocked
from hm_pipeline.base.files import atomic_write

LOCK, WRITER = ".lock", ".writer.json"


@contextmanager
def write_lock(home: Path, *, wait: Callable[[str], object] | None = None) -> Iterator[None]:
    """Hold a home's lock, so that nothing interleaves; within a process it may be held again.

    A home that is not there is made, and removed again where nothing was written to it.

    Parameters
    ----------
    wait
        Called with the holder, before the wait.  Without it, a second writer is an error.

    Raises
    ------
    HomeLocked
        If another process holds the lock.
    """
    home = home.absolute()
    made = [folder for folder in (home, *home.parents) if not folder.exists()]
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / LOCK, is_singleton=True, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        if wait is None:
            raise HomeLocked(f"{_describe_holder(home)} is writing to this home", where=str(home), hint="wait until it is done") from error
        wait(f"waiting for {_describe_holder(home)}, which is writing to {home}")
        lock.acquire()
    try:
        if lock.lock_counter == 1:
            _record_holder(home)
        yield
    finally:
        if lock.lock_counter == 1:
            (home / WRITER).unlink(missing_ok=True)
            _remove_if_empty(home, made)
        lock.release()


def _record_holder(home: Path) -> None:
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:3]])
    record = {"pid": os.getpid(), "command": command, "since": f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}"}
    atomic_write(home / WRITER, lambda temporary: temporary.write_text(json.dumps(record)))


def _describe_holder(home: Path) -> str:
    """Describe the lock holder.  The record may be stale after a kill, and missing just after the lock was taken."""
    try:
        record = json.loads((home / WRITER).read_text())
    except (OSError, ValueError):
        return "another process"
    return f"process {record['pid']} ({record['command']}, since {record['since']})"


def _remove_if_empty(home: Path, made: list[Path]) -> None:
    if home in made and {path.name for path in home.iterdir()} <= {LOCK}:
        (home / LOCK).unlink(missing_ok=True)
        for folder in made:
            if any(folder.iterdir()):
                break
            folder.rmdir()
