"""Compute engine of `feast materialize` that reports what was written: rows and days of each view, or why there are none.

Named in ``feature_store.yaml`` as ``batch_engine``, ``type: hm_pipeline.feast_duckdb.materialization.ReportingComputeEngine``.
Feast's own engine, which does the work, prints the period and nothing of what lay in it.
"""

import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from feast.infra.compute_engines.local.compute import LocalComputeEngine, LocalComputeEngineConfig

TYPE = "hm_pipeline.feast_duckdb.materialization.ReportingComputeEngine"
SHOWN = 5  # days


class ReportingComputeEngineConfig(LocalComputeEngineConfig):  # type: ignore[misc]
    """Settings of the engine: those of Feast's own."""

    type: str = TYPE


class CountedWrites:
    """Online store whose written rows are counted by their moment."""

    def __init__(self, store: Any) -> None:
        self._store, self.moments = store, Counter[datetime]()

    def online_write_batch(self, config: Any, table: Any, data: Sequence[Any], progress: Any) -> None:
        """Write rows."""
        self._store.online_write_batch(config, table, data, progress)
        self.moments.update(moment for _, _, moment, _ in data)

    def __getattr__(self, name: str) -> Any:
        """Return whatever else the store has."""
        return getattr(self._store, name)


class ReportingComputeEngine(LocalComputeEngine):  # type: ignore[misc]
    """Feast's local engine, with a line for each view."""

    def get_execution_context(self, registry: Any, task: Any) -> Any:
        """Return Feast's context, whose writes are counted."""
        context = super().get_execution_context(registry, task)
        context.online_store = self._writes = CountedWrites(context.online_store)
        return context

    def _materialize_one(self, registry: Any, task: Any, **named: Any) -> Any:
        job = super()._materialize_one(registry, task, **named)
        if job.error() is None:
            sys.stdout.write(f"{task.feature_view.name}: {self._report(task)}\n")
        return job

    def _report(self, task: Any) -> str:
        days = Counter[str]()
        for moment, rows in self._writes.moments.items():
            days[f"{_in_utc(moment):%Y-%m-%d}"] += rows
        if days:
            named = ", ".join(sorted(days)) if len(days) <= SHOWN else f"{len(days)} days from {min(days)} to {max(days)}"
            return f"{days.total():,} rows written, of {named}"
        first, last = _in_utc(task.start_time), _in_utc(task.end_time)
        period = f"from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"
        if first >= last:
            period += ", which ends before it begins"
        source = task.feature_view.batch_source
        newest = self.offline_store.get_monitoring_max_timestamp(self.repo_config, source, source.timestamp_field)
        if newest is None:
            return f"nothing written: {source.name} holds no rows"
        after = f"{newest + timedelta(days=1):%Y-%m-%dT00:00:00}"
        return (
            f"nothing written: no rows {period}; the newest are of {newest:%Y-%m-%d}: feast materialize {newest:%Y-%m-%dT00:00:00} {after}"
        )


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
