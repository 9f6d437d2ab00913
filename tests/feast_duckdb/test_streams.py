"""Rows as a stream or in a file: the same as in a table, never held, and nothing half is left."""

from itertools import islice
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from feast import Field
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Int64, String

from hm_pipeline.base.errors import InvalidInput, RowCountMismatch
from hm_pipeline.feast_duckdb.offline.session import open_session

from .conftest import at, open_repository, view

ROWS = 300_000  # more than two of DuckDB's row groups, so that threads could mix them up
pytestmark = pytest.mark.filterwarnings("ignore:On demand feature view is an experimental:RuntimeWarning")


def customers(rows=ROWS):
    return pl.select(customer_id=(pl.int_range(rows) * 7919) % rows, event_timestamp=pl.lit(at()), value=pl.int_range(rows))


@pytest.fixture
def job(tmp_path, repository):
    customers().write_parquet(tmp_path / "a.parquet", row_group_size=50_000)
    store = repository(view("visits", tmp_path / "a.parquet", ["customer_id"]))
    return store.get_historical_features(entity_df=customers().drop("value"), features=["visits:value"])


def test_batches_hold_the_rows_of_the_table(job):
    expected = customers().select("customer_id", "event_timestamp", "value")
    assert job.to_polars().equals(expected)
    batches = list(job.to_record_batches(10_000, ordered=True))
    assert max(batch.num_rows for batch in batches) <= 10_000 < len(batches) * 10_000 // 20
    assert pl.DataFrame(pa.Table.from_batches(batches)).equals(expected)
    assert pl.DataFrame(pa.Table.from_batches(job.to_record_batches())).sort("value").equals(expected)


def test_a_consumer_may_stop_early_and_ask_again(job):
    assert sum(batch.num_rows for batch in islice(job.to_record_batches(1_000), 2)) <= 2_000
    assert job.to_arrow().num_rows == ROWS
    stream = job.to_record_batches(1_000)
    next(stream)
    stream.close()
    assert sum(batch.num_rows for batch in job.to_record_batches()) == ROWS


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads what the process holds from Linux")
def test_the_result_is_not_held(tmp_path, repository):
    texts = pl.DataFrame({"customer_id": range(100), "event_timestamp": at(), "text": [str(key) * 500 for key in range(100)]})
    texts.write_parquet(tmp_path / "a.parquet")
    store = repository(view("texts", tmp_path / "a.parquet", ["customer_id"], types={"text": String}))
    asked = "SELECT range % 100 AS customer_id, TIMESTAMPTZ '2020-09-17 00:00:00+00' AS event_timestamp FROM range(1000000)"
    job = store.get_historical_features(entity_df=asked, features=["texts:text"])
    before, most, total = resident_bytes(), 0, 0
    for batch in job.to_record_batches(10_000):
        most, total = max(most, resident_bytes() - before), total + batch.nbytes
    assert most < 400 * 2**20 < 900 * 2**20 < total


def test_duplicates_are_told_after_the_last_batch(tmp_path, repository):
    rows = pl.DataFrame({"customer_id": [1, 1], "week_id": [1, 1], "event_timestamp": [at(), at()], "value": [1, 2]})
    rows.write_parquet(tmp_path / "a.parquet")
    store = repository(view("need", tmp_path / "a.parquet", ["customer_id", "week_id"]))
    job = store.get_historical_features(entity_df=rows[:1].drop("value"), features=["need:value"])
    with pytest.raises(RowCountMismatch, match="need"):
        list(job.to_record_batches())
    with pytest.raises(RowCountMismatch, match="need"):
        job.sink_parquet(tmp_path / "out.parquet")
    assert not list(tmp_path.glob("*out*"))


@pytest.fixture
def doubled(tmp_path, repository):
    customers(50_000).write_parquet(tmp_path / "a.parquet")
    source = view("visits", tmp_path / "a.parquet", ["customer_id"])

    @on_demand_feature_view(sources=[source], schema=[Field(name="double", dtype=Int64)], mode="pandas")
    def twice(inputs):
        return (inputs[["value"]] * 2).rename(columns={"value": "double"})

    store = repository(source, twice)
    return lambda rows: store.get_historical_features(
        entity_df=customers(50_000)[:rows].drop("value"), features=["visits:value", "twice:double"]
    )


@pytest.mark.parametrize("rows", [50_000, 0])
def test_on_demand_features_are_streamed_too(tmp_path, doubled, rows):
    job = doubled(rows)
    assert job.sink_parquet(tmp_path / "out.parquet", ordered=True) == rows
    assert pl.read_parquet(tmp_path / "out.parquet").equals(job.to_polars())
    assert pl.read_parquet(tmp_path / "out.parquet").filter(pl.col("double") != 2 * pl.col("value")).is_empty()
    assert {batch.num_columns for batch in job.to_record_batches(1_000)} <= {4}


def test_an_on_demand_feature_has_its_type_in_a_batch_of_nulls(tmp_path, repository):
    customers(3_000).write_parquet(tmp_path / "a.parquet")
    source = view("visits", tmp_path / "a.parquet", ["customer_id"])

    @on_demand_feature_view(sources=[source], schema=[Field(name="late", dtype=Int64)], mode="python")
    def seldom(inputs):
        return {"late": [value if value == 1 or value >= 2_000 else None for value in inputs["value"]]}  # Feast tries a 1

    asked = customers(3_000).drop("value")
    job = repository(source, seldom).get_historical_features(entity_df=asked, features=["visits:value", "seldom:late"])
    rows = pa.Table.from_batches(job.to_record_batches(1_000, ordered=True))
    assert rows["late"].to_pylist() == [None, 1, *[None] * 1_998, *range(2_000, 3_000)]


def test_a_failure_leaves_no_file_and_the_old_one_as_it_was(tmp_path, job):
    (tmp_path / "out.parquet").write_text("old")
    damaged = bytearray((tmp_path / "a.parquet").read_bytes())
    damaged[200_000:400_000] = b"\0" * 200_000
    (tmp_path / "a.parquet").write_bytes(damaged)
    for ask in (lambda: job.sink_parquet(tmp_path / "out.parquet"), lambda: list(job.to_record_batches()), job.to_arrow):
        with pytest.raises(InvalidInput, match="visits"):
            ask()
    assert (tmp_path / "out.parquet").read_text() == "old"
    assert not list(tmp_path.glob(".*.tmp"))


def test_the_settings_reach_duckdb_and_a_small_limit_is_told(tmp_path, job):
    store = open_repository(tmp_path, [], threads=1, memory_limit="30MiB", temp_directory=str(tmp_path / "spill"))
    read = "SELECT current_setting('threads'), current_setting('memory_limit'), current_setting('temp_directory')"
    assert open_session(store.config.offline_store).execute(read).fetchall() == [(1, "30.0 MiB", str(tmp_path / "spill"))]
    tight = open_repository(tmp_path, [], threads=1, memory_limit="5MiB", temp_directory="")
    with pytest.raises(InvalidInput, match="memory_limit"):
        tight.get_historical_features(entity_df=customers().drop("value"), features=["visits:value"]).to_arrow()
