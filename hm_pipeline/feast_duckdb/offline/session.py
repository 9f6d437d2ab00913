"""Sessions of the process's one DuckDB database per setting, which keeps what it learnt of parquet files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import gettempdir
from threading import Lock
from typing import Any

import duckdb

from hm_pipeline.base.errors import InvalidInput

# DuckDB does not know that a view has one row for each key: it would join views in the order, and hash the side, that is
# wrong by a third of the time
ORDERING_OFF = "join_order,build_side_probe_side"
SETTINGS = (
    "TimeZone = 'UTC'",
    "parquet_metadata_cache = true",
    "enable_progress_bar = false",
    "streaming_buffer_size = '64MiB'",  # of a result that is streamed: with DuckDB's 1 MB the joins wait for whoever reads
)
_switching = Lock()


def open_session(settings: Any) -> Any:
    """Open a session that joins in the order that statements are written in.

    Parameters
    ----------
    settings
        Those of the offline store.

    Raises
    ------
    InvalidInput
        If DuckDB does not take them.
    """
    try:
        session = _database(settings.threads, settings.memory_limit, settings.temp_directory).cursor()
        for setting in SETTINGS:
            session.execute(f"SET {setting}").fetchall()
    except duckdb.Error as error:
        raise InvalidInput(str(error), where="offline_store of feature_store.yaml", hint="write memory_limit like 4GB") from error
    return session


@contextmanager
def ordering_joins(session: Any) -> Iterator[None]:
    """Let DuckDB order the joins of a statement that is not ours."""
    with _switching:  # the setting is the database's, not the session's
        session.execute("SET GLOBAL disabled_optimizers = ''").fetchall()
        try:
            yield
        finally:
            session.execute(f"SET GLOBAL disabled_optimizers = '{ORDERING_OFF}'").fetchall()


@lru_cache(maxsize=4)
def _database(threads: int, memory_limit: str, temp_directory: str | None) -> Any:
    spill = temp_directory or str(Path(gettempdir()) / f"feast-duckdb-{os.getpid()}")  # DuckDB's default is the current folder
    settings = {"threads": threads, "memory_limit": memory_limit, "temp_directory": spill, "disabled_optimizers": ORDERING_OFF}
    return duckdb.connect(config=settings)
