"""A Feast offline store over parquet files: point-in-time joins in one DuckDB statement.

Named in ``feature_store.yaml`` as ``type: hm_pipeline.feast_duckdb.offline.store.DuckDBPointInTimeOfflineStore``.  It
gives the values of Feast's own DuckDB store, takes the entity table as pandas, Polars, Arrow or SQL, opens only the
partitions and row groups that the entity table names, and raises where rows would be lost or multiplied.

No table of this project is used here.
"""

from datetime import datetime
from typing import Any

import ibis  # type: ignore[import-untyped]
from feast.infra.offline_stores.duckdb import DuckDBOfflineStoreConfig
from feast.infra.offline_stores.offline_store import RetrievalMetadata
from feast.on_demand_feature_view import OnDemandFeatureView
from pydantic import PositiveInt

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.feast_duckdb.offline.entities import Entities
from hm_pipeline.feast_duckdb.offline.entity_input import load
from hm_pipeline.feast_duckdb.offline.entity_range import keys_in_range
from hm_pipeline.feast_duckdb.offline.feast_plan import plan_views
from hm_pipeline.feast_duckdb.offline.monitored_store import MonitoredOfflineStore
from hm_pipeline.feast_duckdb.offline.point_in_time_job import PointInTimeJob
from hm_pipeline.feast_duckdb.offline.pull_job import Pull, PullJob
from hm_pipeline.feast_duckdb.offline.roots import root_of
from hm_pipeline.feast_duckdb.offline.session import open_session

TYPE = "hm_pipeline.feast_duckdb.offline.store.DuckDBPointInTimeOfflineStore"


class DuckDBPointInTimeOfflineStoreConfig(DuckDBOfflineStoreConfig):  # type: ignore[misc]
    """Settings of the store, as they stand in ``feature_store.yaml``.

    Parameters
    ----------
    threads, memory_limit
        Given to DuckDB; retrievals of a process share one database per setting.
    temp_directory
        Where DuckDB puts what exceeds the limit; a folder of this process in the system's temporary one if not given.
    root
        Folder that relative paths start from, and that no source may leave; where not given, relative paths start from
        the repository, and sources may lie anywhere.
    exact_keys
        Join keys that name a row by themselves, so that no search in time is needed, for views without the tag
        ``exact_key``, which is the same for one view.
    """

    type: str = TYPE
    threads: PositiveInt = 2
    memory_limit: str = "4GB"
    temp_directory: str | None = None
    root: str | None = None
    exact_keys: tuple[str, ...] = ()


class DuckDBPointInTimeOfflineStore(MonitoredOfflineStore):
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
            If a join key, a column, a partition or all of a source is not there.
        """
        connection, root = open_session(config.offline_store), root_of(config, *(view.batch_source for view in feature_views))
        if entity_df is None:
            entity_df = keys_in_range(connection, feature_views, root, start_date, end_date)
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
        metadata = _metadata(entities, feature_refs)
        return PointInTimeJob(entities, plans, on_demand, full_names=full_feature_names, metadata=metadata, root=root)

    @staticmethod
    def pull_latest_from_table_or_query(
        config: Any,
        data_source: Any,
        join_key_columns: list[str],
        feature_name_columns: list[str],
        timestamp_field: str,
        created_timestamp_column: str | None,
        start_date: datetime,
        end_date: datetime,
    ) -> PullJob:
        """Prepare the latest row of every key in a period; two that tie are an error, not a choice."""
        columns = [*join_key_columns, *feature_name_columns, timestamp_field, *_given(created_timestamp_column)]
        pull = Pull(columns, timestamp_field, created_timestamp_column or None, join_key_columns, start_date, end_date)
        return PullJob(open_session(config.offline_store), data_source, pull, root_of(config, data_source))

    @staticmethod
    def pull_all_from_table_or_query(
        config: Any,
        data_source: Any,
        join_key_columns: list[str],
        feature_name_columns: list[str],
        timestamp_field: str,
        created_timestamp_column: str | None = None,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
    ) -> PullJob:
        """Prepare all rows of a period."""
        columns = [*join_key_columns, *feature_name_columns, timestamp_field, *_given(created_timestamp_column)]
        pull = Pull(columns, timestamp_field, created_timestamp_column or None, None, start_date, end_date)
        return PullJob(open_session(config.offline_store), data_source, pull, root_of(config, data_source))


def quiet() -> None:
    """Keep the progress bar of what Feast's own store runs off standard output."""
    ibis.get_backend().con.execute("SET enable_progress_bar = false").fetchall()


def _given(column: str | None) -> list[str]:
    return [column] if column else []


def _metadata(entities: Entities, refs: list[str]) -> RetrievalMetadata:
    keys = [name for name in entities.types if name != entities.timestamp]
    return RetrievalMetadata(features=refs, keys=keys, min_event_timestamp=entities.first, max_event_timestamp=entities.last)


def _on_demand(refs: list[str], project: str, registry: Any) -> list[Any]:
    views: list[Any] = OnDemandFeatureView.get_requested_odfvs(refs, project, registry)
    substrait = [view.name for view in views if view.mode == "substrait"]
    if substrait:
        raise InvalidInput(
            f"{', '.join(substrait)} is in substrait mode", where="on-demand views", hint="write it in pandas or python mode"
        )
    return views
