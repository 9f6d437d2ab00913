"""Parity of the online store with the stored tables: random keys of every view, looked up in both."""

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest, scan_files
from hm_pipeline.features.feast_objects import FeatureTable
from hm_pipeline.features.historical import open_store
from hm_pipeline.features.online_load import online_tables, tables_of

if TYPE_CHECKING:
    from feast import FeatureStore

KEYS = 1_000  # of each view
DIFFERENCES = {"view": pl.String, "key": pl.String, "feature": pl.String, "stored": pl.String, "online": pl.String}


def compare(home: Home, week_id: int, *, online_store: str, seed: int, keys: int = KEYS) -> tuple[int, pl.DataFrame]:
    """Compare random keys of every online view with the tables.

    Returns
    -------
    int, polars.DataFrame
        Values compared; and those that differ: view, key, feature, what is stored and what is online.
    """
    store = open_store(home.root, online_store=online_store)
    served = tables_of(store).served()
    compared, found = 0, [pl.DataFrame(schema=DIFFERENCES)]
    if served != week_id:
        found.append(_difference("all", f"week {week_id}", "week_id", str(week_id), str(served)))
    for table in online_tables():
        stored = _sample(home, table, week_id, np.random.default_rng(seed), keys)
        online = _look_up(store, table, stored)
        for name in table.features:
            pairs = pl.DataFrame({"stored": stored[name], "online": online[name].cast(stored.schema[name])})
            differ = pairs.select(pl.col("stored").ne_missing(pl.col("online")))["stored"]
            compared += len(differ)
            for row in differ.arg_true():
                key = ", ".join(f"{key} {stored[key][row]}" for key in table.keys)
                found.append(_difference(table.name, key, name, str(pairs["stored"][row]), str(pairs["online"][row])))
    return compared, pl.concat(found)


def _difference(*row: str) -> pl.DataFrame:
    return pl.DataFrame([row], schema=DIFFERENCES, orient="row")


def _sample(home: Home, table: FeatureTable, week_id: int, drawn: np.random.Generator, keys: int) -> pl.DataFrame:
    """Return random rows of a table, sorted; a file is read only where rows of it were drawn, and only these are held."""
    folder = home.folder(table.table, week_id if table.is_weekly else None)
    manifest = Manifest.load(folder)
    entries = manifest.files if manifest else ()
    total = sum(entry.rows for entry in entries)
    places = np.sort(drawn.choice(total, min(keys, total), replace=False))
    parts, start = [], 0
    for entry in entries:
        here = places[(places >= start) & (places < start + entry.rows)] - start
        start += entry.rows
        rows = scan_files([folder / entry.file]).select([*table.keys, *table.features])
        if len(here):
            parts.append(rows.with_row_index("_row").filter(pl.col("_row").is_in(here.tolist())).drop("_row").collect())
    return pl.concat(parts).sort(table.keys)


def _look_up(store: "FeatureStore", table: FeatureTable, stored: pl.DataFrame) -> pl.DataFrame:
    answer = store.get_online_features(
        features=[f"{table.name}:{name}" for name in table.features], entity_rows={key: stored[key].to_list() for key in table.keys}
    )
    values = answer.to_dict()
    return pl.DataFrame({name: pl.Series(values[name], dtype=stored.schema[name], strict=False) for name in table.features})
