"""From Feast's objects to plans: which columns and files each view of a retrieval needs."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.feast_duckdb.offline.entities import Entities
from hm_pipeline.feast_duckdb.offline.entity_input import require
from hm_pipeline.feast_duckdb.offline.files import Source, all_files, files_of, source_of
from hm_pipeline.feast_duckdb.offline.instants import require_moment
from hm_pipeline.feast_duckdb.offline.layout import Layout, layout_of
from hm_pipeline.feast_duckdb.offline.parquet_stats import rows_by_file
from hm_pipeline.feast_duckdb.offline.remote_files import is_remote, mount
from hm_pipeline.feast_duckdb.offline.schemas import Types, first_types, is_mixed, require_comparable, require_declared, stored_types
from hm_pipeline.feast_duckdb.offline.types import NULLS, declared_type, family
from hm_pipeline.feast_duckdb.offline.view_plan import ViewPlan


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
    alike = [name.lower() for name in names]  # names in DuckDB are case-insensitive, and it would rename one
    repeated = sorted({name for name in names if alike.count(name.lower()) > 1})
    if repeated:
        raise InvalidInput(
            f"{', '.join(repeated)} would appear twice", where="result", hint="rename a column or ask for full_feature_names"
        )
    return plans


def _plan(
    entities: Entities, view: Any, refs: Sequence[str], root: Path | None, exact_keys: Sequence[str], full_names: bool, as_known: bool
) -> ViewPlan:
    stored = view.batch_source
    mapped = {new: old for old, new in stored.field_mapping.items()}
    keys = {mapped.get(key, key): column for key, column in join_keys(view).items()}
    require(entities, view.name, list(keys.values()))
    source = source_of(stored, view.name, tuple(keys), root, view.tags.get("marker"))
    files = _files(entities, source, keys)
    layout = layout_of(source.path, files, {key: entities.types[column] for key, column in keys.items()})
    wanted = _features(view, refs, full_names)
    held = first_types(entities.connection, view.name, files, layout)
    names = {feature: _stored(held, mapped, feature) for feature in wanted.values()}
    timestamp = _stored(held, mapped, stored.timestamp_field)
    created = _stored(held, mapped, stored.created_timestamp_column) if stored.created_timestamp_column else None
    types = _checked(entities, view, files, layout, keys, [timestamp, *([created] if created else [])], names)
    rows = rows_by_file(entities, files, keys, types) if files and entities.rows else None
    return ViewPlan(
        view.name,
        _way(view, keys, exact_keys, as_known=as_known and created is not None),
        keys,
        {name: names[feature] for name, feature in wanted.items()},
        timestamp,
        created,
        view.ttl or None,
        files if rows is None else [file for file in files if file in rows],
        types,
        {name: _null_type(view, feature) for name, feature in wanted.items()},
        layout,
        is_mixed(entities.connection, view.name, files, layout),
        rows,
    )


def join_keys(view: Any) -> dict[str, str]:
    """Return the entity column of each of a view's join keys."""
    renamed = view.projection.join_key_map or {}
    names = [column.name for column in view.entity_columns if column.name != "__dummy_id"]
    return {name: renamed.get(name, name) for name in names}


def _files(entities: Entities, source: Source, keys: Mapping[str, str]) -> list[str]:
    if is_remote(source.path):
        mount(entities.connection, source.path, source.options)

    def values_of(key: str) -> Sequence[object]:
        if family(entities.types[keys[key]]) == "number":
            raise InvalidInput(f"{keys[key]} is {entities.types[keys[key]]}", where="entity table", hint="cast it to integers")
        return entities.values(keys[key])

    files = files_of(source, values_of)
    if files or entities.rows:
        return files
    try:
        return all_files(source)[-1:]  # for its types: there is no row that could read it
    except MissingInput:
        return []


def _checked(
    entities: Entities, view: Any, files: Sequence[str], layout: Layout, keys: dict[str, str], stamps: Sequence[str], names: dict[str, str]
) -> Types:
    if not files:
        return {}
    types = stored_types(entities.connection, view.name, files, [*keys, *stamps, *names.values()], layout)
    for stamp in stamps:
        require_moment(stamp, types[stamp], f"view {view.name!r}")
    require_comparable(entities, view.name, keys, types)
    require_declared(view, list(names), types, names)
    return {**types, **{column: _null_type(view, feature) for feature, column in names.items() if types[column] == NULLS}}


def _features(view: Any, refs: Sequence[str], full_names: bool) -> dict[str, str]:
    prefix = f"{view.projection.name_to_use()}:"
    features = [ref.removeprefix(prefix) for ref in refs if ref.startswith(prefix)]
    base = view.projection.name_alias or view.name
    return {f"{base}__{feature}" if full_names else feature: feature for feature in features}


def _stored(types: Types, mapped: Mapping[str, str], name: str) -> str:
    """Return the source's name of a column that may have been mapped."""
    return mapped[name] if name in mapped and (mapped[name] in types or name not in types) else name


def _way(view: Any, keys: dict[str, str], exact_keys: Sequence[str], *, as_known: bool) -> Literal["exact", "asof", "known"]:
    if as_known:
        return "known"
    named = {*exact_keys, view.tags.get("exact_key")}
    return "exact" if named & set(keys) else "asof"


def _null_type(view: Any, feature: str) -> str:
    kinds = (declared_type(column) for column in view.features if column.name == feature)
    return next(kinds, None) or "VARCHAR"
