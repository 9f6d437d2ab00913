"""A Feast online store over SQLite that reads what is asked for, and hands it on as it is stored.

Feast's own store fetches all features of a key and converts a timestamp for each; every value then becomes an object, to be
copied into the answer.  Values are stored as an answer has them, so here the columns of an answer are put together from what
was read.  The tables are Feast's: either store reads what the other, or :mod:`hm_pipeline.features.materialise`, has written.
"""

from collections.abc import Mapping, Sequence
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
Found = Mapping[bytes, tuple[int, dict[str, bytes]]]  # by key: seconds since 1970, and serialised values by feature


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
        for table, features in grouped_refs:
            keys = _keys_of(utils._get_table_entity_values(table, entity_name_to_join_key_map, join_key_values))  # noqa: SLF001 - as Feast's store asks
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
            found = self._found(config, table, keys, features)
            for column in _columns(keys, features, found):
                online_features_response.results.add().ParseFromString(column)
            present = sum(len(found[key][1]) for key in keys if key in found)
            track_feature_statuses(table.name, present, len(keys) * len(features) - present)

    def _found(self, config: Any, table: Any, keys: Sequence[bytes], features: Sequence[str]) -> Found:
        stored = _quote_id(_table_id(config.project, table, config.registry.enable_online_feature_view_versioning))
        # What is computed has no declared type, so that Feast's converter is not called for every row.
        asked = f"SELECT entity_key, feature_name, value, event_ts + 0 FROM {stored} WHERE entity_key IN ({_marks(keys)})"
        found: dict[bytes, tuple[int, dict[str, bytes]]] = {}
        for key, name, value, seconds in self._get_conn(config).execute(
            f"{asked} AND +feature_name IN ({_marks(features)})", [*keys, *features]
        ):
            known = found.get(key) or found.setdefault(key, (seconds, {}))
            known[1][name] = value
        return found


def _keys_of(columns: Mapping[str, Sequence[Any]]) -> list[bytes]:
    """Return the key of every row as it is stored; none where one is no whole number."""
    names = sorted(columns)
    values = [[value.int64_val if value.WhichOneof("val") == "int64_val" else None for value in columns[name]] for name in names]
    return [] if any(None in column for column in values) else packed_keys(names, zip(*values, strict=True))


def _columns(keys: Sequence[bytes], features: Sequence[str], found: Found) -> list[bytes]:
    """Return the columns of an answer, serialised: the values of a feature, whether they are there, and their moments."""
    rows = [found.get(key) for key in keys]
    moments = b"".join(delimited(MOMENTS, _moment(row[0]) if row else b"") for row in rows)
    columns = []
    for name in features:
        values = [row[1].get(name) if row else None for row in rows]
        statuses = bytes([NOT_FOUND if value is None else PRESENT for value in values])
        columns.append(b"".join(delimited(VALUES, value or b"") for value in values) + delimited(STATUSES, statuses) + moments)
    return columns


@lru_cache(maxsize=1_000)
def _moment(seconds: int) -> bytes:
    moment = Timestamp()
    moment.FromDatetime(datetime.fromtimestamp(seconds).replace(tzinfo=UTC))  # noqa: DTZ006 - as Feast's adapter has stored it
    return bytes(moment.SerializeToString())


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))
