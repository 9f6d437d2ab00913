"""Configuration of Feast for a home, and the stores that are refused.

feast is imported when a function needs it, not before.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.base.settings import Settings

if TYPE_CHECKING:
    from feast import RepoConfig

PROJECT = "hm"
OFFLINE_STORE = "hm_pipeline.features.shop_offline_store.ShopOfflineStore"
ONLINE_STORE = "hm_pipeline.features.shop_online_store.ShopSqliteOnlineStore"
REDIS_STORE = "hm_pipeline.features.shop_redis_store.ShopRedisOnlineStore"
BATCH_ENGINE = "hm_pipeline.feast_duckdb.materialization.ReportingComputeEngine"
WRONG_ANSWERS = {
    "dask": "it drops rows silently",
    "file": "it drops rows silently",
    "ray": "it returns nulls silently where a table is large",
}


def config(home: str | Path, *, offline_store: str = OFFLINE_STORE, online_store: str | None = None, **options: Any) -> "RepoConfig":
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

    root = Path(home).absolute()
    rooted = {"root": str(root)} if offline_store == OFFLINE_STORE else {}
    settings = RepoConfig(
        project=PROJECT,
        provider="local",
        registry=str(root / "feast" / "registry.db"),
        offline_store={"type": offline_store, **rooted, **options},
        online_store=_online(root, Settings.from_environment().online_store if online_store is None else online_store),
        batch_engine={"type": BATCH_ENGINE},
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
    return {"type": REDIS_STORE, "connection_string": ",".join(parameters)}


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


def guard_repository(folder: str | Path) -> Path:
    """Check what `feast apply` was started with, begin the registry of the home, and return the home.

    Parameters
    ----------
    folder
        Folder of ``feature_store.yaml``.

    Raises
    ------
    MissingInput
        If there is no home.
    InvalidInput
        If the offline store is one that gives wrong answers.
    """
    from feast.repo_config import load_repo_config  # noqa: PLC0415 - as above

    from hm_pipeline.features.default_home import default_home, print_errors_in_one_line  # noqa: PLC0415 - as above
    from hm_pipeline.features.home_registry import HomeRegistryStore  # noqa: PLC0415 - as above

    print_errors_in_one_line()
    folder, home = Path(folder), default_home()
    settings = load_repo_config(folder, folder / "feature_store.yaml")
    refuse_wrong_answers(settings)
    if not home.is_dir():
        raise MissingInput("the home does not exist", where=str(home), hint="run `hm ingest FOLDER`, or name another home by HM_HOME")
    HomeRegistryStore(settings.registry, folder).begin()
    return home
