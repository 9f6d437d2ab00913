"""Reader of raw CSV files with DuckDB, as text or typed; a file that cannot be read is an error with its line."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from hm_pipeline.base.contracts import RawTable
from hm_pipeline.base.errors import HMError, InvalidInput, disk_trouble
from hm_pipeline.datasets.kaggle.csv_records import NO_TEXT, SHOWN, Record, as_line, count_quotes, damaged, records
from hm_pipeline.datasets.kaggle.header import read_header
from hm_pipeline.datasets.kaggle.rejected_rows import MOST, bad_rows, rejects_of

MEGABYTE = 1 << 20
UNITS = {"KB": 1 << 10, "MB": MEGABYTE, "GB": 1 << 30, "TB": 1 << 40}
MOST_MEMORY = 800  # megabytes; more makes reading no faster
HINTS = {"fields": "complete it", "characters": "shorten it", NO_TEXT: "save the file as UTF-8"}  # by a word of the fault
CHUNK = 100_000  # rows that are held as Python's own texts
ROWS_HELD = 65_536  # of each week, before they are written; the default of half a million costs a gigabyte


def connect(scratch: Path, *, memory: str, threads: int) -> Any:
    """Open a DuckDB that stays within memory and spills into ``scratch``."""
    sql_path(scratch)  # where it writes, too
    connection = duckdb.connect()
    connection.execute(f"SET memory_limit = '{min(_megabytes(memory), MOST_MEMORY)}MiB'")
    connection.execute(f"SET threads = {threads}")
    connection.execute(f"SET temp_directory = {quote(str(scratch / 'spill'))}")
    connection.execute(f"SET partitioned_write_flush_threshold = {ROWS_HELD}")
    connection.execute("SET enable_progress_bar = false")
    return connection


def _megabytes(memory: str) -> int:
    parts = re.fullmatch(r"\s*([\d.]+)\s*([KMGT])i?B\s*", memory, flags=re.IGNORECASE)
    if parts is None:
        raise InvalidInput(f"{memory!r} is no amount of memory", where="HM_MEMORY", hint="write it as 4GB or 800MB")
    return max(int(float(parts[1]) * UNITS[parts[2].upper() + "B"]) // MEGABYTE, 1)


def fetch(connection: Any, query: str) -> pl.DataFrame:
    """Run a query and return all rows."""
    return pl.DataFrame(pl.from_arrow(connection.sql(query).to_arrow_table()))


def quote(text: str) -> str:
    """Quote a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def sql_path(path: Path) -> str:
    """Quote a path for DuckDB's readers, which would take ``*``, ``?`` and ``[`` in it for a pattern.

    Raises
    ------
    InvalidInput
        If there is a backslash in it, which DuckDB takes for a separator of folders.
    """
    if "\\" in str(path):
        raise InvalidInput("a folder with a backslash in its name cannot be used", where=str(path), hint="give it another name")
    return quote(re.sub(r"([*?\[])", r"[\1]", str(path)))


def sql_name(name: str) -> str:
    """Quote a column's name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def inner_names(names: Sequence[str], known: Iterable[str]) -> list[str]:
    """Return names for a file's columns inside statements: those of ``known`` stay, any other may bear any name and gets its number."""
    ours = set(known)
    return [name if name in ours else f"other_{place}" for place, name in enumerate(names)]


def csv_scan(path: Path, columns: Mapping[str, str], *, parallel: bool = True, separator: str = ",") -> str:
    """Return the SQL that reads a CSV file whose columns, in their order, have the given types.

    Dates have a format because without one DuckDB takes ``2020-01-1x`` for the first of January.  Folders above the
    file are never columns of it.
    """
    types = ", ".join(f"{quote(name)}: {quote(kind)}" for name, kind in columns.items())
    return (
        f"read_csv({sql_path(path)}, auto_detect=false, header=true, delim={quote(separator)}, quote='\"', escape='\"', "
        "hive_partitioning=false, "
        f"dateformat='%Y-%m-%d', parallel={str(parallel).lower()}, columns={{{types}}})"
    )


