"""From Feast's objects to plans: which columns and files each view of a retrieval needs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import duckdb

from hm_pipeline.errors import BadInput, MissingInput
from hm_pipeline.features._entities import Entities, fetch, require
from hm_pipeline.features._sources import Source, files_of
from hm_pipeline.features._sql import ViewPlan, read

NULL_TYPES = {"Float32": "FLOAT", "Float64": "DOUBLE", "Int32": "INTEGER", "Int64": "BIGINT", "Bool": "BOOLEAN", "String": "VARCHAR"}


def plan_views(
    entities: Entities,
    views: Sequence[Any],
    refs: Sequence[str],
    *,
    root: Path | None,
    exact_keys: Sequence[str],
    full_names: bool,
    as_known: bool,
) -> list[ViewPlan]:
    """Plan the views of a retrieval.

    Parameters
    ----------
    refs
        Feature references, ``view:feature``.
    root
        Folder that relative paths start from.
    exact_keys
        Join keys that name a row by themselves; a view's tag ``exact_key`` adds one.
    as_known
        Leave out what was created after the moment asked about.
    """
    plans = [_plan(entities, view, refs, root, exact_keys, full_names, as_known) for view in views]
    names = [*entities.types, *(name for plan in plans for name in plan.features)]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise BadInput(f"{', '.join(repeated)} would appear twice", where="result", remedy="rename a column or ask for full_feature_names")
    return plans


def _plan(
    entities: Entities, view: Any, refs: Sequence[str], root: Path | None, exact_keys: Sequence[str], full_names: bool, as_known: bool
) -> ViewPlan:
    source = view.batch_source
    stored = {new: old for old, new in source.field_mapping.items()}
    keys = {stored.get(key, key): column for key, column in join_keys(view).items()}
    require(entities, view.name, list(keys.values()))
    files = _files(entities, view, keys, root)
    types = _types(entities.connection, view.name, files)
    wanted = _features(view, refs, full_names)
    timestamp, created = (_stored(types, stored, name) for name in (source.timestamp_field, source.created_timestamp_column))
    plan = ViewPlan(
        view.name,
        _way(view, keys, exact_keys, as_known=as_known and bool(created)),
        keys,
        {name: _stored(types, stored, feature) for name, feature in wanted.items()},
        timestamp,
        created or None,
        view.ttl or None,
        files,
        types,
        {name: _null_type(view, feature) for name, feature in wanted.items()},
    )
    _require_columns(plan)
    return plan


def join_keys(view: Any) -> dict[str, str]:
    """Return the entity column of each of a view's join keys."""
    renamed = view.projection.join_key_map or {}
    names = [column.name for column in view.entity_columns if column.name != "__dummy_id"]
    return {name: renamed.get(name, name) for name in names}


def _files(entities: Entities, view: Any, keys: dict[str, str], root: Path | None) -> list[str]:
    source = Source(view.name, source_path(view, root), tuple(keys), view.tags.get("marker"))
    return files_of(source, lambda key: entities.values(keys[key]))


def source_path(view: Any, root: Path | None) -> str:
    """Return the absolute path, or the URI, of a view's source."""
    path = str(view.batch_source.path).removeprefix("file://")
    return path if "://" in path else str((root or Path()).absolute() / path)


def _types(connection: Any, view: str, files: Sequence[str]) -> dict[str, str]:
    if not files:
        return {}
    try:
        return {name: kind for name, kind, *_ in fetch(connection, f"DESCRIBE SELECT * FROM {read(files[:1])}")}
    except duckdb.Error as error:
        raise BadInput(str(error), where=f"view {view!r}, {files[0]}", remedy="write the table again") from error


def _features(view: Any, refs: Sequence[str], full_names: bool) -> dict[str, str]:
    prefix = f"{view.projection.name_to_use()}:"
    features = [ref.removeprefix(prefix) for ref in refs if ref.startswith(prefix)]
    base = view.projection.name_alias or view.name
    return {f"{base}__{feature}" if full_names else feature: feature for feature in features}


def _stored(types: dict[str, str], stored: dict[str, str], name: str) -> str:
    """Return the source's name of a column that may have been mapped."""
    return stored[name] if name in stored and (stored[name] in types or name not in types) else name


def _way(view: Any, keys: dict[str, str], exact_keys: Sequence[str], *, as_known: bool) -> Literal["exact", "asof", "known"]:
    if as_known:
        return "known"
    named = {*exact_keys, view.tags.get("exact_key")}
    return "exact" if named & set(keys) else "asof"


def _null_type(view: Any, feature: str) -> str:
    for column in view.features:
        if column.name == feature:
            return NULL_TYPES.get(str(column.dtype), "VARCHAR")
    return "VARCHAR"


def _require_columns(plan: ViewPlan) -> None:
    needed = [*plan.keys, plan.timestamp, *([plan.created] if plan.created else []), *plan.features.values()]
    missing = [name for name in needed if name not in plan.types] if plan.files else []
    if missing:
        raise MissingInput(
            f"view {plan.view!r} has no stored column {', '.join(missing)}",
            where=plan.files[0],
            remedy="write the table again or correct the view's schema",
        )
