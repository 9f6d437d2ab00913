"""Offline store: point-in-time joins of Parquet files in DuckDB."""
