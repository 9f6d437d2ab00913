"""Feast's rows in Redis, written by Feast's own store, and swept of what the last write did not write.

All rows of a write bear one moment: the week's cutoff, and a second more each time the week is begun again.  So what
is older is of an older week, of a write that was killed, or of a customer or an article that is no longer there.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.feast_duckdb.online.encoding import Batch

if TYPE_CHECKING:
    from feast import FeatureStore, FeatureView

SWEPT = 5_000  # keys that are looked at together


def served_week(server: Any, project: str) -> int | None:
    """Return the week that a server serves, or nothing before the first."""
    week_id = server.hget(_marker(project), "week_id")
    return None if week_id is None else int(week_id)


def _marker(project: str) -> str:
    return f"{project}:served_week"


class RedisTables:
    """The online rows of a project in a Redis server."""

    def __init__(self, store: "FeatureStore") -> None:
        from feast.infra.online_stores.helpers import get_online_store_from_config  # noqa: PLC0415 - feast takes seconds to import
        from redis import Redis, RedisError  # noqa: PLC0415 - only where it is used

        self._config, self._project = store.config, store.project
        self._rows = get_online_store_from_config(store.config.online_store)
        address, *words = store.config.online_store.connection_string.split(",")
        host, _, port = address.rpartition(":")
        options: dict[str, Any] = dict(word.split("=", 1) for word in words)
        options |= {"ssl": True} if options.get("ssl") == "true" else {}
        self._server = Redis(host=host, port=int(port), **options)
        self._marker = _marker(self._project)
        try:
            self._server.ping()
        except RedisError as error:
            what = f"Redis does not answer: {error}"
            raise InvalidInput(what, where=f"HM_ONLINE_STORE, {address}", hint="start it, or unset HM_ONLINE_STORE for SQLite") from error

    def served(self) -> int | None:
        """Return the week that is served, or nothing before the first."""
        return served_week(self._server, self._project)

    def begin(self, week_id: int, cutoff: datetime) -> datetime:
        """Return the moment that all rows shall bear."""
        begun, turn = self._server.hmget(self._marker, ["begun", "turn"])
        again = int(turn or 0) + 1 if begun is not None and int(begun) == week_id else 0
        self._server.hset(self._marker, mapping={"begun": week_id, "turn": again})
        self._moment = cutoff + timedelta(seconds=again)
        return self._moment

    def write(self, view: "FeatureView", batches: Iterable[Batch]) -> int:
        """Write a view's rows over what has their keys, and return their number."""
        from feast.protos.feast.types.EntityKey_pb2 import EntityKey  # noqa: PLC0415 - feast takes seconds to import
        from feast.protos.feast.types.Value_pb2 import Value  # noqa: PLC0415 - as above

        names, written = sorted(view.join_keys), 0
        for batch in batches:
            keys = (EntityKey(join_keys=names, entity_values=[Value(int64_val=value) for value in key]) for key in batch.keys)
            columns = (map(Value.FromString, values) for values in batch.values.values())
            values = (dict(zip(batch.values, row, strict=True)) for row in zip(*columns, strict=True))
            rows = [(key, row, batch.moment, None) for key, row in zip(keys, values, strict=True)]
            self._rows.online_write_batch(self._config, view, rows, None)
            written += len(rows)
        return written

    def publish(self, views: "Sequence[FeatureView]", week_id: int) -> None:
        """Serve the week, then remove what is older."""
        self._server.hset(self._marker, "week_id", str(week_id))
        for keys in {tuple(sorted(view.join_keys)) for view in views}:
            self._sweep(keys, [view for view in views if tuple(sorted(view.join_keys)) == keys])

    def _sweep(self, keys: Sequence[str], views: "Sequence[FeatureView]") -> None:
        from feast.infra.online_stores.helpers import _mmh3  # noqa: PLC0415 - how Feast names a feature's field

        fields = {f"_ts:{view.name}": [_mmh3(f"{view.name}:{field.name}") for field in view.features] for view in views}
        found = self._keys(keys)
        while some := list(islice(found, SWEPT)):
            with self._server.pipeline(transaction=False) as asked, self._server.pipeline(transaction=False) as swept:
                for key in some:
                    asked.hmget(key, list(fields))
                for key, moments in zip(some, asked.execute(), strict=True):
                    old = [name for name, moment in zip(fields, moments, strict=True) if moment and self._is_older(moment)]
                    for name in old:
                        swept.hdel(key, name, *fields[name])  # a key goes with its last field
                swept.execute()

    def _keys(self, keys: Sequence[str]) -> Iterator[bytes]:
        """Yield the keys of a grain; other projects of the server may have some with the same beginning and end."""
        from feast.infra.key_encoding_utils import serialize_entity_key_prefix  # noqa: PLC0415 - feast takes seconds to import

        prefix, suffix = serialize_entity_key_prefix(list(keys)), self._project.encode()
        length = len(prefix) + 16 * len(keys) + len(suffix)  # each value is its type, its length and 8 bytes
        return (key for key in self._server.scan_iter(prefix + b"*" + suffix, count=SWEPT) if len(key) == length)

    def _is_older(self, stored: bytes) -> bool:
        from google.protobuf.timestamp_pb2 import Timestamp  # noqa: PLC0415 - comes with feast

        moment: datetime = Timestamp.FromString(stored).ToDatetime(self._moment.tzinfo)
        return moment < self._moment
