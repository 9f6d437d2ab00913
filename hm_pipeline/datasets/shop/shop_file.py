"""File of a shop: its column names, and the SQL that reads it as it is written; what cannot be read is a fault with its line."""

import csv
import shutil
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from hm_pipeline.datasets.kaggle.csv_reader import csv_scan, sql_name, sql_path
from hm_pipeline.datasets.kaggle.csv_records import count_quotes
from hm_pipeline.datasets.shop.faults import Fault, FaultyFiles
from hm_pipeline.datasets.shop.files import is_utf8, line_of_bad_byte, line_of_nul, line_of_utf8, open_text
from hm_pipeline.datasets.shop.table_schema import Table

PARQUET = ".parquet"
CHUNK = 1 << 20
WIDEST = 1 << 27  # characters of a field
SEPARATORS = ";,\t|"
NUL = ("holds a NUL character, as no text does", "export the file again")
BROKEN = (UnicodeError, EOFError, OSError, zlib.error, csv.Error, duckdb.Error)


@dataclass(frozen=True)
class ShopFile:
    """File of a table.

    Parameters
    ----------
    name
        Its name in the folder or zip.
    path
        Where it lies now.
    table
        How it is written.
    connection
        DuckDB that reads it.
    scratch
        Folder for what is written anew.
    """

    name: str
    path: Path
    table: Table
    connection: Any
    scratch: Path

    def header(self, part: str) -> list[str]:
        """Return the names of the columns; ``part`` is the table's in the schema.

        Raises
        ------
        FaultyFiles
            If the first line cannot be read.
        """
        try:
            header = self._header()
        except BROKEN as error:
            raise self._unreadable(error) from error
        if not header:
            raise self._fault("is empty", "give the whole file")
        if any("\0" in name for name in header):
            raise self._fault(*NUL, line=1)
        if len(header) == 1 and (found := next((mark for mark in SEPARATORS if mark in header[0]), "")):
            what = f"fields are separated by {found!r}, not by {self.table.separator!r}"
            raise self._fault(what, f"set separator: {found!r} under {part} in the schema", line=1)
        return header

    def source(self, header: Sequence[str]) -> str:
        """Return the SQL that reads the file.

        Raises
        ------
        FaultyFiles
            If it cannot be read to its end.
        """
        if self._is_parquet:
            return f"read_parquet({sql_path(self.path)}, hive_partitioning=false)"
        try:
            return self._csv_source(header)
        except BROKEN as error:
            raise self._unreadable(error) from error

    @property
    def _is_parquet(self) -> bool:
        return self.path.name.endswith(PARQUET)

    def _header(self) -> list[str]:
        if self._is_parquet:
            return [row[0] for row in self.connection.execute(f"DESCRIBE SELECT * FROM read_parquet({sql_path(self.path)})").fetchall()]
        with open_text(self.path, self.table.encoding) as text:
            return next(csv.reader(text, delimiter=self.table.separator), [])

    def _csv_source(self, header: Sequence[str]) -> str:
        encoding = self.table.encoding
        if not is_utf8(encoding) and (line := line_of_utf8(self.path, encoding)):
            raise self._fault(f"is utf-8, not {encoding}", "leave encoding out of the schema", line=line)
        plain = self.path if is_utf8(encoding) else self._decoded()
        if line := line_of_nul(plain):
            raise self._fault(*NUL, line=line)
        source = _scan(plain, header, self.table.separator)
        return source if self._is_read_to_its_end(plain, source, header) else _scan(self._rewritten(len(header)), header, ",")

    def _is_read_to_its_end(self, path: Path, source: str, header: Sequence[str]) -> bool:
        """Return whether DuckDB reads all rows: it refuses mixed line ends, and drops all that follows a quote that is never closed."""
        quotes = count_quotes(path)
        within = " OR ".join(f"contains({sql_name(name)}, '\"')" for name in _read_names(header)) if quotes else "false"
        try:
            ((inner,),) = self.connection.execute(f"SELECT count(*) FILTER ({within}) FROM {source}").fetchall()
        except duckdb.Error:
            return False
        return quotes == 0 or (quotes % 2 == 0 and not inner)

    def _decoded(self) -> Path:
        """Return the file in UTF-8."""
        target = self._target("utf-8")
        with open_text(self.path, self.table.encoding) as text, target.open("w", encoding="utf-8", newline="") as plain:
            shutil.copyfileobj(text, plain, CHUNK)
        return target

    def _rewritten(self, width: int) -> Path:
        """Return the file as plain CSV of rows of so many fields."""
        target = self._target("plain")
        csv.field_size_limit(WIDEST)
        ragged: list[tuple[int, int]] = []
        with open_text(self.path, self.table.encoding) as text, target.open("w", encoding="utf-8", newline="") as plain:
            writer = csv.writer(plain, lineterminator="\n")
            for line, row in _rows(text, self.table.separator):
                if len(row) == width:
                    writer.writerow(row)
                else:
                    ragged.append((line, len(row)))
        if ragged:
            line, found = ragged[0]
            hint = "complete the row, or close the quote before it"
            raise self._fault(f"the row has {found} fields, the first line {width}", hint, line=line, count=len(ragged))
        return target

    def _target(self, kind: str) -> Path:
        target = self.scratch / kind / self.name.removesuffix(".gz")
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _fault(self, what: str, hint: str, *, line: int = 0, count: int = 1) -> FaultyFiles:
        return FaultyFiles([Fault(self.name, what, hint, line=line, count=count)])

    def _unreadable(self, error: Exception) -> FaultyFiles:
        if isinstance(error, UnicodeError):
            line = line_of_bad_byte(self.path, self.table.encoding)
            return self._fault(f"is not {self.table.encoding}", "give the encoding of the file in the schema, such as cp1252", line=line)
        reason = str(error).partition("\n")[0].replace(str(self.path), self.name)
        return self._fault(f"cannot be read: {reason}", "write the file again, or mend the line")


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
