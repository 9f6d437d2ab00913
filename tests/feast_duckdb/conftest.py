"""A small Feast repository per test, read by our store and by Feast's own."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.data_format import ParquetFormat
from feast.types import Int64

from hm_pipeline.feast_duckdb.offline.store import TYPE as OFFLINE_STORE

NOON = datetime(2020, 9, 16, 12, tzinfo=UTC)
ENTITIES = {name: Entity(name=name, join_keys=[name], value_type=ValueType.INT64) for name in ("customer_id", "article_id", "week_id")}

# Feast's own DuckDB store, and what ours inherits of it, go through ibis, which calls what duckdb has deprecated
STOCK_WARNING = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


def view(
    name: str,
    path: str | Path,
    keys: Sequence[str],
    *,
    features: Sequence[str] = ("value",),
    ttl: timedelta | None = timedelta(days=7),
    timestamp: str = "event_timestamp",
    types: Mapping[str, Any] | None = None,
    **options: Any,
) -> FeatureView:
    source = FileSource(name=f"{name}_source", path=str(path), timestamp_field=timestamp, file_format=ParquetFormat(), **options)
    schema = [Field(name=feature, dtype=dtype) for feature, dtype in (types or dict.fromkeys(features, Int64)).items()]
    return FeatureView(name=name, entities=[ENTITIES[key] for key in keys], schema=schema, source=source, ttl=ttl)


def open_repository(
    folder: Path,
    objects: Sequence[Any],
    kind: str = OFFLINE_STORE,
    *,
    online: str = "sqlite",
    more: Mapping[str, Any] | None = None,
    **options: Any,
) -> FeatureStore:
    """Open a store of some objects; ``more`` are parts of its configuration that are the default's otherwise."""
    settings = RepoConfig(
        project="shop",
        provider="local",
        registry=str(folder / f"{kind.rpartition('.')[2]}.db"),
        offline_store={"type": kind, **({"exact_keys": ["week_id"]} if kind == OFFLINE_STORE else {}), **options},
        online_store={"type": online, "path": str(folder / "online.db")},
        entity_key_serialization_version=3,
        repo_path=folder,
        **(more or {}),
    )
    store = FeatureStore(config=settings)
    store.apply([*ENTITIES.values(), *objects])
    return store


def write_weeks(rows: pl.DataFrame, folder: Path, *, file: str = "shard=000.parquet") -> str:
    """Write a partition per week and return the pattern of the files."""
    for (week,), part in rows.partition_by("week_id", as_dict=True).items():
        (folder / f"week_id={week}").mkdir(parents=True, exist_ok=True)
        part.write_parquet(folder / f"week_id={week}" / file)
    return str(folder / "week_id=*" / "shard=*.parquet")


def at(hours: float = 0) -> datetime:
    return NOON + timedelta(hours=hours)


Repository = Callable[..., FeatureStore]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Open our store over some views."""
    return lambda *objects: open_repository(tmp_path, objects)
