"""Reading of a shop's files into tables of texts, one row per line, with the place of each row."""

import csv
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from hm_pipeline.datasets.kaggle.csv_reader import csv_scan, quote, sql_name, sql_path
from hm_pipeline.datasets.kaggle.csv_records import count_quotes
from hm_pipeline.datasets.shop.faults import Fault, FaultyFiles
from hm_pipeline.datasets.shop.files import is_utf8, line_of_bad_byte, locate, open_text, unpacked
from hm_pipeline.datasets.shop.table_schema import Table

PARQUET = ".parquet"
CHUNK = 1 << 20
WIDEST = 1 << 27  # characters of a field
BROKEN = (UnicodeError, EOFError, OSError, csv.Error)


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

    def read(self, table: Table, name: str, columns: Sequence[str]) -> bool:
        """Read the columns of a table's files as ``name`` (file, row, texts); whether that was possible.

        Raises
        ------
        MissingInput, InvalidInput
            If the folder or zip cannot be read.
        """
        names, faults = locate(self.raw, table, name)
        self.faults += faults
        paths = [] if faults else [unpacked(self.raw, file, self.scratch / "unpacked") for file in names]
        headers = [self._header(table, path, name, columns) for path in paths]  # of all, so that all faults are found
        if not paths or not all(headers):
            return False
        texts = ", ".join(f"CAST({sql_name(column)} AS VARCHAR) AS {sql_name(column)}" for column in columns)
        sources = [self._source(table, path, header) for path, header in zip(paths, headers, strict=True)]
        if not all(sources):
            return False
        parts = (
            f"(SELECT {quote(path.name)} AS file, row_number() OVER () AS row, {texts} FROM {source})"
            for path, source in zip(paths, sources, strict=True)
        )
        self.connection.execute(f"CREATE OR REPLACE TABLE {name} AS {' UNION ALL '.join(parts)}")
        if self.one(f"SELECT count(*) FROM {name}") == (0,):
            self.faults.append(Fault(", ".join(path.name for path in paths), "no rows", "give the whole file"))
            return False
        return True

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
        """Return the line of a row: fields before it may hold line breaks, and the first line is the header."""
        columns = [column[0] for column in self.connection.execute(f"DESCRIBE {name}").fetchall()][2:]
        breaks = " + ".join(f"coalesce(len({sql_name(column)}) - len(replace({sql_name(column)}, chr(10), '')), 0)" for column in columns)
        query = f"SELECT coalesce(sum({breaks}), 0) FROM {name} WHERE file = ? AND row < ?"
        return row + 1 + int(self.one(query, [file, row])[0])

    def fault(self, name: str, rows: str, column: str, what: str, hint: str, count: int) -> Fault:
        """Return the fault of a table's rows, given by the SQL of their ``file``, ``row`` and ``value``, with the place of the first."""
        file, row, value = self.one(f"SELECT file, row, value FROM ({rows}) ORDER BY file, row LIMIT 1")
        return Fault(file, what, hint, column, self.line(name, file, row), value or "", count)

    def _header(self, table: Table, path: Path, name: str, columns: Sequence[str]) -> list[str]:
        """Return the names of a file's columns, none where one that is read is not there once."""
        try:
            header = self._names(table, path)
        except (*BROKEN, duckdb.Error) as error:
            self.faults.append(_unreadable(table, path, error))
            return []
        faults = [
            Fault(path.name, f"two columns are called {column!r}", "rename one", line=1) for column in columns if header.count(column) > 1
        ]
        places = [str(place) for place, column in enumerate(header, start=1) if not column.strip()]
        if places:
            what = f"columns {', '.join(places)} of the first line have no name"
            faults.append(Fault(path.name, what, "the first line must name every column once", line=1))
        for column in dict.fromkeys(column for column in columns if column not in header):
            hint = f"name one of {', '.join(filter(str.strip, header)) or 'none'} under {name}.columns of the schema"
            faults.append(Fault(path.name, f"no column {column!r}", hint, line=1))
        self.faults += list(dict.fromkeys(faults))
        return [] if faults else header

    def _names(self, table: Table, path: Path) -> list[str]:
        if path.name.endswith(PARQUET):
            return [row[0] for row in self.connection.execute(f"DESCRIBE SELECT * FROM read_parquet({sql_path(path)})").fetchall()]
        with open_text(path, table.encoding) as text:
            return next(csv.reader(text, delimiter=table.separator), [])

    def _source(self, table: Table, path: Path, header: Sequence[str]) -> str:
        """Return the SQL that reads one file, nothing where it cannot be read."""
        if path.name.endswith(PARQUET):
            return f"read_parquet({sql_path(path)}, hive_partitioning=false)"
        plain = path if is_utf8(table.encoding) else self._written(table, path, width=0)
        if plain is None:
            return ""
        source = _scan(plain, header, table.separator)
        if self._is_read_to_its_end(plain, source, header):
            return source
        plain = self._written(table, path, width=len(header))
        return _scan(plain, header, ",") if plain else ""

    def _is_read_to_its_end(self, path: Path, source: str, header: Sequence[str]) -> bool:
        """Return whether DuckDB reads all rows: it refuses mixed line ends, and drops all that follows a quote that is never closed."""
        quotes = count_quotes(path)
        names = _read_names(header)
        within = " OR ".join(f"contains({sql_name(name)}, '\"')" for name in names) if quotes else "false"
        try:
            (inner,) = self.one(f"SELECT count(*) FILTER ({within}) FROM {source}")
        except duckdb.Error:
            return False
        return quotes == 0 or (quotes % 2 == 0 and not inner)

    def _written(self, table: Table, path: Path, *, width: int) -> Path | None:
        """Return a file in UTF-8; with a width, in plain CSV of rows of so many fields.  None where rows are at fault."""
        target = self.scratch / ("plain" if width else "utf-8") / path.name.removesuffix(".gz")
        target.parent.mkdir(parents=True, exist_ok=True)
        csv.field_size_limit(WIDEST)
        ragged: list[tuple[int, int]] = []
        try:
            with open_text(path, table.encoding) as text, target.open("w", encoding="utf-8", newline="") as file:
                if not width:
                    shutil.copyfileobj(text, file, CHUNK)
                writer = csv.writer(file, lineterminator="\n")
                for line, row in _rows(text, table.separator) if width else ():
                    if len(row) == width:
                        writer.writerow(row)
                    else:
                        ragged.append((line, len(row)))
        except BROKEN as error:
            self.faults.append(_unreadable(table, path, error))
            return None
        if ragged:
            line, found = ragged[0]
            what, hint = f"the row has {found} fields, the first line {width}", "complete the row, or close the quote before it"
            self.faults.append(Fault(path.name, what, hint, line=line, count=len(ragged)))
        return None if ragged else target


def _unreadable(table: Table, path: Path, error: Exception) -> Fault:
    if isinstance(error, UnicodeError):
        line = line_of_bad_byte(path, table.encoding)
        return Fault(path.name, f"is not {table.encoding}", "give the encoding of the file in the schema, such as cp1252", line=line)
    return Fault(path.name, f"cannot be read: {str(error).splitlines()[0]}", "write the file again, or mend the line")


def _read_names(header: Sequence[str]) -> list[str]:
    """Return names for all columns; one whose name is used twice, or that has none, is never read."""
    return [name if name.strip() and header.count(name) == 1 else f"column {place}" for place, name in enumerate(header)]


def _scan(path: Path, header: Sequence[str], separator: str) -> str:
    """Return the SQL that reads a CSV file as texts."""
    return csv_scan(path, dict.fromkeys(_read_names(header), "VARCHAR"), parallel=False, separator=separator)


def _rows(text: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    rows = csv.reader(text, delimiter=separator, strict=True)
    for row in rows:
        if row:
            yield rows.line_num, row
