"""Feast online store over SQLite that reads only what is requested, and returns it as stored.

Feast's own store fetches all features of a key and converts a timestamp for each; every value then becomes an object, to be
copied into the answer.  Values are stored as an answer has them, so here the columns of an answer are put together from what
was read.  Views are read beside one another, as much of the time goes by waiting for pages.  The tables are Feast's: either
store reads what the other, or :mod:`hm_pipeline.features.online_load`, has written.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

from feast import utils
from feast.infra.online_stores.sqlite import SqliteOnlineStore, SqliteOnlineStoreConfig, _initialize_conn, _quote_id, _table_id
from feast.metrics import track_feature_statuses
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus
from google.protobuf.timestamp_pb2 import Timestamp

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.feast_duckdb.online.connection_pool import ConnectionPool
from hm_pipeline.feast_duckdb.online.encoding import packed_keys
from hm_pipeline.feast_duckdb.online.guarded_reads import GuardedReads, served
from hm_pipeline.feast_duckdb.online.protobuf import delimited, delimited_each

TYPE = "hm_pipeline.feast_duckdb.online.store.LeanSqliteOnlineStore"
ENOUGH_KEYS = 20  # of a look-up, from which a second thread is worth waking
CACHE_KIB = 65_536  # holds the upper pages of the index of everyone's rows, which SQLite's 2 MB do not
PRESENT, NOT_FOUND = int(FieldStatus.PRESENT), int(FieldStatus.NOT_FOUND)
VALUES, STATUSES, MOMENTS = 1, 2, 3  # fields of a column of an answer
Found = dict[str, dict[bytes, bytes | None]]  # by feature: serialised values by key
Answer = tuple[dict[bytes, int], Found]  # and moments by key, in seconds since 1970


class LeanSqliteOnlineStoreConfig(SqliteOnlineStoreConfig):  # type: ignore[misc]
    """Settings of the store: those of Feast's own."""

    type: str = TYPE


class LeanSqliteOnlineStore(GuardedReads, SqliteOnlineStore):  # type: ignore[misc]
    """Feast's SQLite store with another way to read; a view whose keys are not integers is read as Feast reads it."""

    _readers: ConnectionPool[Answer] | None = None

    def teardown(self, config: Any, tables: Sequence[Any], entities: Sequence[Any]) -> None:
        """Remove the file, and before it those who read it."""
        if self._readers and self._readers.are_usable:
            self._readers.close()
        self._readers = None
        super().teardown(config, tables, entities)

    def _read_features_per_fv(
        self,
        config: Any,
        grouped_refs: list[tuple[Any, list[str]]],
        join_key_values: dict[str, Any],
        entity_name_to_join_key_map: dict[str, str],
        online_features_response: Any,
        full_feature_names: bool,
        include_feature_view_version_metadata: bool,
    ) -> None:
        """Add the columns of each view that is online to an answer."""
        grouped_refs = served(grouped_refs, join_key_values, entity_name_to_join_key_map)
        given = [utils._get_table_entity_values(table, entity_name_to_join_key_map, join_key_values) for table, _ in grouped_refs]  # noqa: SLF001 - as Feast's store asks
        keys = [[]] * len(given) if include_feature_view_version_metadata else _keys_of(given)
        reads = [
            partial(_found, table.name, _table(config, table), own, names)
            for (table, names), own in zip(grouped_refs, keys, strict=True)
            if own
        ]
        answers = self._reading(config).answers(reads, beside=max(map(len, keys), default=0) >= ENOUGH_KEYS)
        for (table, names), own in zip(grouped_refs, keys, strict=True):
            if own:
                _add(online_features_response, table, names, own, next(answers), is_full=full_feature_names)
                continue
            super()._read_features_per_fv(
                config,
                [(table, names)],
                join_key_values,
                entity_name_to_join_key_map,
                online_features_response,
                full_feature_names,
                include_feature_view_version_metadata,
            )

    def _reading(self, config: Any) -> ConnectionPool[Answer]:
        if not (self._readers and self._readers.are_usable):
            self._readers = ConnectionPool(partial(_connect, self._get_db_path(config)))
        return self._readers


