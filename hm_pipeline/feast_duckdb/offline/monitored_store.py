"""Methods of an offline store that `feast monitor`, Feast's server and its UI call."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from feast.infra.offline_stores.duckdb import DuckDBOfflineStore

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.feast_duckdb.offline.monitoring import measure, newest
from hm_pipeline.feast_duckdb.offline.monitoring_tables import BASELINE, MonitoringTable
from hm_pipeline.feast_duckdb.offline.pull_job import Pull, PullJob
from hm_pipeline.feast_duckdb.offline.roots import root_of
from hm_pipeline.feast_duckdb.offline.session import open_session


class MonitoredOfflineStore(DuckDBOfflineStore):  # type: ignore[misc]
    """Feast's DuckDB store with monitoring of the files that ours reads; metrics lie in ``feast_monitoring`` below ``root``."""

    @staticmethod
    def compute_monitoring_metrics(
        config: Any,
        data_source: Any,
        feature_columns: Sequence[tuple[str, str]],
        timestamp_field: str,
        start_date: datetime | None = None,
        end_date: datetime | None = None,
        histogram_bins: int = 20,
        top_n: int = 10,
    ) -> list[dict[str, Any]]:
        """Return the metrics of features over a period, ends included; none where the source has no files yet."""
        stored = {feature: column for column, feature in (data_source.field_mapping or {}).items()}
        columns = [(name, stored.get(name, name), kind) for name, kind in feature_columns]
        pull = Pull([*(column for _, column, _ in columns), timestamp_field], timestamp_field, first=start_date, last=end_date)
        connection, rows = _rows(config, data_source, pull)
        return measure(connection, rows, columns, bins=histogram_bins, top=top_n) if rows else []

    @staticmethod
    def get_monitoring_max_timestamp(config: Any, data_source: Any, timestamp_field: str) -> datetime | None:
        """Return the newest moment of a source, nothing where it has no rows yet."""
        connection, rows = _rows(config, data_source, Pull([timestamp_field], timestamp_field))
        return newest(connection, rows, timestamp_field) if rows else None

    @staticmethod
    def ensure_monitoring_tables(config: Any) -> None:
        """Write the tables that are not there, without rows."""
        for table in MonitoringTable.all(_folder(config)):
            if not table.path.exists():
                table.write(table.read())

    @staticmethod
    def save_monitoring_metrics(config: Any, metric_type: str, metrics: Sequence[Mapping[str, Any]]) -> None:
        """Save metrics in place of those of the same feature, day and granularity."""
        if metrics:
            MonitoringTable(_folder(config), metric_type).save(metrics)

    @staticmethod
    def query_monitoring_metrics(
        config: Any,
        project: str,
        metric_type: str,
        filters: Mapping[str, Any] | None = None,
        start_date: date | None = None,
        end_date: date | None = None,
    ) -> list[dict[str, Any]]:
        """Return saved metrics, the earliest day first."""
        return MonitoringTable(_folder(config), metric_type).query(project, filters or {}, start_date, end_date)

    @staticmethod
    def clear_monitoring_baseline(
        config: Any,
        project: str,
        feature_view_name: str | None = None,
        feature_name: str | None = None,
        data_source_type: str | None = None,
    ) -> None:
        """Let saved metrics of features no longer be the baseline."""
        names = {"feature_view_name": feature_view_name, "feature_name": feature_name, "data_source_type": data_source_type}
        MonitoringTable(_folder(config), "feature").clear_baseline({"project_id": project, **names, BASELINE: True})


def _rows(config: Any, data_source: Any, pull: Pull) -> tuple[Any, str]:
    """Return a session and the statement of rows in it, which is empty where the source has no files."""
    connection = open_session(config.offline_store)
    try:
        return connection, PullJob(connection, data_source, pull, root_of(config, data_source)).to_sql()
    except MissingInput as error:
        if "has no files" not in error.what:
            raise
        return connection, ""


def _folder(config: Any) -> Path:
    return root_of(config) or Path()
