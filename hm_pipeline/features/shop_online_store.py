"""Online store of a home: rows are asked for by the shop's own ids, and of the week that is served where none is given."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feast.protos.feast.types.Value_pb2 import Value
from pydantic import Field

from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.feast_duckdb.online.guarded_reads import MissingJoinKey
from hm_pipeline.feast_duckdb.online.sqlite_writer import served_week
from hm_pipeline.feast_duckdb.online.store import LeanSqliteOnlineStore, LeanSqliteOnlineStoreConfig
from hm_pipeline.features.default_home import default_home
from hm_pipeline.features.shop_keys import NAMES, columns_of, keys_of

TYPE = "hm_pipeline.features.shop_online_store.ShopSqliteOnlineStore"
WEEK = "week_id"
TRIES = 3  # a week may be exchanged for the next between two looks
CHANGED = f"the served week changed during {TRIES} reads"


class ShopReads(ABC):
    """Mixin of online stores: the shop's ids and the served week in, the ids as given out."""

    @abstractmethod
    def _served(self, config: Any) -> int | None:
        """Return the week that is served, nothing before the first."""

    def get_online_features(
        self, config: Any, features: Any, entity_rows: Any, registry: Any, project: str, *args: Any, **named: Any
    ) -> Any:
        """Return Feast's answer.

        Parameters
        ----------
        entity_rows
            Customers and articles by the shop's own ids, as texts, or by the integers of the tables.  Without a ``week_id``,
            where a view is keyed by it, the answer is of the week that is served.

        Raises
        ------
        MissingInput
            If a customer or an article is not the shop's.
        """
        given, rows = _rows(config, entity_rows)
        read = super().get_online_features  # type: ignore[misc]
        try:
            return _as_given(read(config, features, rows, registry, project, *args, **named), given)
        except MissingJoinKey as error:
            week = self._week(config, given, error)
        for _ in range(TRIES):
            answer = read(config, features, {**rows, **week}, registry, project, *args, **named)
            before, week = week, self._week(config, given)
            if week == before:
                return _as_given(answer, given)
        raise MissingInput(CHANGED, where="online store", hint="retry when the load has finished")

    async def get_online_features_async(
        self, config: Any, features: Any, entity_rows: Any, registry: Any, project: str, *args: Any, **named: Any
    ) -> Any:
        """Return Feast's answer as :meth:`get_online_features` does."""
        given, rows = _rows(config, entity_rows)
        read = super().get_online_features_async  # type: ignore[misc]
        try:
            return _as_given(await read(config, features, rows, registry, project, *args, **named), given)
        except MissingJoinKey as error:
            week = self._week(config, given, error)
        for _ in range(TRIES):
            answer = await read(config, features, {**rows, **week}, registry, project, *args, **named)
            before, week = week, self._week(config, given)
            if week == before:
                return _as_given(answer, given)
        raise MissingInput(CHANGED, where="online store", hint="retry when the load has finished")

    def _week(self, config: Any, given: Mapping[str, Any], error: MissingJoinKey | None = None) -> dict[str, list[int]]:
        """Return the week that is served, once per row; raise the error where it is about something else, or no week is served."""
        week_id = self._served(config)
        if error and (WEEK not in error.keys or week_id is None):
            raise error
        rows = max((len(values) for values in given.values() if hasattr(values, "__len__")), default=0)
        return {} if week_id is None else {WEEK: [week_id] * rows}


class ShopSqliteOnlineStoreConfig(LeanSqliteOnlineStoreConfig):
    """Settings of the store; the file is that of the home where not given."""

    type: str = TYPE
    path: str = Field(default_factory=lambda: str(default_home() / "feast" / "online.db"))


class ShopSqliteOnlineStore(ShopReads, LeanSqliteOnlineStore):
    """SQLite in the home."""

    def _served(self, config: Any) -> int | None:
        return served_week(config.online_store.path)


def _rows(config: Any, given: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the columns of entity rows as they are given, and with keys in place of the shop's ids."""
    columns = columns_of(given)
    if not columns:
        raise InvalidInput("there are none", where="entity rows", hint="give at least one, with the join keys of what is asked for")
    return columns, columns | keys_of(columns, Path(getattr(config.offline_store, "root", None) or config.repo_path))


def _as_given(answer: Any, given: Mapping[str, Any]) -> Any:
    """Put the ids back as they were given."""
    names = list(answer.proto.metadata.feature_names.val)
    for name in NAMES.keys() & given.keys() & {*names}:
        values = answer.proto.results[names.index(name)].values
        for place, text in enumerate(given[name]):
            if isinstance(text, str):
                values[place].CopyFrom(Value(string_val=text))
    return answer
