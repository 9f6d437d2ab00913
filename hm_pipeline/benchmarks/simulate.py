"""Measure simulating a shop of H&M's full size, beside writing as many rows that mean nothing."""

import shutil
import sys
from pathlib import Path
from typing import Any

from hm_pipeline.benchmarks.harness import ARTICLES, WEEKS, hm_command, measure_command

CUSTOMERS = 1_371_980
RIVAL = """
import sys
from pathlib import Path
import numpy as np
import polars as pl
random = np.random.default_rng(0)
customers = pl.scan_csv(sys.argv[1] + "/customers.csv").select("customer_id").collect()["customer_id"]
rows = int(sys.argv[3]) // 105
with Path(sys.argv[2]).open("wb") as file:
    for week in range(105):
        pl.DataFrame({
            "t_dat": pl.repeat("2020-09-16", rows, eager=True),
            "customer_id": customers.gather(random.integers(0, len(customers), rows)),
            "article_id": pl.Series(random.integers(100_000_000, 999_999_999, rows)).cast(pl.String).str.zfill(10),
            "price": random.random(rows),
            "sales_channel_id": random.integers(1, 3, rows),
        }).write_csv(file, include_header=week == 0)
"""


def bench_simulate(folder: Path) -> dict[str, Any]:
    """Simulate 1.37 million customers and two years, then write the same number of random rows.

    Returns
    -------
    dict
        ``rows`` of the shop, and seconds and peaks of ``simulate`` and ``rival``.
    """
    raw, flat = folder / "raw", folder / "random.csv"
    shutil.rmtree(raw, ignore_errors=True)
    size = ("--customers", str(CUSTOMERS), "--articles", str(ARTICLES), "--weeks", str(WEEKS))
    simulated = measure_command(hm_command("simulate", str(raw), *size, "--json"))
    with (raw / "transactions_train.csv").open("rb") as file:
        rows = sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 24), b"")) - 1
    rival = measure_command([sys.executable, "-c", RIVAL, str(raw), str(flat), str(rows)])
    shutil.rmtree(raw)
    flat.unlink()
    return {"rows": rows, "simulate": simulated, "rival": rival}
