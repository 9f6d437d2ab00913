"""Input of the entity table to DuckDB, in any of the forms it may be given."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import duckdb

from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.feast_duckdb.offline.entities import AT, STORED, TABLE, Entities, fetch, number_rows, stored_name
from hm_pipeline.feast_duckdb.offline.frames import as_arrow
from hm_pipeline.feast_duckdb.offline.instants import HINT, is_finer, is_unreadable, microseconds, require_moment
from hm_pipeline.feast_duckdb.offline.session import ordering_joins
from hm_pipeline.feast_duckdb.offline.sql_text import literal, quoted
from hm_pipeline.feast_duckdb.offline.types import NULLS

GIVEN = "__given"
DEFAULT_TIMESTAMP = "event_timestamp"
WHERE = "entity table"
UNREADABLE, FINER = "no moment: ", "finer than a microsecond: "


def load(connection: Any, entity_table: object) -> Entities:
    """Store an entity table in a session.

    Parameters
    ----------
    entity_table
        A pandas, Polars or Arrow table, a Polars LazyFrame, or a SELECT statement.

    Raises
    ------
    InvalidInput
        If it is something else, a statement that fails, or lacks timestamps.
    """
    query = _query(connection, entity_table)
    try:
        types = {name: kind for name, kind, *_ in fetch(connection, f"DESCRIBE {query}")}
        timestamp = _timestamp(types)
        at = f"{_moments(timestamp, types[timestamp])} AS {AT}"
        kept = [f"{quoted(name)} AS {stored_name(place)}" for place, name in enumerate(types) if name != timestamp]
        with ordering_joins(connection) if isinstance(entity_table, str) else nullcontext():
            fetch(connection, f"CREATE TEMP TABLE {STORED} AS SELECT {', '.join([*kept, at])} FROM ({query})")
        number_rows(connection)
        counted = f"SELECT count(*), count({AT}), make_timestamp(min({AT})), make_timestamp(max({AT})) FROM {TABLE}"
        ((rows, dated, first, last),) = fetch(connection, counted)
    except duckdb.Error as error:
        raise _translated(error) from error
    finally:
        connection.unregister(GIVEN)  # what was given may go
    if dated < rows:
        raise InvalidInput(f"{rows - dated} of {rows} rows have no {timestamp}", where=WHERE, hint="give the moment of each row")
    return Entities(connection, types, timestamp, rows, first, last)


def require(entities: Entities, view: str, columns: Sequence[str]) -> None:
    """Raise where the entity table lacks a join key of a view."""
    missing = [column for column in columns if column not in entities.types]
    if missing:
        raise MissingInput(f"lacks {', '.join(missing)}, which view {view!r} is keyed by", where=WHERE, hint="add the join keys")


def _query(connection: Any, entity_table: object) -> str:
    if isinstance(entity_table, str):
        return entity_table.strip().rstrip(";")
    connection.register(GIVEN, as_arrow(entity_table, where=WHERE))
    return f"SELECT * FROM {GIVEN}"


def _moments(timestamp: str, kind: str) -> str:
    """Return the expression of the moments, which breaks the statement off at one that would be cut or cannot be read."""
    if kind == NULLS:
        return "CAST(NULL AS BIGINT)"
    require_moment(timestamp, kind, WHERE)
    column = quoted(timestamp)
    shown = f"CAST({column} AS VARCHAR)"
    refused = f"WHEN {is_unreadable(column, kind)} THEN error({literal(UNREADABLE)} || {shown}) "
    refused += f"WHEN {is_finer(column, kind)} THEN error({literal(FINER)} || {shown}) "
    return microseconds(f"(CASE {refused}ELSE {column} END)", kind)


def _translated(error: duckdb.Error) -> InvalidInput:
    text = str(error)
    for what, hint in ((UNREADABLE, HINT), (FINER, "round the moments to microseconds, downwards")):
        if what in text:
            return InvalidInput(f"{what}{text.rpartition(what)[2].partition(chr(10))[0]!r}", where=WHERE, hint=hint)
    return InvalidInput(text, where=WHERE, hint="give keys and a timestamp that DuckDB can read")


def _timestamp(types: dict[str, str]) -> str:
    if DEFAULT_TIMESTAMP in types:
        return DEFAULT_TIMESTAMP
    moments = [name for name, kind in types.items() if kind.startswith("TIMESTAMP")]
    if len(moments) == 1:
        return moments[0]
    raise InvalidInput(
        f"has no column {DEFAULT_TIMESTAMP!r} and {len(moments)} other timestamps",
        where=WHERE,
        hint=f"name the column with the moment of each row {DEFAULT_TIMESTAMP}",
    )
