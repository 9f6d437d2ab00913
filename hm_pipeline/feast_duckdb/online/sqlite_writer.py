"""Feast's SQLite tables, written all at once: beside the old ones, indexed at the end, exchanged in one transaction.

Feast writes row by row into an index that is open to readers.  Here a reader sees the old week or the new one, a load
that was killed leaves nothing that is read, and old rows go with their table.  Feast's own store reads the result.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import datetime
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from hm_pipeline.feast_duckdb.online.encoding import Batch, packed_keys

if TYPE_CHECKING:
    from feast import FeatureStore, FeatureView

COLUMNS = "entity_key BLOB, feature_name TEXT, value BLOB, value_text TEXT, vector_value BLOB, event_ts timestamp, created_ts timestamp"
SERVED = "served_week"
NEXT = "__next"
CACHE_KIB = 65_536


def served_week(path: str) -> int | None:
    """Return the week that a file serves, or nothing before the first."""
    with closing(sqlite3.connect(path)) as database:
        known = database.execute("SELECT count(*) FROM sqlite_master WHERE name = ?", [SERVED]).fetchone()[0]
        row = database.execute(f"SELECT max(week_id) FROM {SERVED}").fetchone() if known else None
    return None if row is None else row[0]


class SqliteTables:
    """The online tables of a home."""

    def __init__(self, store: "FeatureStore") -> None:
        self._path, self._project = store.config.online_store.path, store.project

    def served(self) -> int | None:
        """Return the week that is served, or nothing before the first."""
        return served_week(self._path)

    def begin(self, _week_id: int, cutoff: datetime) -> datetime:
        """Remove what a load that was killed has left, and return the moment that all rows shall bear."""
        with closing(self._connect()) as database:
            database.execute("PRAGMA journal_mode = WAL")  # readers go on while a week is written
            for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                if name.endswith(NEXT):
                    database.execute(f'DROP TABLE "{name}"')
        return cutoff

    def write(self, view: "FeatureView", batches: Iterable[Batch]) -> int:
        """Load a view beside the one that is served, and return its keys."""
        target = self._table(view) + NEXT
        with closing(self._connect()) as database:
            database.execute(f'CREATE TABLE "{target}" ({COLUMNS})')
            values = ", ".join("?" * 7)
            for batch in batches:
                with database:
                    database.executemany(f'INSERT INTO "{target}" VALUES ({values})', self._rows(view, batch))
            index = f"{target}_key"
            taken = database.execute("SELECT count(*) FROM sqlite_master WHERE name = ?", [index]).fetchone()[0]
            index += "_2" if taken else ""  # the other one is that of the table that is served
            database.execute(f'CREATE UNIQUE INDEX "{index}" ON "{target}" (entity_key, feature_name)')
            rows: int = database.execute(f'SELECT count(*) FROM "{target}"').fetchone()[0]
        return rows // max(len(view.features), 1)

    def publish(self, views: "Sequence[FeatureView]", week_id: int) -> None:
        """Exchange all views at once; from here on the week is served, and the one before is gone."""
        with closing(self._connect()) as database:
            database.isolation_level = None
            database.execute("BEGIN IMMEDIATE")
            for table in map(self._table, views):
                database.execute(f'DROP TABLE IF EXISTS "{table}"')
                database.execute(f'ALTER TABLE "{table + NEXT}" RENAME TO "{table}"')
            database.execute(f"CREATE TABLE IF NOT EXISTS {SERVED} (week_id INTEGER)")
            database.execute(f"DELETE FROM {SERVED}")
            database.execute(f"INSERT INTO {SERVED} VALUES (?)", [week_id])
            database.execute("COMMIT")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _rows(self, view: "FeatureView", batch: Batch) -> Iterable[tuple[Any, ...]]:
        """Return what is inserted, the features of a key beside one another; no loop, as this is most of the work."""
        from feast.utils import to_naive_utc  # noqa: PLC0415 - feast takes seconds to import

        keys = packed_keys(sorted(view.join_keys), batch.keys)
        when = int(to_naive_utc(batch.moment).timestamp())  # as Feast's adapter stores it
        columns = [
            zip(keys, repeat(name), values, repeat(None), repeat(None), repeat(when), repeat(None)) for name, values in batch.values.items()
        ]
        return chain.from_iterable(zip(*columns, strict=True))

    def _table(self, view: "FeatureView") -> str:
        return f"{self._project}_{view.name}"

    def _connect(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=60)
        database.execute("PRAGMA synchronous = NORMAL")
        database.execute("PRAGMA secure_delete = OFF")  # some builds would write zeros over every page of the old tables
        database.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        return database
