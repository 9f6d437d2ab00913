"""Query of a table: its result as a Parquet file, from DuckDB's own readers, or from a DuckDB, SQLite or Postgres database."""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote as quote_uri

import duckdb
import pyarrow as pa
from fsspec.implementations.arrow import ArrowFSWrapper
from pyarrow import parquet

from hm_pipeline.datasets.kaggle.csv_reader import quote, sql_path
from hm_pipeline.datasets.shop.faults import Fault, FaultyFiles
from hm_pipeline.datasets.shop.table_schema import POSTGRES, SQLITE, Table
from hm_pipeline.datasets.sources import s3_files

ROWS = 50_000  # that are fetched at once
BUCKET = re.compile(r"s3://([^/'\"\s]+)")


class _S3(ArrowFSWrapper):  # type: ignore[misc] # fsspec has no types
    """S3 in DuckDB's readers, whose own extension is not installed."""

    protocol = "s3"


def run_query(table: Table, name: str, raw: Path, scratch: Path, connection: Any) -> Path:
    """Return the Parquet file of a query's result, texts as the table is written.

    Parameters
    ----------
    name
        What the query is called in faults.
    raw
        Folder that relative paths begin at.

    Raises
    ------
    FaultyFiles
        If the query or the database cannot be read.
    """
    target = scratch / f"{name}.parquet"
    try:
        if table.database.startswith(POSTGRES):
            with _postgres(table.database) as database, database.cursor("hm") as cursor:
                _write(cursor, table, target)
        elif table.database.endswith(SQLITE):
            path = _existing(raw / table.database)
            with closing(sqlite3.connect(f"file:{quote_uri(str(path))}?mode=ro", uri=True)) as database:
                _write(database.cursor(), table, target)
        elif table.database:
            with closing(duckdb.connect(str(_existing(raw / table.database)), read_only=True)) as database:
                _copy(database, table.query, raw, target)
        else:
            _copy(connection, table.query, raw, target)
    except (duckdb.Error, sqlite3.Error, OSError) as error:
        raise FaultyFiles([_fault(name, error)]) from error
    return target


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise FileNotFoundError(f"there is no database {path}")
    return path


def _copy(connection: Any, query: str, raw: Path, target: Path) -> None:
    if bucket := BUCKET.search(query):
        connection.register_filesystem(_S3(s3_files(bucket[1])))
    folder = raw if raw.is_dir() else raw.parent
    connection.execute(f"SET file_search_path = {quote(str(folder.absolute()))}")
    connection.execute(f"COPY (SELECT * FROM ({query.rstrip().rstrip(';')})) TO {sql_path(target)} (FORMAT parquet)")


@contextmanager
def _postgres(url: str) -> Iterator[Any]:
    try:
        import psycopg2  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise OSError("psycopg2 is not installed: pip install 'hm-pipeline[postgres]'") from error
    try:
        with closing(psycopg2.connect(url)) as connection:
            connection.set_session(readonly=True)
            yield connection
    except psycopg2.Error as error:
        raise OSError(str(error)) from error


def _write(cursor: Any, table: Table, target: Path) -> None:
    cursor.execute(f"SELECT * FROM ({table.query.rstrip().rstrip(';')}) AS asked")
    rows = cursor.fetchmany(ROWS)
    schema = pa.schema([(column[0], pa.string()) for column in cursor.description])
    with parquet.ParquetWriter(target, schema) as writer:
        while rows:
            writer.write_table(pa.Table.from_arrays(list(map(pa.array, _texts(rows, table.decimal))), schema=schema))
            rows = cursor.fetchmany(ROWS)


def _texts(rows: Sequence[Sequence[object]], decimal: str) -> list[list[str | None]]:
    """Return the columns of rows as texts."""

    def text(value: object) -> str | None:
        if isinstance(value, date):  # or a moment
            return " ".join(value.isoformat().split("T"))
        return None if value is None else str(value).replace(".", decimal) if isinstance(value, float | Decimal) else str(value)

    return [[text(row[place]) for row in rows] for place in range(len(rows[0]))]


def _fault(name: str, error: Exception) -> Fault:
    reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    return Fault(name, f"cannot be run: {reason}", "mend the query or the database in the schema")
