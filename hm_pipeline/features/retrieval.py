"""Features by (customer, week, article), through Feast's public API.

feast is imported when a store is opened, not before.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from hm_pipeline.errors import BadInput, MissingInput, RowsLost
from hm_pipeline.features.views import KEYS, TIMESTAMP, FeastObjects, FeatureTable, build
from hm_pipeline.weeks import DAYS, Calendar

if TYPE_CHECKING:
    from feast import FeatureStore, RepoConfig

PROJECT = "hm"
OFFLINE_STORE = "hm_pipeline.features.offline_store.DuckDBPointInTimeOfflineStore"
WRONG_ANSWERS = {
    "dask": "it drops rows silently",
    "file": "it drops rows silently",
    "ray": "it returns nulls silently where a table is large",
}
YEARS = 100 * 365 * 86_400


def config(home: Path, *, offline_store: str = OFFLINE_STORE, **options: Any) -> "RepoConfig":
    """Return Feast's configuration of a home, the one that ``feature_repo/feature_store.yaml`` spells out.

    Parameters
    ----------
    offline_store
        Type of the offline store.
    options
        Further settings of the offline store, such as ``threads`` and ``memory_limit``.
    """
    from feast import RepoConfig  # noqa: PLC0415 - feast takes seconds to import

    root = home.absolute()
    settings = RepoConfig(
        project=PROJECT,
        provider="local",
        registry=str(root / "feast" / "registry.db"),
        offline_store={"type": offline_store, **options},
        online_store={"type": "sqlite", "path": str(root / "feast" / "online.db")},
        entity_key_serialization_version=3,
        repo_path=root,
    )
    refuse_wrong_answers(settings)
    return settings


def refuse_wrong_answers(settings: "RepoConfig") -> None:
    """Raise where the offline store is one that gives wrong rows without a word.

    Raises
    ------
    BadInput
        For Feast's dask and ray stores.
    """
    kind = str(settings.offline_store.type)
    for name, reason in WRONG_ANSWERS.items():
        if kind == name or kind.endswith(f"{name.title()}OfflineStore"):
            raise BadInput(f"the offline store {kind!r} is refused: {reason}", where="feature_store.yaml", remedy=f"use {OFFLINE_STORE}")


def open_store(home: Path, tables: Sequence[FeatureTable] | None = None, **options: Any) -> "FeatureStore":
    """Open the feature store of a home.

    Parameters
    ----------
    tables
        Registered at once where given; otherwise the store serves what it has.
    options
        As those of :func:`config`.

    Raises
    ------
    MissingInput
        If the home does not exist.
    """
    from feast import FeatureStore  # noqa: PLC0415 - as above

    if not home.is_dir():
        raise MissingInput("the home does not exist", where=str(home.absolute()), remedy="run `hm ingest FOLDER`, or set HM_HOME")
    (home.absolute() / "feast").mkdir(exist_ok=True)
    store = FeatureStore(config=config(home, **options))
    if tables is not None:
        apply(store, build(tables, home))
    return store
