"""Feast configurations that name the stores by their former places are read for one more release."""

import pytest
from feast import FeatureStore, RepoConfig

from hm_pipeline.feast_duckdb.offline.store import DuckDBPointInTimeOfflineStore
from hm_pipeline.feast_duckdb.online.store import LeanSqliteOnlineStore


@pytest.mark.filterwarnings("ignore:hm_pipeline.features:DeprecationWarning")
def test_a_configuration_of_the_release_before_opens_the_same_stores(tmp_path):
    config = RepoConfig(
        project="shop",
        provider="local",
        registry=str(tmp_path / "registry.db"),
        offline_store={"type": "hm_pipeline.features.offline_store.DuckDBPointInTimeOfflineStore", "exact_keys": ["week_id"]},
        online_store={"type": "hm_pipeline.features.online_store.LeanSqliteOnlineStore", "path": str(tmp_path / "online.db")},
        entity_key_serialization_version=3,
        repo_path=tmp_path,
    )
    provider = FeatureStore(config=config)._get_provider()
    assert type(provider.offline_store) is DuckDBPointInTimeOfflineStore
    assert type(provider.online_store) is LeanSqliteOnlineStore
    assert config.offline_store.exact_keys == ("week_id",)