def _connect(path: str) -> sqlite3.Connection:
    connection: sqlite3.Connection = _initialize_conn(path)
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    return connection


def _table(config: Any, view: Any) -> str:
    return str(_quote_id(_table_id(config.project, view, config.registry.enable_online_feature_view_versioning)))


def _found(view: str, table: str, keys: Sequence[bytes], features: Sequence[str], connection: sqlite3.Connection) -> Answer:
    """Return the moment of every key that has one of the features, in seconds since 1970, and the values of each.

    Raises
    ------
    MissingInput
        If nothing of the view was ever written.
    """
    asked = list(dict.fromkeys(keys))
    # What is computed has no declared type, so that Feast's converter is not called for every row.
    statement = f"SELECT entity_key, feature_name, value, event_ts + 0 FROM {table} WHERE entity_key IN ({_marks(asked)})"
    moments: dict[bytes, int] = {}
    values: Found = {name: {} for name in features}
    try:
        rows = connection.execute(f"{statement} AND feature_name IN ({_marks(features)})", [*asked, *features])
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        raise MissingInput(f"nothing of view {view!r} is online", where="online store", hint="materialise it first") from error
    for key, name, value, seconds in rows:
        moments[key] = seconds
        values[name][key] = value
    return moments, values


def _add(response: Any, table: Any, names: Sequence[str], keys: Sequence[bytes], answer: Answer, *, is_full: bool) -> None:
    """Add a view's columns to a response."""
    moments, values = answer
    prefix = f"{table.projection.name_to_use()}__" if is_full else ""
    response.metadata.feature_names.val.extend(f"{prefix}{name}" for name in names)
    for column in _columns(keys, moments, values):
        response.results.add().ParseFromString(column)
    present = sum(column[key] is not None for column in values.values() for key in keys if key in column)
    track_feature_statuses(table.name, present, len(keys) * len(names) - present)


def _keys_of(columns: Sequence[Mapping[str, Sequence[Any]]]) -> list[list[bytes]]:
    """Return the keys of every view's rows as they are stored, given its join keys; none where one is not an integer."""
    found: list[list[bytes]] = []
    for place, named in enumerate(columns):
        is_as_before = place and named == columns[place - 1]  # most views of a look-up have the same
        found.append(found[-1] if is_as_before else _packed(named))
    return found


def _packed(columns: Mapping[str, Sequence[Any]]) -> list[bytes]:
    names = sorted(columns)
    if not names:  # Feast names the missing ones
        return []
    values = [[value.int64_val if value.WhichOneof("val") == "int64_val" else None for value in columns[name]] for name in names]
    return [] if any(None in column for column in values) else packed_keys(names, zip(*values, strict=True))


def _columns(keys: Sequence[bytes], moments: Mapping[bytes, int], found: Found) -> Iterator[bytes]:
    """Yield the columns of an answer, serialised: the values of a feature, whether they are there, and their moments."""
    when = b"".join(map(_moment, map(moments.get, keys)))
    for column in found.values():
        values = list(map(column.get, keys))
        statuses = bytes([NOT_FOUND if value is None else PRESENT for value in values])
        yield delimited_each(VALUES, [value or b"" for value in values]) + delimited(STATUSES, statuses) + when


@lru_cache(maxsize=1_000)
def _moment(seconds: int | None) -> bytes:
    """Return a moment as a field of a column; none where a key is not stored."""
    moment = Timestamp()
    if seconds is not None:
        moment.FromDatetime(datetime.fromtimestamp(seconds).replace(tzinfo=UTC))  # noqa: DTZ006 - as Feast's adapter has stored it
    return delimited(MOMENTS, bytes(moment.SerializeToString()))


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
