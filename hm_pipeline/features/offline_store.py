"""Earlier place of the offline store, which Feast configurations of users name; it goes with the next release."""

from hm_pipeline.feast_duckdb.offline.store import DuckDBPointInTimeOfflineStore, DuckDBPointInTimeOfflineStoreConfig

__all__ = ["DuckDBPointInTimeOfflineStore", "DuckDBPointInTimeOfflineStoreConfig"]
