"""A Feast online store over SQLite that reads what is asked for, and hands it on as it is stored.

Feast's own store fetches all features of a key and converts a timestamp for each; every value then becomes an object, to be
copied into the answer.  Values are stored as an answer has them, so here the columns of an answer are put together from what
was read.  The tables are Feast's: either store reads what the other, or :mod:`hm_pipeline.features.materialise`, has written.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from feast import utils
from feast.infra.online_stores.sqlite import SqliteOnlineStore, SqliteOnlineStoreConfig, _quote_id, _table_id
from feast.metrics import track_feature_statuses
from feast.protos.feast.serving.ServingService_pb2 import FieldStatus
from google.protobuf.timestamp_pb2 import Timestamp

from hm_pipeline.features._encoding import packed_keys
from hm_pipeline.features._wire import delimited

TYPE = "hm_pipeline.features.online_store.LeanSqliteOnlineStore"
MAPPED = 2**40  # bytes of the file that are read where they lie, without a call and a copy for every page; SQLite takes 2 GB
CACHE_KIB = 65_536  # holds the upper pages of the index of everyone's rows, which SQLite's 2 MB do not
PRESENT, NOT_FOUND = int(FieldStatus.PRESENT), int(FieldStatus.NOT_FOUND)
VALUES, STATUSES, MOMENTS = 1, 2, 3  # fields of a column of an answer
Found = dict[str, dict[bytes, bytes | None]]  # by feature: serialised values by key


class LeanSqliteOnlineStoreConfig(SqliteOnlineStoreConfig):  # type: ignore[misc]
    """Settings of the store: those of Feast's own."""

    type: str = TYPE


class LeanSqliteOnlineStore(SqliteOnlineStore):  # type: ignore[misc]
    """Feast's SQLite store with another way to read; keys that are not whole numbers are read as Feast reads them."""

    def _get_conn(self, config: Any) -> Any:
        is_new = not self._conn
        connection = super()._get_conn(config)
        if is_new:
            connection.execute(f"PRAGMA mmap_size = {MAPPED}").fetchall()
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        return connection

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
        """Add each view's columns to an answer."""
        before: dict[str, Any] | None = None
        keys: list[bytes] = []
        for table, features in grouped_refs:
            columns = utils._get_table_entity_values(table, entity_name_to_join_key_map, join_key_values)  # noqa: SLF001 - as Feast's store asks
            if columns != before:  # views of the same keys follow one another
                before, keys = columns, _keys_of(columns)
            if not keys or include_feature_view_version_metadata:
                super()._read_features_per_fv(
                    config,
                    [(table, features)],
                    join_key_values,
                    entity_name_to_join_key_map,
                    online_features_response,
                    full_feature_names,
                    include_feature_view_version_metadata,
                )
                continue
            prefix = f"{table.projection.name_to_use()}__" if full_feature_names else ""
            online_features_response.metadata.feature_names.val.extend(f"{prefix}{name}" for name in features)
            moments, values = self._found(config, table, keys, features)
            for column in _columns(keys, moments, values):
                online_features_response.results.add().ParseFromString(column)
            present = sum(column[key] is not None for column in values.values() for key in keys if key in column)
            track_feature_statuses(table.name, present, len(keys) * len(features) - present)

    def _found(self, config: Any, table: Any, keys: Sequence[bytes], features: Sequence[str]) -> tuple[dict[bytes, int], Found]:
        """Return the moment of every key that is stored, in seconds since 1970, and the values of each feature."""
        stored = _quote_id(_table_id(config.project, table, config.registry.enable_online_feature_view_versioning))
        # What is computed has no declared type, so that Feast's converter is not called for every row.
        asked = f"SELECT entity_key, feature_name, value, event_ts + 0 FROM {stored} WHERE entity_key IN ({_marks(keys)})"
        moments: dict[bytes, int] = {}
        values: Found = {name: {} for name in features}
        for key, name, value, seconds in self._get_conn(config).execute(
            f"{asked} AND feature_name IN ({_marks(features)})", [*keys, *features]
        ):
            moments[key] = seconds
            values[name][key] = value
        return moments, values


def _keys_of(columns: Mapping[str, Sequence[Any]]) -> list[bytes]:
    """Return the key of every row as it is stored; none where one is no whole number."""
    names = sorted(columns)
    values = [[value.int64_val if value.WhichOneof("val") == "int64_val" else None for value in columns[name]] for name in names]
    return [] if any(None in column for column in values) else packed_keys(names, zip(*values, strict=True))


def _columns(keys: Sequence[bytes], moments: Mapping[bytes, int], found: Found) -> Iterator[bytes]:
    """Yield the columns of an answer, serialised: the values of a feature, whether they are there, and their moments."""
    when = b"".join(map(_moment, map(moments.get, keys)))
    for column in found.values():
        values = list(map(column.get, keys))
        statuses = bytes([NOT_FOUND if value is None else PRESENT for value in values])
        yield b"".join([delimited(VALUES, value or b"") for value in values]) + delimited(STATUSES, statuses) + when


@lru_cache(maxsize=1_000)
def _moment(seconds: int | None) -> bytes:
    """Return a moment as a field of a column; none where a key is not stored."""
    moment = Timestamp()
    if seconds is not None:
        moment.FromDatetime(datetime.fromtimestamp(seconds).replace(tzinfo=UTC))  # noqa: DTZ006 - as Feast's adapter has stored it
    return delimited(MOMENTS, bytes(moment.SerializeToString()))


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
