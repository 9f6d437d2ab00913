"""Cache of file metadata, keyed by path, time of change, size and inode."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from hm_pipeline.feast_duckdb.offline.layout import unescaped

T = TypeVar("T")
MOST_KNOWN = 1_000
_known: dict[object, Any] = {}


def cached_by_mtime(what: str, files: Sequence[str], learn: Callable[[], T]) -> T:
    """Return what was learnt of the files in their present state, or learn it.

    Parameters
    ----------
    what
        Kind of metadata, where several are cached of the same files.
    """
    stamps = _stamps(files)
    if stamps is None:
        return learn()
    if (what, stamps) not in _known:
        learnt = learn()
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known[what, stamps] = learnt
    known: T = _known[what, stamps]
    return known


def _stamps(files: Sequence[str]) -> object | None:
    """Return an identity that changes when files are replaced under the same names; nothing where there is none."""
    try:
        states = [Path(unescaped(file)).stat() for file in files]
    except OSError:  # a URI
        return None
    return tuple((file, state.st_mtime_ns, state.st_size, state.st_ino) for file, state in zip(files, states, strict=True))
