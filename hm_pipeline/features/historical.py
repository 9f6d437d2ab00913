"""Features by (customer, week, article), through Feast's public API.

feast is imported when a store is opened, not before.
"""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from hm_pipeline.base.calendar import DAYS, Calendar
from hm_pipeline.base.errors import MissingInput, RowCountMismatch
from hm_pipeline.features.feast_objects import KEYS, OWNER, TIMESTAMP, FeatureTable, build
from hm_pipeline.features.registration import apply
from hm_pipeline.features.store import OFFLINE_STORE, config

if TYPE_CHECKING:
    from feast import FeatureStore

CANDIDATES, MARK, IS_CANDIDATE = "candidates", "strategy_count", "is_candidate"  # MARK is null where a pair is no candidate


def open_store(home: str | Path, tables: Sequence[FeatureTable] | None = None, **options: Any) -> "FeatureStore":
    """Open the feature store of a home.

    Parameters
    ----------
    tables
        Registered at once where given; otherwise the store serves what it has, and what names files elsewhere than from
        the home on, as the registry of a copied home once did, is registered anew.
    options
        As those of :func:`config`.

    Raises
    ------
    MissingInput
        If the home does not exist.
    """
    from feast import FeatureStore  # noqa: PLC0415 - feast takes seconds to import
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - as above

    home = Path(home)
    if not home.is_dir():
        raise MissingInput("the home does not exist", where=str(home.absolute()), hint="run `hm ingest FOLDER`, or set HM_HOME")
    (home.absolute() / "feast").mkdir(exist_ok=True)
    settings = config(home, **options)
    try:
        store = FeatureStore(config=settings)
        store.list_entities()  # the registry is read here, not at the first question
        if tables is None and _names_paths(store):
            from hm_pipeline.features.tables import feature_tables  # noqa: PLC0415 - only homes of an older version need it

            tables = feature_tables()
        if tables is not None:
            apply(store, build(tables))
    except DecodeError as error:  # Feast was killed while it wrote
        if tables is None:
            raise MissingInput("cannot be read", where="feature registry", hint="run `hm run --week` again, it registers anew") from error
        (home.absolute() / "feast" / "registry.db").unlink()
        return open_store(home, tables, **options)
    return store


def home_of(store: "FeatureStore") -> Path:
    """Return the home that a store reads, which is its repository where no folder is named."""
    return Path(getattr(store.config.offline_store, "root", None) or store.config.repo_path)


def _names_paths(store: "FeatureStore") -> bool:
    """Return whether views of ours name their files by absolute paths, which may be those of another home."""
    return any(view.owner == OWNER and Path(view.batch_source.path).is_absolute() for view in store.list_feature_views())


def feature_names(store: "FeatureStore", service: str) -> list[str]:
    """Return the features of a service, in its order."""
    return names_of(service_of(store, service))


def fetch(store: "FeatureStore", pairs: pl.DataFrame | str, *, service: str, calendar: Calendar) -> pl.DataFrame:
    """Return the features of pairs as of their weeks' cutoffs.

    Parameters
    ----------
    pairs
        customer_id, week_id and article_id, as a frame or as a SELECT statement; other columns are left out.
    service
        Feast service that names the features.

    Returns
    -------
    polars.DataFrame
        The keys, ``is_candidate`` where the service has candidates, then the features in the service's order; one row
        per pair, in the pairs' order.

    Raises
    ------
    MissingInput
        If a key is missing, or a week has not been materialised.
    RowCountMismatch
        If a view holds a key twice.
    """
    registered = service_of(store, service)
    job = store.get_historical_features(entity_df=dated(pairs, calendar), features=registered)
    features = pl.DataFrame(job.to_polars())
    if isinstance(pairs, pl.DataFrame) and features.height != pairs.height:
        raise RowCountMismatch(
            f"{pairs.height} pairs gave {features.height} rows", where=f"service {service!r}", hint=f"use {OFFLINE_STORE}"
        )
    return features.select(*KEYS, *_mark(registered), *names_of(registered))


def are_candidates(store: "FeatureStore", pairs: pl.DataFrame, *, calendar: Calendar) -> pl.Series:
    """Return whether each pair is a candidate of its week, for services without that column."""
    job = store.get_historical_features(entity_df=dated(pairs, calendar), features=[f"{CANDIDATES}:{MARK}"])
    return pl.DataFrame(job.to_polars())[MARK].is_not_null().alias(IS_CANDIDATE)


def _mark(service: Any) -> list[pl.Expr]:
    has_mark = any(view.name == CANDIDATES and MARK in (field.name for field in view.features) for view in service.feature_view_projections)
    return [pl.col(MARK).is_not_null().alias(IS_CANDIDATE)] if has_mark else []


def service_of(store: "FeatureStore", name: str) -> Any:
    """Return a registered service.

    Raises
    ------
    MissingInput
        If there is none of that name.
    """
    from feast.errors import FeatureServiceNotFoundException  # noqa: PLC0415 - as above

    try:
        return store.get_feature_service(name, allow_cache=True)
    except FeatureServiceNotFoundException as error:
        known = ", ".join(sorted(item.name for item in store.list_feature_services())) or "none"
        raise MissingInput(f"there is no service {name!r}", where="feature store", hint=f"choose from: {known}") from error


def names_of(service: Any) -> list[str]:
    """Return the features of a registered service, in its order."""
    return [feature.name for projection in service.feature_view_projections for feature in projection.features]


def dated(pairs: pl.DataFrame | str, calendar: Calendar) -> pl.DataFrame | str:
    """Return the entity table of pairs: their keys and the cutoffs of their weeks.

    Raises
    ------
    MissingInput
        If a frame lacks a key.
    """
    if isinstance(pairs, str):
        first = f"CAST('{calendar.cutoff(0).isoformat()}' AS TIMESTAMPTZ)"
        cutoff_of = f"{first} + to_days(CAST({DAYS} * week_id AS INTEGER)) AS {TIMESTAMP}"
        return f"SELECT {', '.join(KEYS)}, {cutoff_of} FROM ({pairs.strip().rstrip(';')})"
    missing = [key for key in KEYS if key not in pairs.columns]
    if missing:
        raise MissingInput(f"lack {', '.join(missing)}", where="pairs", hint=f"give {', '.join(KEYS)}")
    cutoff = pl.lit(calendar.cutoff(0)) + pl.col("week_id") * timedelta(days=DAYS)
    return pairs.select(*KEYS, cutoff.alias(TIMESTAMP))
