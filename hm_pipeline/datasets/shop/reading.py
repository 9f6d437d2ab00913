"""Reading of a shop's files into tables of texts, one row per line, with the place of each row."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hm_pipeline.datasets.kaggle.csv_reader import quote, sql_name
from hm_pipeline.datasets.shop.faults import QUERY, Fault, FaultyFiles
from hm_pipeline.datasets.shop.files import locate, unpacked
from hm_pipeline.datasets.shop.query import run_query
from hm_pipeline.datasets.shop.shop_file import ShopFile
from hm_pipeline.datasets.shop.table_schema import Table


@dataclass
class Reader:
    """Reader of the tables of a folder or a zip; what is wrong is added to ``faults``.

    Parameters
    ----------
    connection
        DuckDB that holds the tables.
    raw
        The folder or zip.
    scratch
        Folder for files that are unpacked or written anew.
    """

    connection: Any
    raw: Path
    scratch: Path
    faults: list[Fault] = field(default_factory=list)

    def read(self, table: Table, part: str, name: str, columns: Sequence[str]) -> bool:
        """Read the columns of a table's files, a part of the schema, as ``name`` (file, row, texts); whether that was possible.

        Raises
        ------
        MissingInput, InvalidInput
            If the folder or zip cannot be read.
        """
        files = self._files(table, part)
        headers = [self._header(file, part, columns) for file in files]  # of all, so that all faults are found
        if not files or not all(headers):
            return False
        sources = [self._source(file, header) for file, header in zip(files, headers, strict=True)]
        if not all(sources):
            return False
        parts = (
            f"(SELECT {quote(file.name)} AS file, row_number() OVER () AS row, {self._texts(columns, source, table.decimal)} FROM {source})"
            for file, source in zip(files, sources, strict=True)
        )
        self.connection.execute(f"CREATE OR REPLACE TABLE {name} AS {' UNION ALL '.join(parts)}")
        if self.one(f"SELECT count(*) FROM {name}") == (0,):
            self.faults.append(Fault(", ".join(file.name for file in files), "no rows", "give the whole file"))
            return False
        return True

    def _files(self, table: Table, part: str) -> list[ShopFile]:
        if table.query:
            return self._queried(table, f"{QUERY}{part}")
        names, faults = locate(self.raw, table, part)
        self.faults += faults
        if faults:
            return []
        paths = {name: unpacked(self.raw, name, self.scratch / "unpacked") for name in names}
        return [ShopFile(name, path, table, self.connection, self.scratch) for name, path in paths.items()]

    def _queried(self, table: Table, name: str) -> list[ShopFile]:
        try:
            path = run_query(table, name, self.raw, self.scratch, self.connection)
        except FaultyFiles as error:
            self.faults += error.faults
            return []
        return [ShopFile(name, path, table, self.connection, self.scratch)]

    def one(self, query: str, given: Sequence[object] = ()) -> tuple[Any, ...]:
        """Return the only row of a query, with nothing of it left to fetch."""
        (row,) = self.connection.execute(query, list(given)).fetchall()
        return tuple(row)

    def refuse(self) -> None:
        """Raise all faults that were found, if any.

        Raises
        ------
        FaultyFiles
            If there is one.
        """
        if self.faults:
            raise FaultyFiles(self.faults)

    def line(self, name: str, file: str, row: int) -> int:
        """Return the line of a row: fields before it may hold line breaks, and the first line is the header; a query has rows."""
        if file.startswith(QUERY):
            return row
        columns = [column[0] for column in self.connection.execute(f"DESCRIBE {name}").fetchall()][2:]
        breaks = " + ".join(f"coalesce(len({sql_name(column)}) - len(replace({sql_name(column)}, chr(10), '')), 0)" for column in columns)
        query = f"SELECT coalesce(sum({breaks}), 0) FROM {name} WHERE file = ? AND row < ?"
        return row + 1 + int(self.one(query, [file, row])[0])

    def fault(self, name: str, rows: str, column: str, what: str, hint: str, count: int) -> Fault:
        """Return the fault of a table's rows, given by the SQL of their ``file``, ``row`` and ``value``, with the place of the first."""
        file, row, value = self.one(f"SELECT file, row, value FROM ({rows}) ORDER BY file, row LIMIT 1")
        return Fault(file, what, hint, column, self.line(name, file, row), value or "", count)

    def _texts(self, columns: Sequence[str], source: str, decimal: str) -> str:
        """Return the SQL of columns as texts; numbers of Parquet are written as the schema has them."""
        types = {row[0]: row[1] for row in self.connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()}
        return ", ".join(_text(column, types[column], decimal) for column in columns)

    def _header(self, file: ShopFile, part: str, columns: Sequence[str]) -> list[str]:
        """Return the names of a file's columns, none where one that is read is not there once."""
        try:
            header = file.header(part)
        except FaultyFiles as error:
            self.faults += error.faults
            return []
        first = 0 if file.table.query else 1
        twice = [column for column in columns if header.count(column) > 1]
        faults = [Fault(file.name, f"two columns are called {column!r}", "rename one", line=first) for column in twice]
        places = [str(place) for place, column in enumerate(header, start=1) if not column.strip()]
        if places:
            what = f"columns {', '.join(places)} of the first line have no name"
            faults.append(Fault(file.name, what, "the first line must name every column once", line=1))
        for column in dict.fromkeys(column for column in columns if column not in header):
            hint = f"name one of {', '.join(filter(str.strip, header)) or 'none'} under {part}.columns of the schema"
            faults.append(Fault(file.name, f"no column {column!r}", hint, line=first))
        self.faults += list(dict.fromkeys(faults))
        return [] if faults else header

    def _source(self, file: ShopFile, header: Sequence[str]) -> str:
        """Return the SQL that reads a file, nothing where it cannot be read."""
        try:
            return file.source(header)
        except FaultyFiles as error:
            self.faults += error.faults
            return ""


def _text(column: str, kind: str, decimal: str) -> str:
    text = f"CAST({sql_name(column)} AS VARCHAR)"
    if decimal != "." and kind.startswith(("DOUBLE", "FLOAT", "DECIMAL")):
        text = f"replace({text}, '.', {quote(decimal)})"
    return f"{text} AS {sql_name(column)}"
