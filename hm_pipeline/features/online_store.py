"""Earlier place of the online store, which Feast configurations of users name; it goes with the next release."""

from hm_pipeline.feast_duckdb.online.store import LeanSqliteOnlineStore, LeanSqliteOnlineStoreConfig

__all__ = ["LeanSqliteOnlineStore", "LeanSqliteOnlineStoreConfig"]
