"""How an entity table comes into DuckDB's hands, whatever it was given as."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa

from hm_pipeline.errors import BadInput, MissingInput
from hm_pipeline.features._entities import AT, STORED, TABLE, Entities, fetch, number_rows
from hm_pipeline.features._session import ordering_joins
from hm_pipeline.features._sql_words import microseconds, quoted

GIVEN = "__given"
DEFAULT_TIMESTAMP = "event_timestamp"


def load(connection: Any, entity_table: object) -> Entities:
    """Store an entity table in a session.

    Parameters
    ----------
    entity_table
        A pandas, Polars or Arrow table, a Polars LazyFrame, or a SELECT statement.

    Raises
    ------
    BadInput
        If it is something else, a statement that fails, or lacks timestamps.
    """
    query = _query(connection, entity_table)
    try:
        types = {name: kind for name, kind, *_ in fetch(connection, f"DESCRIBE {query}")}
        timestamp = _timestamp(types)
        at = f"{microseconds(quoted(timestamp), types[timestamp])} AS {AT}"
        kept = f"* EXCLUDE ({quoted(timestamp)})"
        with ordering_joins(connection) if isinstance(entity_table, str) else nullcontext():
            fetch(connection, f"CREATE TEMP TABLE {STORED} AS SELECT {kept}, {at} FROM ({query})")
        number_rows(connection)
        counted = f"SELECT count(*), count({AT}), make_timestamp(min({AT})), make_timestamp(max({AT})) FROM {TABLE}"
        ((rows, dated, first, last),) = fetch(connection, counted)
    except duckdb.Error as error:
        raise BadInput(str(error), where="entity table", remedy="give keys and a timestamp that DuckDB can read") from error
    finally:
        connection.unregister(GIVEN)  # what was given may go
    if dated < rows:
        raise BadInput(f"{rows - dated} of {rows} rows have no {timestamp}", where="entity table", remedy="say when each row asks")
    return Entities(connection, types, timestamp, rows, first, last)


def require(entities: Entities, view: str, columns: Sequence[str]) -> None:
    """Raise where the entity table lacks a join key of a view."""
    missing = [column for column in columns if column not in entities.types]
    if missing:
        raise MissingInput(f"lacks {', '.join(missing)}, which view {view!r} is keyed by", where="entity table", remedy="add the join keys")


def _query(connection: Any, entity_table: object) -> str:
    if isinstance(entity_table, str):
        return entity_table.strip().rstrip(";")
    connection.register(GIVEN, _registrable(entity_table))
    return f"SELECT * FROM {GIVEN}"


def _registrable(entity_table: object) -> object:
    match entity_table:
        case pl.LazyFrame():
            return entity_table.collect().to_arrow()
        case pl.DataFrame():
            return entity_table.to_arrow()
        case pd.DataFrame() | pa.Table():
            return entity_table
    raise BadInput(
        f"a {type(entity_table).__name__} is no entity table", where="entity table", remedy="give a frame, an Arrow table or SQL"
    )


def _timestamp(types: dict[str, str]) -> str:
    if DEFAULT_TIMESTAMP in types:
        return DEFAULT_TIMESTAMP
    moments = [name for name, kind in types.items() if kind.startswith("TIMESTAMP")]
    if len(moments) == 1:
        return moments[0]
    raise BadInput(
        f"has no column {DEFAULT_TIMESTAMP!r} and {len(moments)} other timestamps",
        where="entity table",
        remedy=f"name the moment each row asks about {DEFAULT_TIMESTAMP}",
    )
