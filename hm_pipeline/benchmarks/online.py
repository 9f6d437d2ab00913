"""`hm bench online`: how fast rankings go online and are looked up, beside Feast's own way on a part of them.

Each way works in a process of its own, so that its memory is its own.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from hm_pipeline.base.calendar import REFERENCE
from hm_pipeline.base.settings import Settings
from hm_pipeline.benchmarks.harness import peak_gib, run_isolated
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.partition_files import PartitionWriter
from hm_pipeline.engine.shards import Shard, load_shards, save_shards
from hm_pipeline.engine.step import WeekContext
from hm_pipeline.features.feast_objects import FeatureTable
from hm_pipeline.features.historical import open_store
from hm_pipeline.features.online_load import online_tables, put_online, tables_of
from hm_pipeline.features.store import config
from hm_pipeline.recommender.candidates import STRATEGIES

if TYPE_CHECKING:
    from feast import FeatureStore

EVERYONE, SAMPLE = 1_371_980, 20_000  # H&M's customers; those that Feast's own way is measured on
WEEK, ARTICLES, LISTED = 105, 20_000, 100
PER_SHARD = 20_000
ASKED, LOOK_UPS = 100, 1_000
LOOKED_UP = [*(f"rankings:ranking_{what}" for what in ("articles", "scores", "strategies")), "activity:activity", "activity:activity_price"]


def bench_online(folder: Path, *, customers: int = EVERYONE) -> dict[str, Any]:
    """Measure both ways, and the look-up of 100 customers in two views.

    Parameters
    ----------
    folder
        Where the tables are made, and found again by the next run.
    customers
        Customers with a list of 100 articles.
    """
    whole, part = folder / f"customers-{customers}", folder / f"customers-{SAMPLE}"
    for home, count in ((whole, customers), (part, SAMPLE)):
        _make(home, count)
    measured = run_isolated(ours, whole)
    rival = run_isolated(stock_look_up, whole)
    return {"customers": customers, "ours": measured, "stock": {"look_up_ms": rival, "customers": SAMPLE, **run_isolated(stock, part)}}


def ours(home: Path) -> dict[str, Any]:
    """Put rankings and activity online twice, as week follows week, and look customers up."""
    seconds: dict[str, list[float]] = {}
    for _ in range(2):
        for table in _tables():
            store = open_store(home, _tables(), online_store="")
            started = time.perf_counter()
            inputs = Inputs({table.table: Home(home).weekly(table.table, table.schema)})
            put_online(store, [table], inputs, WeekContext(WEEK, REFERENCE, Settings.model_validate({"home": home}), "everyone"))
            seconds.setdefault(table.name, []).append(round(time.perf_counter() - started, 1))
    memory = peak_gib()
    return {"seconds": seconds, "peak_gib": memory, "file_gb": _size(home), "look_up_ms": _look_up(open_store(home, online_store=""))}


def stock_look_up(home: Path) -> dict[str, float]:
    """Look the same customers up with Feast's own store on the same file."""
    from feast import FeatureStore, RepoConfig  # noqa: PLC0415 - feast takes seconds to import

    ours = config(home, online_store="")
    named = {name: getattr(ours, name) for name in ("project", "provider", "registry", "entity_key_serialization_version", "repo_path")}
    settings = RepoConfig(**named, online_store={"type": "sqlite", "path": ours.online_store.path})
    return _look_up(FeatureStore(config=settings))


def stock(home: Path) -> dict[str, Any]:
    """Let Feast materialise the same views."""
    from hm_pipeline.feast_duckdb.offline.store import quiet  # noqa: PLC0415 - imports feast, which takes seconds

    quiet()
    store, cutoff, seconds = open_store(home, _tables(), online_store=""), REFERENCE.cutoff(WEEK), {}
    for table in _tables():
        started = time.perf_counter()
        store.materialize(cutoff - timedelta(days=1), cutoff + timedelta(days=1), [table.name])
        seconds[table.name] = round(time.perf_counter() - started, 1)
    return {"seconds": seconds, "peak_gib": peak_gib(), "file_gb": _size(home)}


def _look_up(store: "FeatureStore") -> dict[str, float]:
    drawn = np.random.default_rng(1)
    ids = pl.concat([_customers(shard) for shard in load_shards(Path(store.config.repo_path) / "shards.json")])
    week_id, taken = tables_of(store).served(), []
    for _ in range(LOOK_UPS):
        asked = {"customer_id": ids.gather(drawn.integers(0, len(ids), ASKED)).to_list(), "week_id": [week_id] * ASKED}
        started = time.perf_counter()
        store.get_online_features(features=LOOKED_UP, entity_rows=asked)
        taken.append((time.perf_counter() - started) * 1e3)
    return {f"p{share}": round(float(np.percentile(taken[LOOK_UPS // 10 :], share)), 1) for share in (50, 99)}


def _tables() -> tuple[FeatureTable, ...]:
    return tuple(table for table in online_tables() if table.name in ("rankings", "activity"))


def _size(home: Path) -> float:
    return round((home / "feast" / "online.db").stat().st_size / 1e9, 2)


def _customers(shard: Shard) -> pl.Series:
    """Return the customers of a shard of the bench, spread over all ids as H&M's are."""
    return pl.Series(np.arange(shard.index * PER_SHARD, (shard.index + 1) * PER_SHARD) * 2**42, dtype=pl.Int64)


def _make(home: Path, customers: int) -> None:
    if (home / "shards.json").exists():
        return
    count = -(-customers // PER_SHARD)
    edges = [number * PER_SHARD * 2**42 for number in range(count + 1)]
    shards = [Shard(index, first, last - 1) for index, (first, last) in enumerate(pairwise(edges))]
    names = np.array([strategy.name for strategy in STRATEGIES])
    for table in _tables():
        writer = PartitionWriter(Home(home).folder(table.table, WEEK))
        entries = []
        for shard in shards:
            ids = _customers(shard).head(customers - shard.index * PER_SHARD)
            drawn = np.random.default_rng([shard.index, len(table.name)])
            rows = {"week_id": [WEEK] * len(ids), "customer_id": ids, **_values(table, len(ids), drawn, names)}
            moment = pl.lit(REFERENCE.cutoff(WEEK)).alias("event_timestamp")
            entries.append(writer.write(pl.DataFrame(rows, schema_overrides={"week_id": pl.Int64}).with_columns(moment), shard.index))
        writer.finish(entries, fingerprint="bench")
    save_shards(shards, home / "shards.json")


def _values(table: FeatureTable, rows: int, drawn: np.random.Generator, names: Any) -> dict[str, pl.Series]:
    lists: dict[str, Callable[[], Any]] = {
        "ranking_articles": lambda: 100_000_000 + 37 * drawn.integers(0, ARTICLES, (rows, LISTED)),
        "ranking_scores": lambda: -np.sort(drawn.normal(size=(rows, LISTED))),
        "ranking_strategies": lambda: names[drawn.integers(0, len(names), (rows, LISTED))],
    }
    return {
        name: pl.Series(lists[name]().tolist() if name in lists else drawn.integers(1, 100, rows)).cast(column.dtype)
        for name, column in table.features.items()
    }
