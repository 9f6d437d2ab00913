"""Differences between Feast's views, the contracts and the stored tables, and what a registration changes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from hm_pipeline.base.errors import SchemaViolation
from hm_pipeline.features.feast_objects import FeatureTable, build
from hm_pipeline.features.fields import feast_type

if TYPE_CHECKING:
    from feast import FeatureStore

Columns = dict[str, str]  # name -> Feast's type
ABSENT = "absent"
LINE = {"view": pl.String, "column": pl.String, "contract": pl.String, "registered": pl.String, "stored": pl.String}


def schema_differences(
    store: "FeatureStore", tables: Sequence[FeatureTable], stored: Mapping[str, pl.Schema] | None = None
) -> pl.DataFrame:
    """Return the columns in which a contract, a registered view and a stored table differ, sorted.

    Parameters
    ----------
    stored
        Columns of stored tables by view; views that are not among them are held against the contract alone.
    """
    contracts = {view.name: columns_of(view) for view in build(tables).views}
    registered = {view.name: columns_of(view) for view in store.list_feature_views(allow_cache=False)}
    lines: list[tuple[str, ...]] = []
    for view, contract in contracts.items():
        known = registered.get(view, {})
        held = _stored(view, contract, (stored or {}).get(view))
        for column in dict.fromkeys([*contract, *known]):
            types = contract.get(column, ABSENT), known.get(column, ABSENT), held.get(column, ABSENT)
            if len(set(types)) > 1:
                lines.append((view, column, *types))
    return pl.DataFrame(sorted(lines), schema=LINE, orient="row")


def require_agreement(store: "FeatureStore", tables: Sequence[FeatureTable]) -> None:
    """Refuse a registry whose views differ from the contracts.

    Raises
    ------
    SchemaViolation
        It names the first column that differs.
    """
    found = schema_differences(store, tables)
    if found.height:
        first = found.row(0, named=True)
        types = f"{first['column']} is {first['contract']} in the contract, {first['registered']} in Feast"
        raise SchemaViolation(
            f"{found.height} columns differ: {types}",
            where=f"view {first['view']!r}",
            hint="remove feast/registry.db from the home, the next run registers anew",
        )


def columns_of(view: Any) -> Columns:
    """Return the features of a Feast view and their types."""
    return {field.name: str(field.dtype) for field in view.features}


def changes(before: Sequence[Any], after: Sequence[Any]) -> list[str]:
    """Return in words what registering Feast's objects changes, against those of the same names that are registered.

    Parameters
    ----------
    before, after
        Entities, views and services that are registered, and that will be; both hold only those that differ.
    """
    old = {(type(item).__name__, item.name): item for item in before}
    new = {(type(item).__name__, item.name): item for item in after}
    lines = [f"{_word(kind)} {name} is new" for kind, name in new.keys() - old.keys()]
    lines += [f"{_word(kind)} {name} is removed" for kind, name in old.keys() - new.keys()]
    for kind, name in old.keys() & new.keys():
        lines.append(f"{_word(kind)} {name}: {_inside(old[kind, name], new[kind, name]) or 'description changed'}")
    return sorted(lines)


def _inside(old: Any, new: Any) -> str:
    known, wanted = ({} if not hasattr(item, "schema") else columns_of(item) for item in (old, new))
    parts = [f"new {name}" for name in wanted if name not in known] + [f"gone {name}" for name in known if name not in wanted]
    parts += [f"{name} is {wanted[name]}, was {known[name]}" for name in known if name in wanted and wanted[name] != known[name]]
    return ", ".join(parts)


def _word(kind: str) -> str:
    return {"Entity": "entity", "FeatureView": "view", "OnDemandFeatureView": "on-demand view", "FeatureService": "service"}.get(kind, kind)


def _stored(view: str, contract: Columns, schema: pl.Schema | None) -> Columns:
    """Return the stored types of a contract's columns; the contract's own where nothing is stored."""
    if schema is None:
        return contract
    return {name: str(feast_type(view, name, schema[name])) for name in contract if name in schema}
