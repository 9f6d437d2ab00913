"""A home of random tables of two weeks, and what is online of it."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from hm_pipeline.assets import STEPS
from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.materialize import Runner
from hm_pipeline.engine.partition_files import UNPARTITIONED, PartitionWriter
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.shards import save_shards, split_customers
from hm_pipeline.features.historical import open_store
from hm_pipeline.features.online_load import online_tables

WEEK, CUSTOMERS, ARTICLES = 104, 60, 40
CUTOFF = datetime(2020, 9, 16, tzinfo=UTC)
HEX = [f"{number:048x}{number * 7919 + 2**63:016x}" for number in range(CUSTOMERS)]
IDS = [int.from_bytes(bytes.fromhex(text[-16:]), signed=True) for text in HEX]


def drawn(column, rows, numbers):
    """Return values of a contract's column; a tenth of what may be null is."""
    inner = getattr(column.dtype, "inner", None)
    if inner is not None:
        values = [numbers.integers(1, 1000, 5).tolist() for _ in range(rows)]
        return pl.Series([[str(v) for v in value] for value in values] if inner == pl.String else values, dtype=column.dtype, strict=False)
    values = pl.Series(numbers.integers(0, 2 if column.dtype == pl.Boolean else 100, rows)).cast(column.dtype)
    holes = pl.Series(numbers.random(rows) < 0.1) if column.nullable else pl.Series([False] * rows)
    return pl.select(pl.when(~holes).then(values)).to_series()


def write_table(home, table, week, *, seed=0, customers=IDS):
    numbers = np.random.default_rng([seed, week, len(table.name)])
    keys = {"customer_id": sorted(customers), "article_id": list(range(100, 100 + ARTICLES)), "week_id": [week]}
    rows = pl.DataFrame({"_": [0]})
    for key in table.keys:
        rows = rows.join(pl.DataFrame({key: keys[key]}, schema={key: pl.Int64}), how="cross")
    features = {name: drawn(column, rows.height, numbers) for name, column in table.features.items()}
    rows = (
        rows.drop("_")
        .with_columns(**features, event_timestamp=pl.lit(CUTOFF + timedelta(weeks=week - WEEK if table.is_weekly else 0)))
        .sort(table.keys)
    )
    if table.table == "customers":
        rows = rows.join(pl.DataFrame({"customer_id": IDS, "customer_hex": HEX}), on="customer_id", how="left", maintain_order="left")
    writer = PartitionWriter(home.folder(table.table, week if table.is_weekly else None))
    half = rows.height // 2
    writer.finish([writer.write(rows[:half], 0), writer.write(rows[half:], 1)], fingerprint=str(seed))


def make_home(root):
    home = Home(root)
    root.mkdir()
    Calendar(first_week=100, last_week=WEEK + 1).save(root / "calendar.json")
    save_shards(split_customers(pl.Series(IDS), 3), root / "shards.json")
    for table in online_tables():
        for week in (WEEK, WEEK + 1):
            write_table(home, table, week)
    Runner(Graph(STEPS, home, settings_of(home))).materialize("feature_store", UNPARTITIONED)
    return home


def settings_of(home, url=""):
    return Settings(home=home.root, online_store=url)


def serve(home, url="", week=WEEK):
    settings = settings_of(home, url)
    graph = Graph(STEPS, home, settings, {week: "everyone"})
    return Runner(graph).materialize("online_store", week)


def answers(home, url, week=WEEK):
    """Return everything that is online about a week, by Feast's own reading."""
    store, found = open_store(home.root, online_store=url), {}
    for table in online_tables():
        keys = {"customer_id": IDS, "article_id": list(range(100, 100 + ARTICLES)), "week_id": [week]}
        rows = len(keys[next(key for key in table.keys if key != "week_id")])
        entities = {key: [week] * rows if key == "week_id" else keys[key] for key in table.keys}
        found[table.name] = store.get_online_features([f"{table.name}:{name}" for name in table.features], entities).to_dict()
    return found
