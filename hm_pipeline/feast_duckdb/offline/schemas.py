"""Schemas of a source's files, and the check that they still fit its view and its entity table."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from hm_pipeline.base.errors import InvalidInput, MissingInput, SchemaViolation
from hm_pipeline.feast_duckdb.offline.entities import Entities, fetch
from hm_pipeline.feast_duckdb.offline.file_cache import cached_by_mtime
from hm_pipeline.feast_duckdb.offline.layout import Layout, listed
from hm_pipeline.feast_duckdb.offline.types import NULLS, are_comparable, declared_type, family, fits

Types = Mapping[str, str]
REWRITE = "write the table again, or correct the view and register it again"


def first_types(connection: Any, view: str, files: Sequence[str], layout: Layout) -> Types:
    """Return the DuckDB type of each column of the first file; nothing without files."""
    return _schemas(connection, view, files, layout)[0][1] if files else {}


def is_mixed(connection: Any, view: str, files: Sequence[str], layout: Layout) -> bool:
    """Return whether some files hold their columns in other types than the first."""
    return bool(files) and len(_schemas(connection, view, files, layout)) > 1


def stored_types(connection: Any, view: str, files: Sequence[str], columns: Sequence[str], layout: Layout) -> Types:
    """Return the DuckDB type of each stored column; nulls have none, and narrower integers are read as wider ones.

    Parameters
    ----------
    columns
        Those that are read.

    Raises
    ------
    InvalidInput
        If a file cannot be read.
    MissingInput
        If a file lacks a column.
    SchemaViolation
        If files hold a column in different types: DuckDB would convert to that of the first file, by rounding.
    """
    schemas = _schemas(connection, view, files, layout)
    for file, types in schemas:
        missing = [name for name in columns if name not in types]
        if missing:
            raise MissingInput(f"view {view!r} has no stored column {', '.join(missing)}", where=file, hint=REWRITE)
    first = schemas[0][1]
    for name in columns:
        held = {types[name]: file for file, types in reversed(schemas) if types[name] != NULLS}
        if len({family(kind) if family(kind) == "integer" else kind for kind in held}) > 1:
            (kind, file), (other, _) = [*held.items()][-2:]
            raise SchemaViolation(f"view {view!r} holds {name} as {kind} here and as {other} elsewhere", where=file, hint=REWRITE)
    if len(schemas) == 1:
        return first
    united = layout.read([file for file, _ in schemas], is_mixed=True)
    return {**first, **{name: kind for name, kind, *_ in fetch(connection, f"DESCRIBE SELECT * FROM {united}") if name in columns}}


def require_declared(view: Any, features: Sequence[str], stored: Types, names: Mapping[str, str]) -> None:
    """Raise where a feature is stored as something else than the view declares.

    Parameters
    ----------
    names
        Source column of each feature.
    """
    for field in view.features:
        declared = declared_type(field) if field.name in features else None
        kind = stored[names[field.name]] if declared else ""
        if declared and not fits(declared, kind):
            raise SchemaViolation(f"{field.name} is declared {field.dtype} and stored as {kind}", where=f"view {view.name!r}", hint=REWRITE)


def require_comparable(entities: Entities, view: str, keys: Mapping[str, str], stored: Types) -> None:
    """Raise where a key of the entity table can only be compared to the stored one by conversion.

    Parameters
    ----------
    keys
        Entity column by source column.
    """
    for key, column in keys.items():
        given = entities.types[column]
        if stored[key] == NULLS or are_comparable(given, stored[key]):
            continue
        if entities.span(column) is not None:
            raise InvalidInput(
                f"{column} is {given}, and view {view!r} stores it as {stored[key]}",
                where="entity table",
                hint=f"cast {column} to {stored[key]}",
            )
        entities.retype(column, stored[key])  # nothing but nulls, or no rows: pandas has no better type for those


def _schemas(connection: Any, view: str, files: Sequence[str], layout: Layout) -> list[tuple[str, Types]]:
    """Return the schema of the first file, and of one file for every schema that differs from it."""

    def learn() -> list[tuple[str, Types]]:
        return [(file, _described(connection, file, layout)) for file in [files[0], *_different(connection, files)]]

    try:
        return cached_by_mtime(f"schemas by {layout}", files, learn)
    except duckdb.Error as error:
        raise unreadable(error, view, files[0]) from error


def _described(connection: Any, file: str, layout: Layout) -> Types:
    return {name: kind for name, kind, *_ in fetch(connection, f"DESCRIBE SELECT * FROM {layout.read([file])}")}


def _different(connection: Any, files: Sequence[str]) -> list[str]:
    if len(files) == 1:
        return []
    column = "concat_ws(' ', name, type, type_length, num_children, converted_type, CAST(logical_type AS VARCHAR))"
    schemas = f"SELECT file_name, list_sort(list({column})) AS columns FROM parquet_schema({listed(files)}) GROUP BY file_name"
    rows = fetch(connection, f"SELECT min(file_name) FROM ({schemas}) GROUP BY columns ORDER BY 1")
    return [file for (file,) in rows] if len(rows) > 1 else []


def unreadable(error: duckdb.Error, view: str, file: str) -> InvalidInput:
    """Translate DuckDB's complaint about a file, which names the file itself where it is one of many."""
    named = re.search(r"[fF]ile [\"']([^\"']+\.parquet)[\"']", str(error))
    return InvalidInput(str(error), where=f"view {view!r}, {named[1] if named else file}", hint="write the table again")
