"""Configuration of Feast for a home, and the stores that are refused.

feast is imported when a function needs it, not before.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.base.settings import Settings

if TYPE_CHECKING:
    from feast import RepoConfig

PROJECT = "hm"
OFFLINE_STORE = "hm_pipeline.feast_duckdb.offline.store.DuckDBPointInTimeOfflineStore"
ONLINE_STORE = "hm_pipeline.feast_duckdb.online.store.LeanSqliteOnlineStore"
WRONG_ANSWERS = {
    "dask": "it drops rows silently",
    "file": "it drops rows silently",
    "ray": "it returns nulls silently where a table is large",
}


def config(home: Path, *, offline_store: str = OFFLINE_STORE, online_store: str | None = None, **options: Any) -> "RepoConfig":
    """Return Feast's configuration of a home, the one that ``feature_repo/feature_store.yaml`` spells out.

    Parameters
    ----------
    offline_store
        Type of the offline store.
    online_store
        URL of a Redis server; SQLite in the home where empty, HM_ONLINE_STORE where not given.
    options
        Further settings of the offline store, such as ``threads`` and ``memory_limit``.
    """
    from feast import RepoConfig  # noqa: PLC0415 - feast takes seconds to import

    root = home.absolute()
    rooted = {"root": str(root)} if offline_store == OFFLINE_STORE else {}
    settings = RepoConfig(
        project=PROJECT,
        provider="local",
        registry=str(root / "feast" / "registry.db"),
        offline_store={"type": offline_store, **rooted, **options},
        online_store=_online(root, Settings.from_environment().online_store if online_store is None else online_store),
        entity_key_serialization_version=3,
        repo_path=root,
    )
    refuse_wrong_answers(settings)
    return settings


def _online(root: Path, url: str) -> dict[str, Any]:
    """Return Feast's configuration of the online store."""
    if not url:
        return {"type": ONLINE_STORE, "path": str(root / "feast" / "online.db")}
    parts = urlsplit(url)
    try:
        port = parts.port or 6379
    except ValueError:
        port = 0
    if parts.scheme not in ("redis", "rediss") or not parts.hostname or not port:
        raise InvalidInput(f"{url!r} is no address of a Redis server", where="HM_ONLINE_STORE", hint="give redis://HOST:PORT, or nothing")
    words = {
        "db": parts.path.strip("/"),
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "ssl": "true" if parts.scheme == "rediss" else "",
    }
    if any("," in word for word in words.values()):  # Feast would cut the address there
        raise InvalidInput("a name or a password has a comma", where="HM_ONLINE_STORE", hint="give the server one without")
    parameters = [f"{parts.hostname}:{port}", *(f"{name}={word}" for name, word in words.items() if word)]
    # Feast would keep the older row where the timestamps are equal, and with it what a week made again has put right.
    return {"type": "redis", "connection_string": ",".join(parameters), "skip_dedup": True}


def refuse_wrong_answers(settings: "RepoConfig") -> None:
    """Raise where the offline store is one that gives wrong rows without a word.

    Raises
    ------
    InvalidInput
        For Feast's dask and ray stores.
    """
    kind = str(settings.offline_store.type)
    for name, reason in WRONG_ANSWERS.items():
        if kind == name or kind.endswith(f"{name.title()}OfflineStore"):
            raise InvalidInput(f"the offline store {kind!r} is refused: {reason}", where="feature_store.yaml", hint=f"use {OFFLINE_STORE}")


def guard_repository(folder: Path) -> Path:
    """Check what the ``feast`` command was started with, and return the home.

    Parameters
    ----------
    folder
        Folder of ``feature_store.yaml``.

    Raises
    ------
    InvalidInput
        If HM_HOME is unset or relative, or the offline store is one that gives wrong answers.
    """
    from feast.repo_config import load_repo_config  # noqa: PLC0415 - as above

    home = os.environ.get("HM_HOME", "")
    if not Path(home).is_absolute():  # Feast would take `${HM_HOME}` for the name of a folder
        raise InvalidInput(f"HM_HOME is {home or 'unset'!r}", where="environment", hint="set HM_HOME to the absolute path of the home")
    refuse_wrong_answers(load_repo_config(folder, folder / "feature_store.yaml"))
    return Path(home)
