"""Tables of Feast's monitoring, one Parquet file each: written atomically, a row per key, read as Feast's service expects them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
from feast.monitoring.monitoring_utils import MONITORING_DIR, MONITORING_PARQUET_FILES, monitoring_parquet_meta, normalize_monitoring_row

from hm_pipeline.base.files import atomic_write

MOMENTS = ("computed_at", "max_event_timestamp", "started_at", "completed_at")
DAY, BASELINE = "metric_date", "is_baseline"


@dataclass(frozen=True)
class MonitoringTable:
    """Table of metrics, or of jobs.

    Parameters
    ----------
    root
        Folder that holds Feast's folder of monitoring.
    kind
        ``feature``, ``feature_view``, ``feature_service`` or ``job``.
    """

    root: Path
    kind: str

    @classmethod
    def all(cls, root: Path) -> "list[MonitoringTable]":
        """Return the tables of a folder."""
        return [cls(root, kind) for kind in MONITORING_PARQUET_FILES]

    @property
    def path(self) -> Path:
        """File of the table."""
        name: str = monitoring_parquet_meta(self.kind)[0]
        return self.root / str(MONITORING_DIR) / name

    def read(self) -> pl.DataFrame:
        """Return the table, without rows where nothing was written."""
        return pl.read_parquet(self.path, glob=False, hive_partitioning=False) if self.path.exists() else pl.DataFrame(schema=self._schema)

    def write(self, table: pl.DataFrame) -> None:
        """Write the table in place of what was there."""
        atomic_write(self.path, table.write_parquet)

    def save(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows, in place of those that have their keys."""
        new = pl.DataFrame([{name: _stored(name, row.get(name)) for name in self._schema} for row in rows], schema=self._schema)
        keys = monitoring_parquet_meta(self.kind)[2]
        self.write(pl.concat([self.read(), new]).unique(keys, keep="last", maintain_order=True))

    def query(self, project: str, filters: Mapping[str, Any], first: date | None, last: date | None) -> list[dict[str, Any]]:
        """Return rows, the earliest day first.

        Parameters
        ----------
        project
            Nothing asks for those of all projects.
        filters
            Values of columns; a value that is None asks for nothing.
        first, last
            Days, ends included.
        """
        in_period = [pl.col(DAY) >= first] if first else []
        in_period += [pl.col(DAY) <= last] if last else []
        found = self.read().filter(_equal({"project_id": project or None, **filters}), *in_period)
        rows = map(normalize_monitoring_row, found.sort(DAY if self.kind != "job" else "job_id", maintain_order=True).to_dicts())
        return [{name: _given_out(name, value) for name, value in row.items()} for row in rows]

    def clear_baseline(self, filters: Mapping[str, Any]) -> None:
        """Let rows no longer be the baseline."""
        self.write(self.read().with_columns(pl.when(_equal(filters)).then(False).otherwise(pl.col(BASELINE)).alias(BASELINE)))

    @property
    def _schema(self) -> dict[str, Any]:
        return {name: _kind(name) for name in monitoring_parquet_meta(self.kind)[1]}


def _equal(values: Mapping[str, Any]) -> pl.Expr:
    """Return the condition that columns have values, of those that are given."""
    return pl.all_horizontal(pl.lit(value=True), *(pl.col(name) == value for name, value in values.items() if value is not None))


def _kind(name: str) -> Any:
    if name in MOMENTS:
        return pl.Datetime("us", "UTC")
    if name.endswith(("_count", "_features", "_feature_views", "_with_nulls")):
        return pl.Int64
    if name.endswith(("_rate", "_val")) or name in {"mean", "stddev", "p50", "p75", "p90", "p95", "p99"}:
        return pl.Float64
    return {DAY: pl.Date, BASELINE: pl.Boolean}.get(name, pl.String)


def _stored(name: str, value: Any) -> Any:
    if name in MOMENTS and value is not None:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    if name == DAY and isinstance(value, str):
        return date.fromisoformat(value)
    return json.dumps(value) if name == "histogram" and value is not None and not isinstance(value, str) else value


def _given_out(name: str, value: Any) -> Any:
    return value.isoformat() if name in MOMENTS and isinstance(value, datetime) else value
