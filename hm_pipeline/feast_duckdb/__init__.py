"""Feast plug-in: a point-in-time offline store on DuckDB and a lean SQLite online store."""
