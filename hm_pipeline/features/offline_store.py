"""A Feast offline store over parquet files: point-in-time joins in one DuckDB statement.

Named in ``feature_store.yaml`` as ``type: hm_pipeline.features.offline_store.DuckDBPointInTimeOfflineStore``.  It
gives the values of Feast's own DuckDB store, takes the entity table as pandas, Polars, Arrow or SQL, opens only the
partitions and row groups that the entity table names, and raises where rows would be lost or multiplied.

Nothing here knows the tables of this project.
"""

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import ibis  # type: ignore[import-untyped]
from feast.infra.offline_stores.duckdb import DuckDBOfflineStore, DuckDBOfflineStoreConfig
from feast.infra.offline_stores.offline_store import RetrievalMetadata
from feast.on_demand_feature_view import OnDemandFeatureView

from hm_pipeline.errors import BadInput
from hm_pipeline.features._entities import Entities, load
from hm_pipeline.features._job import PointInTimeJob
from hm_pipeline.features._plans import plan_views
from hm_pipeline.features._range import keys_in_range

TYPE = "hm_pipeline.features.offline_store.DuckDBPointInTimeOfflineStore"


class DuckDBPointInTimeOfflineStoreConfig(DuckDBOfflineStoreConfig):  # type: ignore[misc]
    """Settings of the store.

    Parameters
    ----------
    threads, memory_limit
        Given to DuckDB; retrievals of a process share one database per setting.
    exact_keys
        Join keys that name a row by themselves, so that no search in time is needed.
    """

    type: str = TYPE
    threads: int = 2
    memory_limit: str = "4GB"
    exact_keys: tuple[str, ...] = ("week_id",)


class DuckDBPointInTimeOfflineStore(DuckDBOfflineStore):  # type: ignore[misc]
    """Point-in-time joins over parquet files; see the module."""

    @staticmethod
    def get_historical_features(  # noqa: PLR0913, PLR0917 - Feast's signature
        config: Any,
        feature_views: list[Any],
        feature_refs: list[str],
        entity_df: Any,
        registry: Any,
        project: str,
        full_feature_names: bool = False,
        filter_by_created_timestamp: bool = False,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
    ) -> PointInTimeJob:
        """Prepare the features of an entity table.

        Parameters
        ----------
        entity_df
            pandas, Polars or Arrow table, Polars LazyFrame or SELECT statement; nothing asks for the keys seen
            between ``start_date`` and ``end_date``, as of the latter.
        filter_by_created_timestamp
            Leave out what was created after the moment asked about.

        Raises
        ------
        MissingInput
            If a join key, a column, a partition or a whole source is not there.
        """
        connection = _session(config.offline_store.threads, config.offline_store.memory_limit)
        root = Path(config.repo_path) if config.repo_path else None
        if entity_df is None:
            entity_df = keys_in_range(feature_views, root, start_date, end_date)
        entities = load(connection, entity_df)
        plans = plan_views(
            entities,
            feature_views,
            feature_refs,
            root=root,
            exact_keys=config.offline_store.exact_keys,
            full_names=full_feature_names,
            as_known=filter_by_created_timestamp,
        )
        on_demand = _on_demand(feature_refs, project, registry)
        return PointInTimeJob(entities, plans, on_demand, full_names=full_feature_names, metadata=_metadata(entities, feature_refs))

    @staticmethod
    def pull_latest_from_table_or_query(*args: Any, **options: Any) -> Any:
        """Prepare the latest row of every key, as Feast's own store does."""
        quiet()
        return DuckDBOfflineStore.pull_latest_from_table_or_query(*args, **options)

    @staticmethod
    def pull_all_from_table_or_query(*args: Any, **options: Any) -> Any:
        """Prepare all rows of a period, as Feast's own store does."""
        quiet()
        return DuckDBOfflineStore.pull_all_from_table_or_query(*args, **options)


def quiet() -> None:
    """Keep the progress bar of what Feast's own store runs off standard output."""
    ibis.get_backend().con.execute("SET enable_progress_bar = false").fetchall()


def _metadata(entities: Entities, refs: list[str]) -> RetrievalMetadata:
    keys = [name for name in entities.types if name != entities.timestamp]
    return RetrievalMetadata(features=refs, keys=keys, min_event_timestamp=entities.first, max_event_timestamp=entities.last)


def _on_demand(refs: list[str], project: str, registry: Any) -> list[Any]:
    views: list[Any] = OnDemandFeatureView.get_requested_odfvs(refs, project, registry)
    substrait = [view.name for view in views if view.mode == "substrait"]
    if substrait:
        raise BadInput(f"{', '.join(substrait)} is in substrait mode", where="on-demand views", remedy="write it in pandas or python mode")
    return views


@lru_cache(maxsize=4)
def _database(threads: int, memory_limit: str) -> Any:
    return duckdb.connect(config={"threads": threads, "memory_limit": memory_limit})


def _session(threads: int, memory_limit: str) -> Any:
    """Open a session of the process's one database, which keeps what it learnt of parquet files."""
    session = _database(threads, memory_limit).cursor()
    for setting in ("TimeZone = 'UTC'", "parquet_metadata_cache = true", "enable_progress_bar = false"):
        session.execute(f"SET {setting}").fetchall()
    return session
