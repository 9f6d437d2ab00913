"""The entity table: the rows that features are asked for, in DuckDB's hands whatever they came as."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa

from hm_pipeline.errors import BadInput, MissingInput
from hm_pipeline.features._sql_words import microseconds, quoted
from hm_pipeline.features._types import INTEGERS

TABLE, GIVEN = "__entities", "__given"
ROW, AT = "__row", "__at"
DEFAULT_TIMESTAMP = "event_timestamp"


@dataclass(frozen=True)
class Entities:
    """The entity table, stored as a temporary table with its row numbers and, for the timestamp, microseconds, UTC.

    Parameters
    ----------
    connection
        Session that holds the table.
    types
        DuckDB type of each column, in the order given.
    timestamp
        Column of the moment each row asks about.
    rows, first, last
        How many rows there are, and the earliest and the latest moment.
    table
        What to select them from.
    """

    connection: Any
    types: dict[str, str]
    timestamp: str
    rows: int
    first: datetime | None
    last: datetime | None
    table: str = TABLE
    _spans: dict[str, tuple[Any, Any, int]] = field(default_factory=dict)
    _grouped: dict[str, Mapping[object, tuple[int, datetime, datetime]]] = field(default_factory=dict)
    _moments: dict[str, dict[object, tuple[int, int]]] = field(default_factory=dict)

    @property
    def is_of_one_moment(self) -> bool:
        """Whether all rows ask about the same moment."""
        return self.first == self.last

    def is_integer(self, column: str) -> bool:
        """Tell whether a column holds integers."""
        return self.types[column] in INTEGERS

    def span(self, column: str) -> tuple[Any, Any] | None:
        """Return the least and the greatest value of a column, nothing where it has none."""
        low, high, _ = self._range(column)
        return None if low is None else (low, high)

    def is_complete(self, column: str) -> bool:
        """Tell whether all rows have a value."""
        return self._range(column)[2] == self.rows

    def is_constant(self, column: str) -> bool:
        """Tell whether a column holds one integer in all rows."""
        low, high, _ = self._range(column)
        return self.is_integer(column) and low == high and self.is_complete(column)

    def retype(self, column: str, kind: str) -> None:
        """Give a column without values another type."""
        fetch(self.connection, f"ALTER TABLE {TABLE} ALTER COLUMN {quoted(column)} TYPE {kind} USING NULL")
        self.types[column] = kind

    def _range(self, column: str) -> tuple[Any, Any, int]:
        if column not in self._spans:
            name = quoted(column)
            ((low, high, count),) = fetch(self.connection, f"SELECT min({name}), max({name}), count({name}) FROM {self.table}")
            self._spans[column] = (low, high, count)
        return self._spans[column]

    def values(self, column: str) -> Sequence[object]:
        """Return the distinct values of a column, sorted."""
        return list(self._groups(column))

    def part(self, column: str, value: object) -> "Entities":
        """Return the rows that hold a value of a column, as entities of their own.

        Spans of other columns remain those of the whole, which rule out less and are known already.
        """
        rows, first, last = self._groups(column)[value]
        table = f"(SELECT * FROM {self.table} WHERE {quoted(column)} = {value})"
        whole = {name: self._range(name) for name in self.types if self.is_integer(name)}
        spans = {name: (low, high, rows if count == self.rows else 0) for name, (low, high, count) in whole.items()}
        return replace(self, table=table, rows=rows, first=first, last=last, _spans=spans | {column: (value, value, rows)}, _grouped={})

    def _groups(self, column: str) -> Mapping[object, tuple[int, datetime, datetime]]:
        """Return the rows, the first and the last moment of each value of a column, by values sorted."""
        if column not in self._grouped:
            name = quoted(column)
            figures = f"count(*), make_timestamp(min({AT})), make_timestamp(max({AT}))"
            rows = fetch(self.connection, f"SELECT {name}, {figures} FROM {self.table} WHERE {name} IS NOT NULL GROUP BY 1 ORDER BY 1")
            self._grouped[column] = {value: (count, first, last) for value, count, first, last in rows}
        return self._grouped[column]


def fetch(connection: Any, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement to its end and return its rows."""
    rows: list[tuple[Any, ...]] = connection.execute(statement).fetchall()
    return rows


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
        fetch(connection, f"CREATE TEMP TABLE {TABLE} AS SELECT {kept}, {at}, row_number() OVER () AS {ROW} FROM ({query})")
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
