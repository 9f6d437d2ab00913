"""Views in the entity table's own order are set beside it where every key agrees, and are looked up where one does not."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from feast import FeatureStore
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hm_pipeline.base.errors import InvalidInput, RowCountMismatch
from hm_pipeline.feast_duckdb.offline import positional_join as _beside

from .conftest import STOCK_WARNING, at, open_repository, view, write_weeks

KEYS = ["customer_id", "article_id", "week_id"]
FEATURES = ["need:value", "style:taste", "visits:count"]
CHANGES = ("none", "swapped", "fewer", "more", "other", "unknown", "future", "old", "later")
RANDOM = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, phases=[Phase.generate])


def pairs_of(count: int) -> pl.DataFrame:
    """Return pairs of week 1, by customer and article."""
    numbers = pl.int_range(count)
    keys = {"customer_id": numbers // 3, "article_id": numbers % 3, "week_id": pl.lit(1, pl.Int64)}
    return pl.select(**keys, event_timestamp=pl.lit(at()))


def changed(pairs: pl.DataFrame, change: str, place: int) -> pl.DataFrame:
    """Return a view's rows, of which one is not what the entity table has."""
    row = pl.int_range(pl.len()) == place % pairs.height

    def put(column: str, value: object) -> pl.DataFrame:
        return pairs.with_columns(pl.when(row).then(value).otherwise(column).alias(column))

    changes = {
        "none": pairs,
        "swapped": pairs.sort(pl.when(row).then(-1).otherwise(0), maintain_order=True),
        "fewer": pairs.filter(~row),
        "more": pl.concat([pairs, pairs.filter(row).with_columns(customer_id=pl.lit(99, pl.Int64))]),
        "other": put("article_id", 50 + pl.col("article_id")),
        "unknown": put("article_id", None),
        "future": put("event_timestamp", at(1)),
        "old": put("event_timestamp", at(-24 * 40)),
        "later": put("event_timestamp", at(-1)),
    }
    return changes[change]


def repository(root: Path, need: pl.DataFrame, style: pl.DataFrame, **options: str) -> FeatureStore:
    written = [
        write_weeks(table.with_columns(pl.int_range(pl.len()).alias(feature)), root / name)
        for name, feature, table in (("need", "value", need), ("style", "taste", style))
    ]
    need.select("customer_id", "event_timestamp").unique("customer_id").with_columns(count=pl.lit(7)).write_parquet(root / "visits.parquet")
    views = [
        view("need", written[0], KEYS),
        view("style", written[1], KEYS, features=["taste"], ttl=None),
        view("visits", root / "visits.parquet", ["customer_id"], features=["count"]),
    ]
    return open_repository(root, views, **options)


@given(st.integers(3, 12), st.sampled_from(CHANGES), st.sampled_from(CHANGES), st.integers(0, 11))
@RANDOM
@STOCK_WARNING
def test_what_lies_beside_has_the_values_of_the_stock_store(tmp_path_factory, count, need, style, place):
    root, pairs = tmp_path_factory.mktemp("beside"), pairs_of(count)
    tables = changed(pairs, need, place), changed(pairs, style, place)
    asked = pairs.with_row_index("row").cast({"row": pl.Int64})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_beside, "ENOUGH_ROWS", 1)
        job = repository(root, *tables).get_historical_features(entity_df=asked, features=FEATURES)
        ours, streamed, statement = job.to_polars(), pl.concat(map(pl.DataFrame, job.to_record_batches())), job.to_sql()
    stock = repository(root, *tables, kind="duckdb").get_historical_features(entity_df=asked.to_pandas(), features=FEATURES)
    columns = ["row", "value", "taste", "count"]
    assert ours.select(columns).rows() == pl.DataFrame(stock.to_arrow()).sort("row").select(columns).rows()
    assert streamed.sort("row").equals(ours)
    beside = [need in {"none", "later"} or (need == "swapped" and place % count == 0)]  # what was first stays first
    beside.append(style in {"none", "later", "old"} or (style == "swapped" and place % count == 0))  # holds forever
    assert statement.count("POSITIONAL JOIN") == sum(beside)


def test_a_key_that_is_asked_for_twice_and_stored_twice_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(_beside, "ENOUGH_ROWS", 1)
    twice = pl.concat([pairs_of(3), pairs_of(3)]).sort(KEYS)
    job = repository(tmp_path, twice, pairs_of(3)).get_historical_features(entity_df=twice, features=FEATURES)
    with pytest.raises(RowCountMismatch, match="view need"):
        job.to_polars()


def test_few_rows_are_looked_up(tmp_path):
    job = repository(tmp_path, pairs_of(9), pairs_of(9)).get_historical_features(entity_df=pairs_of(9), features=FEATURES)
    assert "POSITIONAL" not in job.to_sql()


def test_files_that_are_replaced_while_they_are_read_are_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(_beside, "ENOUGH_ROWS", 1)
    monkeypatch.setattr(_beside, "_is_beside", lambda entities, plan: True)  # as it was when the keys were compared
    job = repository(tmp_path, changed(pairs_of(9), "swapped", 5), pairs_of(9)).get_historical_features(
        entity_df=pairs_of(9), features=FEATURES
    )
    for ask in (job.to_polars, lambda: list(job.to_record_batches()), lambda: job.sink_parquet(tmp_path / "out.parquet")):
        with pytest.raises(InvalidInput, match="replaced while they were read") as error:
            ask()
        assert error.value.where == "view need"
    assert not (tmp_path / "out.parquet").exists()


def test_a_ttl_decides_row_by_row(tmp_path, monkeypatch):
    monkeypatch.setattr(_beside, "ENOUGH_ROWS", 1)
    late = pl.when(pl.col("article_id") == 1).then(timedelta(days=8)).otherwise(timedelta())
    asked = pairs_of(6).with_columns(event_timestamp=pl.col("event_timestamp") + late)
    job = repository(tmp_path, pairs_of(6), pairs_of(6)).get_historical_features(entity_df=asked, features=["need:value", "style:taste"])
    assert job.to_polars()["value"].to_list() == [0, None, 2, 3, None, 5]
    assert job.to_polars()["taste"].to_list() == [0, 1, 2, 3, 4, 5]
    assert job.to_sql().count("POSITIONAL JOIN") == 1