def read_text(connection: Any, path: Path, table: RawTable) -> pl.DataFrame:
    """Return the columns that a table may have, as text, in the order of the file; missing optional ones are null."""
    known = (*table.required, *table.optional)
    names = inner_names(read_header(path, table), known)
    wanted = [sql_name(name) if name in names else f"NULL::VARCHAR AS {sql_name(name)}" for name in known]
    source = csv_scan(path, dict.fromkeys(names, "VARCHAR"), parallel=False)  # texts may hold line breaks
    try:
        rows = fetch(connection, f"SELECT {', '.join(wanted)} FROM {source}")
        is_read = len(names) > 1 and _is_read_to_its_end(path, rows)  # of one column, an empty line would be a row
    except duckdb.Error as error:
        if trouble := disk_trouble(error):  # it is not the file's fault
            raise trouble from error
        is_read = False
    if not is_read:
        rows = _read_slowly(path, names).select(pl.col(name) if name in names else pl.lit(None, pl.String).alias(name) for name in known)
    if rows.is_empty():
        raise InvalidInput("the file has no rows", where=path.name, hint="give the complete file")
    return rows


def _is_read_to_its_end(path: Path, rows: pl.DataFrame) -> bool:
    """Return whether DuckDB cannot have stopped at a quote that is never closed, from where on it drops all rows without a word.

    Then the quotes are odd in number, unless others stand within fields.
    """
    quotes = count_quotes(path)
    return quotes == 0 or (quotes % 2 == 0 and not rows.select(pl.any_horizontal(pl.all().str.contains('"', literal=True).any())).item())


def _read_slowly(path: Path, names: Sequence[str]) -> pl.DataFrame:
    """Read a file that DuckDB cannot, such as one whose lines end in two ways, or raise with the rows at fault."""
    schema = dict.fromkeys(names, pl.String)
    chunks, rows, faults = [pl.DataFrame(schema=schema)], [], []
    for record in records(path):
        fault = record.fault or ("" if len(record.fields) == len(names) else _ragged(record, len(names)))
        if fault:
            line = record.begin if record.begin < record.line or record.fault else record.line
            faults.append((path.name, line, "", fault, record.text or as_line(record.fields)[:SHOWN]))
        elif not faults:
            rows.append([field or None for field in record.fields])
        if len(rows) >= CHUNK:
            chunks, rows = [*chunks, pl.DataFrame(rows, schema=schema, orient="row")], []
    if faults:
        hint = next((hint for word, hint in HINTS.items() if word in faults[0][3]), "close or remove the quote")
        raise bad_rows(rejects_of(faults[:MOST]), value=None, hint=hint, count=len(faults))
    return pl.concat([*chunks, pl.DataFrame(rows, schema=schema, orient="row")])


def _ragged(record: Record, width: int) -> str:
    """Return the fault of a row with too few or too many fields; one that goes over lines is more often a stray quote."""
    found = f"the row has {len(record.fields)} fields, not the {width} fields of the first line"
    return f"{found}; a quote goes from its line {record.begin} to line {record.line}" if record.begin < record.line else found


def unreadable(path: Path, error: Exception) -> HMError:
    """Translate DuckDB's complaint about a file; what it advises is about its own options and left out."""
    if trouble := disk_trouble(error):  # it is not the file's fault
        return trouble
    text = str(error)
    line = re.search(r"Line: (\d+)", text)
    if line is None:
        return damaged(path, text.partition("\n")[0].partition(": ")[2] or text)
    complaint = next((part for part in text.splitlines()[1:] if part and not part.startswith("Original Line")), "it breaks the format")
    return InvalidInput(complaint, where=f"{path.name}, line {line[1]}", hint="correct the line, or download the file again")
