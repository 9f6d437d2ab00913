"""The entity table: the rows that features are asked for, in DuckDB's hands whatever they came as."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa

from hm_pipeline.errors import BadInput, MissingInput
from hm_pipeline.features._types import INTEGERS

TABLE = "__entities"
ROW, AT = "__row", "__at"
DEFAULT_TIMESTAMP = "event_timestamp"


def quoted(name: str) -> str:
    """Quote a name for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text for DuckDB."""
    return "'" + text.replace("'", "''") + "'"


def microseconds(column: str, kind: str) -> str:
    """Return the expression of a column's moments as microseconds since 1970, UTC; moments without a zone are UTC.

    Integers, because converting zoned to plain timestamps goes through a calendar library: as long as the join itself.
    """
    return f"epoch_us({column})" if kind.startswith(("TIMESTAMP", "DATE")) else f"epoch_us(CAST({column} AS TIMESTAMP))"


def within(column: str, kind: str, first: datetime | None, last: datetime | None) -> str:
    """Return the condition that a moment lies in a period, ends included, with literals that statistics of files can be held against.

    Moments without a zone are UTC.
    """
    stored = column if kind.startswith(("TIMESTAMP", "DATE")) else f"CAST({column} AS TIMESTAMP)"
    zone = "TIMESTAMPTZ " if kind == "TIMESTAMP WITH TIME ZONE" else "TIMESTAMP "
    bounds = ((">=", first), ("<=", last))
    return " AND ".join(f"{stored} {sign} {zone}'{_utc(bound)}'" for sign, bound in bounds if bound is not None) or "true"


def _utc(moment: datetime) -> str:
    return f"{(moment.astimezone(UTC) if moment.tzinfo else moment).replace(tzinfo=None).isoformat(' ')}+00"


@dataclass(frozen=True)
class Entities:
    """The entity table, stored as a temporary table with its row numbers and its moments in microseconds, UTC.

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
    """

    connection: Any
    types: dict[str, str]
    timestamp: str
    rows: int
    first: datetime | None
    last: datetime | None
    _spans: dict[str, tuple[Any, Any, int]] = field(default_factory=dict)

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

    def is_constant(self, column: str) -> bool:
        """Tell whether a column holds one integer in all rows."""
        low, high, count = self._range(column)
        return self.is_integer(column) and low == high and count == self.rows

    def retype(self, column: str, kind: str) -> None:
        """Give a column without values another type."""
        fetch(self.connection, f"ALTER TABLE {TABLE} ALTER COLUMN {quoted(column)} TYPE {kind} USING NULL")
        self.types[column] = kind

    def _range(self, column: str) -> tuple[Any, Any, int]:
        if column not in self._spans:
            name = quoted(column)
            ((low, high, count),) = fetch(self.connection, f"SELECT min({name}), max({name}), count({name}) FROM {TABLE}")
            self._spans[column] = (low, high, count)
        return self._spans[column]

    def values(self, column: str) -> Sequence[object]:
        """Return the distinct values of a column, sorted."""
        name = quoted(column)
        return [value for (value,) in fetch(self.connection, f"SELECT DISTINCT {name} FROM {TABLE} WHERE {name} IS NOT NULL ORDER BY 1")]


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
        fetch(connection, f"CREATE TEMP TABLE {TABLE} AS SELECT *, {at}, row_number() OVER () AS {ROW} FROM ({query})")
        counted = f"SELECT count(*), count({AT}), make_timestamp(min({AT})), make_timestamp(max({AT})) FROM {TABLE}"
        ((rows, dated, first, last),) = fetch(connection, counted)
    except duckdb.Error as error:
        raise BadInput(str(error), where="entity table", remedy="give keys and a timestamp that DuckDB can read") from error
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
    connection.register("__given", _registrable(entity_table))
    return 'SELECT * FROM "__given"'


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
