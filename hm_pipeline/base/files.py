"""Atomic writes of files, and hashes of their content."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def atomic_write(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file under a temporary name, then rename it, so that no reader sees a part of it."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        write(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def content_hash(frame: "pl.DataFrame") -> str:
    """Return a hash over the rows of a frame, in their order."""
    import polars as pl  # noqa: PLC0415 - a command's help need not wait for it

    if frame.is_empty():
        return "0" * 16
    rows = frame.hash_rows(seed=0)
    places = pl.int_range(frame.height, dtype=pl.UInt64, eager=True)
    return f"{pl.DataFrame([rows.alias('row'), places.alias('place')]).hash_rows(seed=1).sum():016x}"
