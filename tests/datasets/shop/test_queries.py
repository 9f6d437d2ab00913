"""Tables that are queries: of files, of S3, and of DuckDB, SQLite and Postgres databases; the same rows as from files."""

import sqlite3

import duckdb
import polars as pl
import pytest
import yaml

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.base.settings import Settings
from hm_pipeline.cli import app as cli
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.shop.faults import FaultyFiles
from hm_pipeline.datasets.shop.layout import ShopLayout
from hm_pipeline.datasets.shop.schema import ShopSchema
from tests.datasets.kaggle.tiny_files import bytes_of
from tests.datasets.s3_server import put, s3_server
from tests.datasets.shop.shop_files import ORDERS, write
from tests.postgres_server import postgres_server

ROWS = pl.read_csv(ORDERS.encode(), separator=";", infer_schema=False).with_columns(
    pl.col("when").str.to_datetime("%d/%m/%Y %H:%M"),
    pl.col("money").str.replace_all(".", "", literal=True).str.replace(",", ".").cast(pl.Float64),
    pl.col("n").cast(pl.Int64),
)
TYPED = {"transactions.date_format": "%Y-%m-%d %H:%M:%S"}


def queried(folder, query, database="", **change):
    """Write the files and a schema whose order lines are a query; return the folder, and the layout."""
    parts = {"transactions.files": [], "transactions.query": query, "transactions.database": database}
    raw, path = write(folder, {"orders.csv": None}, {**TYPED, **parts, **change})
    return raw, ShopLayout.load(path)


@pytest.fixture
def expected(tmp_path):
    raw, path = write(tmp_path / "files")
    ingest(raw, tmp_path / "expected", settings=Settings(), layout=ShopLayout.load(path))
    return bytes_of(tmp_path / "expected" / "tables")


def tables(raw, layout, home):
    ingest(raw, home, settings=Settings(), layout=layout)
    return bytes_of(home / "tables")


def test_a_query_of_files_in_the_folder(expected, tmp_path):
    raw, layout = queried(tmp_path, "SELECT * FROM read_parquet('lines/*.parquet') ORDER BY \"when\" ;")
    (raw / "lines").mkdir()
    ROWS[:2].write_parquet(raw / "lines/1.parquet")
    ROWS[2:].write_parquet(raw / "lines/2.parquet")
    assert tables(raw, layout, tmp_path / "home") == expected


def test_a_query_of_s3(expected, tmp_path):
    with s3_server() as client:
        (tmp_path / "lines").mkdir()
        ROWS.write_parquet(tmp_path / "lines/all.parquet")
        put(client, tmp_path / "lines", "deep/lines")
        raw, layout = queried(tmp_path, "SELECT * FROM read_parquet('s3://shop/deep/lines/*.parquet')")
        assert tables(raw, layout, tmp_path / "home") == expected


def test_a_duckdb_file(expected, tmp_path):
    raw, layout = queried(tmp_path, "FROM sales.lines", "shop.duckdb")
    with duckdb.connect(raw / "shop.duckdb") as database:
        database.register("given", ROWS.to_arrow())
        database.execute("CREATE SCHEMA sales; CREATE TABLE sales.lines AS FROM given")
    assert tables(raw, layout, tmp_path / "home") == expected


def test_an_sqlite_file(expected, tmp_path):
    raw, layout = queried(tmp_path, "SELECT * FROM lines", "shop.sqlite")
    with sqlite3.connect(raw / "shop.sqlite") as database:
        database.execute('CREATE TABLE lines ("when" TEXT, who TEXT, what TEXT, money REAL, n INTEGER, "where" TEXT)')
        rows = ROWS.with_columns(pl.col("when").dt.strftime("%Y-%m-%d %H:%M:%S")).rows()
        database.executemany("INSERT INTO lines VALUES (?, ?, ?, ?, ?, ?)", rows)
    database.close()
    assert tables(raw, layout, tmp_path / "home") == expected


def test_a_postgres_database(expected, tmp_path, monkeypatch):
    with postgres_server() as url:
        raw, layout = queried(tmp_path, "SELECT * FROM lines", url)
        psycopg2 = pytest.importorskip("psycopg2")
        database = psycopg2.connect(url)
        with database, database.cursor() as cursor:
            cursor.execute('CREATE TABLE lines ("when" timestamp, who text, what text, money numeric(9, 2), n int, "where" text)')
            cursor.executemany("INSERT INTO lines VALUES (%s, %s, %s, %s, %s, %s)", ROWS.rows())
        database.close()
        assert tables(raw, layout, tmp_path / "home") == expected
    with pytest.raises(FaultyFiles, match=r"query of transactions: cannot be run: connection .*refused"):
        tables(raw, layout, tmp_path / "other")


def test_a_schema_of_queries_alone_needs_no_folder(tmp_path, monkeypatch, capsys):
    raw, path = write(tmp_path)
    schema = yaml.safe_load(path.read_text())
    for table in schema.values():
        if isinstance(table, dict):
            file = table.pop("files")
            table["query"] = f"SELECT * FROM read_csv('{raw / file}', delim=';', all_varchar=true)"
    path.write_text(yaml.safe_dump(schema))
    monkeypatch.setenv("HM_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.argv", ["hm", "ingest", "--schema", str(path), "--json"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert not stop.value.code, capsys.readouterr().err
    assert (tmp_path / "home" / "tables").is_dir()


@pytest.mark.parametrize(
    ("query", "database", "line"),
    [
        ("SELEC 1", "", "query of transactions: cannot be run: Parser Error"),
        ("SELECT 1 AS one", "", "query of transactions: no column 'when': name one of one under transactions.columns"),
        ("FROM read_parquet('none/*.parquet')", "", "query of transactions: cannot be run: IO Error: No files found"),
        ("SELECT 1); DROP TABLE x; SELECT (1", "", "query of transactions: cannot be run: "),
        ("SELECT 1", "none.duckdb", "query of transactions: cannot be run: there is no database"),
        ("SELECT 1", "none.sqlite", "query of transactions: cannot be run: there is no database"),
        (
            "SELECT '2024-03-01 10:00:00' AS \"when\", 'K1' AS who, 'A-1' AS what, 'x' AS money, 1 AS n, 'web' AS \"where\"",
            "",
            "query of transactions, row 1, column money: 'x' is not a number",
        ),
    ],
)
def test_a_query_that_cannot_be_run_is_one_line(tmp_path, query, database, line):
    raw, layout = queried(tmp_path, query, database)
    with pytest.raises(FaultyFiles) as caught:
        ingest(raw, tmp_path / "deep" / "home", settings=Settings(), layout=layout)
    assert any(text.startswith(line) for text in caught.value.lines), caught.value.lines
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"transactions.query": "SELECT 1"}, "give files or a query"),
        ({"transactions.files": []}, "give files or a query"),
        ({"transactions.files": [], "transactions.query": "FROM x", "transactions.database": "x.csv"}, "is no DuckDB file"),
        ({"transactions.database": "x.duckdb"}, "a database needs a query"),
        (
            {"transactions.files": [], "transactions.query": "FROM x", "transactions.database": "postgresql://reader:hunter2@host/shop"},
            "a password does not belong in a schema",
        ),
    ],
)
def test_a_source_that_contradicts_itself(tmp_path, change, words):
    with pytest.raises(InvalidInput, match=words) as caught:
        ShopSchema.load(write(tmp_path, None, change)[1])
    assert "hunter2" not in str(caught.value)
