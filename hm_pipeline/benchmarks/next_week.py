"""Benchmark of one more week: a delivery with new articles and new customers, and the run that serves it, beside the first run."""

import json
import subprocess
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from hm_pipeline.base.calendar import REFERENCE
from hm_pipeline.benchmarks.harness import SERVING, hm_command, ingested, measure_command, shop_one_sixteenth

LAST = REFERENCE.key(REFERENCE.last_week - 1)  # the week that comes by itself
NEW = {"articles": ("article_id", 200), "customers": ("customer_id", 2_000)}


def bench_next_week(folder: Path) -> dict[str, Any]:
    """Serve a week of a sixteenth of H&M's customers from nothing, then the next one, which brings new articles and customers."""
    first, second = split(shop_one_sixteenth(folder), folder, date.fromisoformat(LAST))
    environment = ingested(first, folder / "home")
    found: dict[str, Any] = {"first_run": measure_command(hm_command("run", "--week", LAST, "--json"), environment)}
    found["ingest"] = measure_command(hm_command("ingest", str(second), "--json"), environment)
    found["next_run"] = measure_command(hm_command("run", "--week", SERVING, "--json"), environment)
    found["share"] = round(found["next_run"]["wall_seconds"] / found["first_run"]["wall_seconds"], 3)
    return found | {"partitions_left": _stale(environment)}


def split(raw: Path, folder: Path, day: date) -> tuple[Path, Path]:
    """Write a shop in Kaggle's layout as two deliveries: until a day, and from it on with articles and customers that are new then."""
    sold = pl.read_csv(raw / "transactions_train.csv", infer_schema=False)
    before, after = sold.filter(pl.col("t_dat") < day.isoformat()), sold.filter(pl.col("t_dat") >= day.isoformat())
    places = folder / "first", folder / "second"
    for place, purchases in zip(places, (before, after), strict=True):
        place.mkdir(exist_ok=True)
        purchases.write_csv(place / "transactions_train.csv")
    for table, (key, count) in NEW.items():
        rows = pl.read_csv(raw / f"{table}.csv", infer_schema=False)
        unknown = rows.join(before, on=key, how="anti")
        came = unknown.with_columns(is_bought=pl.col(key).is_in(after[key].implode())).sort("is_bought", key, descending=[True, False])
        new = came.head(count).select(key)
        rows.join(new, on=key, how="anti").write_csv(places[0] / f"{table}.csv")
        rows.join(pl.concat([new, after.select(key)]).unique(), on=key, how="semi").write_csv(places[1] / f"{table}.csv")
    return places


def _stale(environment: Mapping[str, str]) -> int:
    """Return how many partitions a repetition of the run makes."""
    again = subprocess.run(hm_command("run", "--week", SERVING, "--json"), check=True, env=environment, capture_output=True, text=True)
    return sum(json.loads(again.stdout.splitlines()[-1])["made"].values())
