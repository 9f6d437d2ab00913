"""Read raw CSV files with DuckDB, as text or typed, and say where a file cannot be read."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from hm_pipeline.contracts import RawTable
from hm_pipeline.datasets.rejects import refuse_rows
from hm_pipeline.datasets.source import damaged, ragged_rows, read_header
from hm_pipeline.errors import BadInput, HMError, disk_trouble

MEGABYTE = 1 << 20
UNITS = {"KB": 1 << 10, "MB": MEGABYTE, "GB": 1 << 30, "TB": 1 << 40}
MOST_MEMORY = 800  # megabytes; more makes reading no faster
ROWS_HELD = 65_536  # of each week, before they are written; the default of half a million costs a gigabyte


def connect(scratch: Path, *, memory: str, threads: int) -> Any:
    """Open a DuckDB that stays within memory and spills into ``scratch``."""
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
        raise BadInput(f"{memory!r} is no amount of memory", where="HM_MEMORY", remedy="write it as 4GB or 800MB")
    return max(int(float(parts[1]) * UNITS[parts[2].upper() + "B"]) // MEGABYTE, 1)


def fetch(connection: Any, query: str) -> pl.DataFrame:
    """Run a query and return all rows."""
    return pl.DataFrame(pl.from_arrow(connection.sql(query).to_arrow_table()))


def quote(text: str) -> str:
    """Quote a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def csv_scan(path: Path, columns: Mapping[str, str], *, parallel: bool = True) -> str:
    """Return the SQL that reads a CSV file whose columns, in their order, have the given types.

    Dates have a format because without one DuckDB takes ``2020-01-1x`` for the first of January.
    """
    types = ", ".join(f"{quote(name)}: {quote(kind)}" for name, kind in columns.items())
    return (
        f"read_csv({quote(str(path))}, auto_detect=false, header=true, delim=',', quote='\"', escape='\"', "
        f"dateformat='%Y-%m-%d', parallel={str(parallel).lower()}, columns={{{types}}})"
    )


def read_text(connection: Any, path: Path, table: RawTable) -> pl.DataFrame:
    """Return the columns that a table may have, as text, in the order of the file; missing optional ones are null."""
    names = read_header(path, table)
    wanted = [f'"{name}"' if name in names else f'NULL::VARCHAR AS "{name}"' for name in (*table.required, *table.optional)]
    source = csv_scan(path, dict.fromkeys(names, "VARCHAR"), parallel=False)  # texts may hold line breaks
    try:
        rows = fetch(connection, f"SELECT {', '.join(wanted)} FROM {source}")
    except duckdb.Error as error:
        if ragged := ragged_rows(path, len(names)):
            raise refuse_rows(
                path, "", ragged, what=f"the row has not the {len(names)} fields of the first line", remedy="complete it"
            ) from error
        raise unreadable(path, error) from error
    if rows.is_empty():
        raise BadInput("the file has no rows", where=path.name, remedy="give the whole file")
    return rows


def unreadable(path: Path, error: Exception) -> HMError:
    """Translate DuckDB's complaint about a file; what it advises is about its own options and left out."""
    if trouble := disk_trouble(error):  # it is not the file's fault
        return trouble
    text = str(error)
    line = re.search(r"Line: (\d+)", text)
    if line is None:
        return damaged(path, text.partition("\n")[0].partition(": ")[2] or text)
    complaint = next((part for part in text.splitlines()[1:] if part and not part.startswith("Original Line")), "it breaks the format")
    return BadInput(complaint, where=f"{path.name}, line {line[1]}", remedy="correct the line, or download the file again")
