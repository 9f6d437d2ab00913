"""Homes served online by every store, and the small Feast repositories of the plug-in's tests."""

from tests.feast_duckdb.conftest import STOCK_WARNING, at, open_repository, repository, view, write_weeks

from .online_stores import home, redis_server, url

__all__ = ["STOCK_WARNING", "at", "home", "open_repository", "redis_server", "repository", "url", "view", "write_weeks"]
