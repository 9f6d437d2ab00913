"""The entity table: the rows that features are asked for, as DuckDB holds them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from hm_pipeline.feast_duckdb.offline.types import INTEGERS

STORED, TABLE = "__stored", "__entities"
ROW, AT = "row_number", "asked_at"  # columns of those tables, which have none of the caller's names


@dataclass(frozen=True)
class Entities:
    """The entity table, stored as a temporary table with its row numbers and, for the timestamp, microseconds, UTC.

    The caller's columns may bear any name, ``rowid`` among them, so that they are stored by their places, see :meth:`sql`.

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

    def sql(self, column: str) -> str:
        """Return the name that a column is stored by."""
        return stored_name(list(self.types).index(column))

    @property
    def is_of_one_moment(self) -> bool:
        """Whether all rows ask about the same moment."""
        return self.first == self.last

    def is_integer(self, column: str) -> bool:
        """Return whether a column holds integers."""
        return self.types[column] in INTEGERS

    def span(self, column: str) -> tuple[Any, Any] | None:
        """Return the least and the greatest value of a column, nothing where it has none."""
        low, high, _ = self._range(column)
        return None if low is None else (low, high)

    def is_complete(self, column: str) -> bool:
        """Return whether all rows have a value."""
        return self._range(column)[2] == self.rows

    def is_constant(self, column: str) -> bool:
        """Return whether a column holds one integer in all rows."""
        low, high, _ = self._range(column)
        return self.is_integer(column) and low == high and self.is_complete(column)

    def retype(self, column: str, kind: str) -> None:
        """Give a column without values another type."""
        fetch(self.connection, f"ALTER TABLE {STORED} ALTER COLUMN {self.sql(column)} TYPE {kind} USING NULL")
        number_rows(self.connection)
        self.types[column] = kind

    def _range(self, column: str) -> tuple[Any, Any, int]:
        if column not in self._spans:
            name = self.sql(column)
            ((low, high, count),) = fetch(self.connection, f"SELECT min({name}), max({name}), count({name}) FROM {self.table}")
            self._spans[column] = (low, high, count)
        return self._spans[column]

    def values(self, column: str) -> Sequence[object]:
        """Return the distinct values of a column, sorted."""
        return list(self._groups(column))

    def part(self, column: str, value: object) -> "Entities":
        """Return the rows that hold a value of a column, as entities of their own.

        Spans of other columns remain those of all rows, which rule out less and are known already.
        """
        rows, first, last = self._groups(column)[value]
        table = f"(SELECT * FROM {self.table} WHERE {self.sql(column)} = {value})"
        ranges = {name: self._range(name) for name in self.types if self.is_integer(name)}
        spans = {name: (low, high, rows if count == self.rows else 0) for name, (low, high, count) in ranges.items()}
        return replace(self, table=table, rows=rows, first=first, last=last, _spans=spans | {column: (value, value, rows)}, _grouped={})

    def count_keys(self, columns: Sequence[str]) -> int:
        """Estimate how many distinct keys there are."""
        counted = f"approx_count_distinct(hash({', '.join(map(self.sql, columns))}))"
        ((count,),) = fetch(self.connection, f"SELECT {counted} FROM {self.table}")
        return int(count)

    def keys(self, columns: Sequence[str], others: Collection[str]) -> "Entities":
        """Return the distinct keys of entities of one moment, as entities of their own.

        Parameters
        ----------
        columns
            Those that distinguish keys.
        others
            Wanted as well; constant where they are not among them.
        """
        constants = [f"CAST({self._range(name)[0]} AS {self.types[name]}) AS {self.sql(name)}" for name in sorted({*others} - {*columns})]
        names = ", ".join(map(self.sql, columns))
        moment = f"epoch_us(TIMESTAMP '{self.first}') AS {AT}"
        table = f"(SELECT {', '.join([names, *constants, moment])} FROM (SELECT DISTINCT {names} FROM {self.table}))"
        return replace(self, table=table, _spans=dict(self._spans), _grouped={})

    def _groups(self, column: str) -> Mapping[object, tuple[int, datetime, datetime]]:
        """Return the rows, the first and the last moment of each value of a column, by values sorted."""
        if column not in self._grouped:
            name = self.sql(column)
            summary = f"count(*), make_timestamp(min({AT})), make_timestamp(max({AT}))"
            rows = fetch(self.connection, f"SELECT {name}, {summary} FROM {self.table} WHERE {name} IS NOT NULL GROUP BY 1 ORDER BY 1")
            self._grouped[column] = {value: (count, first, last) for value, count, first, last in rows}
        return self._grouped[column]


def stored_name(place: int) -> str:
    """Return the name that the column at a place of the entity table is stored by."""
    return f"c{place}"


def number_rows(connection: Any) -> None:
    """Name the stored entity table together with its row numbers, from 1; to count rows while they are stored takes one thread."""
    fetch(connection, f"CREATE OR REPLACE TEMP VIEW {TABLE} AS SELECT *, rowid + 1 AS {ROW} FROM {STORED}")


def fetch(connection: Any, statement: str) -> list[tuple[Any, ...]]:
    """Run a statement to its end and return its rows."""
    rows: list[tuple[Any, ...]] = connection.execute(statement).fetchall()
    return rows
