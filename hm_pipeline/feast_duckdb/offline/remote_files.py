"""Files behind a URI: listed through fsspec, and read by DuckDB through the same file system."""

from collections.abc import Mapping
from typing import Any

import fsspec

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "token"}


def is_remote(path: str) -> bool:
    """Return whether a path is a URI."""
    return "://" in path


def options_of(source: Any) -> dict[str, Any]:
    """Return the connection options of a Feast file source."""
    given = source.resolve_credentials() or {}
    options = {option: given[name] for name, option in CREDENTIALS.items() if given.get(name)}
    return options | ({"endpoint_url": source.s3_endpoint_override} if source.s3_endpoint_override else {})


def filesystem(uri: str, options: Mapping[str, Any]) -> Any | None:
    """Return the file system of a URI, nothing where no package for it is installed.

    Listings are never remembered: a partition written since would stay unseen.
    """
    try:
        return fsspec.filesystem(uri.partition("://")[0], use_listings_cache=False, **options)
    except (ImportError, ValueError):
        return None


def mount(connection: Any, uri: str, options: Mapping[str, Any]) -> None:
    """Let DuckDB read a URI through fsspec, if there is a package for it; otherwise DuckDB tries an extension of its own."""
    files = filesystem(uri, options)
    if files is None:
        return
    names = (files.protocol,) if isinstance(files.protocol, str) else files.protocol
    if any(connection.filesystem_is_registered(name) for name in names):
        connection.unregister_filesystem(names[0])  # it may hold other credentials
    connection.register_filesystem(files)
