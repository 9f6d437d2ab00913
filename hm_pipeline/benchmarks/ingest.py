"""Benchmark of the ingest at full size: simulated purchases, repeated for new customers until there are enough rows."""

import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb

from hm_pipeline.benchmarks.harness import measure_command, shop_one_sixteenth
from hm_pipeline.engine.fingerprint import code_digest

INGEST = """
import sys
from pathlib import Path
from hm_pipeline.datasets.kaggle import ingest
from hm_pipeline.base.settings import Settings
ingest(Path(sys.argv[1]), Path(sys.argv[2]), settings=Settings(threads=2))
"""
BASELINE = """
import sys
import duckdb
connection = duckdb.connect()
connection.execute("SET threads = 2")
connection.execute("SET enable_progress_bar = false")
connection.execute("SET preserve_insertion_order = false")
connection.execute(f'''COPY (
    SELECT t_dat, ('0x' || substr(customer_id, 49, 16))::UBIGINT AS customer_id, article_id, price, sales_channel_id
    FROM read_csv('{sys.argv[1]}/transactions_train.csv', auto_detect=false, header=true, dateformat='%Y-%m-%d',
        columns={{'t_dat': 'DATE', 'customer_id': 'VARCHAR', 'article_id': 'BIGINT', 'price': 'DOUBLE', 'sales_channel_id': 'TINYINT'}})
) TO '{sys.argv[2]}' (FORMAT parquet)''')
"""


def bench_ingest(folder: Path, rows: int = 30_000_000) -> dict[str, Any]:
    """Ingest ``rows`` purchases in a fresh process, beside the least that any ingest must do.

    Parameters
    ----------
    folder
        Keeps the raw files for the next time; the outputs are removed.
    rows
        Purchases to read, rounded up to full repetitions.

    Returns
    -------
    dict
        ``ingest`` and ``rival`` (DuckDB from CSV to one typed Parquet file, unsorted, unchecked), each with
        ``wall_seconds``, ``cpu_seconds`` and ``peak_gib``; and ``rows``.
    """
    raw = folder / f"raw-{rows}-{code_digest('hm_pipeline.datasets.simulator.simulate')}"
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:  # a child's peak starts at that of its parent
        count = pool.submit(_make, folder, raw, rows).result()
    home, flat = folder / "home", folder / "rival.parquet"
    shutil.rmtree(home, ignore_errors=True)
    measured = {
        "rows": count,
        "ingest": measure_command(_python(INGEST, raw, home)),
        "rival": measure_command(_python(BASELINE, raw, flat)),
    }
    shutil.rmtree(home)
    flat.unlink()
    return measured


def _make(folder: Path, raw: Path, rows: int) -> int:
    done = raw / "rows.txt"
    if not done.exists():
        seed = shop_one_sixteenth(folder)
        shutil.rmtree(raw, ignore_errors=True)
        raw.mkdir(parents=True)
        shutil.copy(seed / "articles.csv", raw)
        done.write_text(str(_repeat(seed, raw, rows)))
    return int(done.read_text())


def _repeat(seed: Path, raw: Path, rows: int) -> int:
    """Repeat the purchases, each time by customers of their own, in the order of the days as Kaggle's file is."""
    with duckdb.connect() as connection:
        connection.execute("SET memory_limit = '4GB'")
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"SET temp_directory = '{raw / 'spill'}'")
        connection.execute(f"CREATE TABLE purchases AS FROM read_csv('{seed}/transactions_train.csv', all_varchar=true)")
        connection.execute(f"CREATE TABLE customers AS FROM read_csv('{seed}/customers.csv', all_varchar=true)")
        (once,) = connection.execute("SELECT count(*) FROM purchases").fetchone() or (0,)
        copies = -(-rows // once)
        salts = ", ".join(f"({copy}, '{sha256(str(copy).encode()).hexdigest()[:16]}')" for copy in range(copies))
        salted = f"(VALUES {salts}) AS copies(copy, salt)"
        other = "customer_id[1:32] || salt || customer_id[49:64]"
        other = f"md5({other}) || md5('2' || {other})"
        for table, order in (("purchases", "t_dat, copy"), ("customers", "customer_id")):
            file = "transactions_train.csv" if table == "purchases" else "customers.csv"
            query = f"SELECT * REPLACE ({other} AS customer_id) FROM {table}, {salted} ORDER BY {order}"
            connection.execute(f"COPY (SELECT * EXCLUDE (copy, salt) FROM ({query})) TO '{raw / file}' (FORMAT csv, HEADER)")
        return int(once) * copies


def _python(code: str, *arguments: Path) -> list[str]:
    return [sys.executable, "-c", code, *map(str, arguments)]
