"""Rows of one source: the online store, saved data sets, and the pulls they are made of."""

from datetime import timedelta, timezone

import polars as pl
import pytest
from feast.errors import SavedDatasetLocationAlreadyExists
from feast.infra.offline_stores.duckdb import DuckDBOfflineStore, DuckDBOfflineStoreConfig
from feast.infra.offline_stores.file_source import SavedDatasetFileStorage
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hm_pipeline.base.errors import MissingInput, RowCountMismatch
from hm_pipeline.feast_duckdb.offline.store import DuckDBPointInTimeOfflineStore

from .conftest import STOCK_WARNING, at, open_repository, view, write_weeks

pytestmark = STOCK_WARNING


@pytest.fixture
def store(tmp_path, repository):
    rows = pl.DataFrame({"customer_id": [1, 1, 2], "event_timestamp": [at(0), at(5), at(5)], "value": [1, 2, 3]})
    rows.write_parquet(tmp_path / "a.parquet")
    return repository(view("visits", tmp_path / "a.parquet", ["customer_id"]))


def test_the_latest_rows_go_online(store):
    store.materialize(at(-1), at(6))
    online = store.get_online_features(features=["visits:value"], entity_rows=[{"customer_id": key} for key in (2, 1, 9)]).to_dict()
    assert online["value"] == [3, 2, None]


@pytest.mark.filterwarnings("ignore:Saving dataset is an experimental:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:Retrieving datasets is an experimental:RuntimeWarning")
def test_a_saved_data_set_is_found_again_and_not_overwritten_unasked(tmp_path, store):
    asked = pl.DataFrame({"customer_id": [2, 1], "event_timestamp": [at(6), at(4)]})
    job = store.get_historical_features(entity_df=asked, features=["visits:value"])
    storage = SavedDatasetFileStorage(path="saved.parquet")  # below the repository
    store.create_saved_dataset(from_=job, name="asked", storage=storage)
    assert pl.read_parquet(tmp_path / "saved.parquet")["value"].to_list() == [3, 1]
    assert store.get_saved_dataset("asked").to_df()["value"].tolist() == [3, 1]
    with pytest.raises(SavedDatasetLocationAlreadyExists):
        job.persist(storage)
    job.persist(storage, allow_overwrite=True)


def pulled(store, source, *, latest=True, first=-100, last=100, created=None, zone=None, kind=DuckDBPointInTimeOfflineStore):
    pull = kind.pull_latest_from_table_or_query if latest else kind.pull_all_from_table_or_query
    moments = [at(hours).astimezone(zone or at().tzinfo) for hours in (first, last)]
    columns = {"join_key_columns": ["customer_id"], "feature_name_columns": ["value"], "timestamp_field": "event_timestamp"}
    dates = {"start_date": moments[0], "end_date": moments[1], "created_timestamp_column": created}
    return pl.DataFrame(pull(config=store.config, data_source=source, **columns, **dates).to_arrow())


@pytest.fixture
def weekly(tmp_path, repository):
    rows = pl.DataFrame({"customer_id": [1, 2] * 2, "week_id": [1, 1, 2, 2], "value": [11, 21, 12, 22]})
    rows = rows.with_columns(event_timestamp=pl.lit(at()) + (pl.col("week_id") - 1) * timedelta(hours=1))
    weekly = view("need", write_weeks(rows, tmp_path / "weekly"), ["customer_id", "week_id"], tags={"marker": "manifest.json"})
    (tmp_path / "weekly" / "week_id=1" / "manifest.json").write_text("{}")
    return repository(weekly)


def test_a_partition_without_its_marker_is_not_pulled(tmp_path, weekly):
    source = weekly.get_feature_view("need").batch_source
    for latest in (True, False):
        assert sorted(pulled(weekly, source, latest=latest)["value"]) == [11, 21]
    weekly.materialize(at(-1), at(6))
    key = {"customer_id": 1, "week_id": 2}
    assert weekly.get_online_features(features=["need:value"], entity_rows=[key]).to_dict()["value"] == [None]
    (tmp_path / "weekly" / "week_id=2" / "manifest.json").write_text("{}")
    assert sorted(pulled(weekly, source)["value"]) == [12, 22]
    for week in (1, 2):
        (tmp_path / "weekly" / f"week_id={week}" / "manifest.json").unlink()
    with pytest.raises(MissingInput, match="no files"):
        pulled(weekly, source)


def test_ends_of_the_period_belong_to_it(store):
    source = store.get_feature_view("visits").batch_source
    for zone in (None, timezone(timedelta(hours=9))):
        assert pulled(store, source, latest=False, first=0, last=0, zone=zone)["value"].to_list() == [1]
        assert pulled(store, source, latest=False, first=0.001, last=5, zone=zone)["value"].to_list() == [2, 3]


def test_a_tie_is_an_error_and_no_choice(tmp_path, repository):
    rows = pl.DataFrame({"customer_id": [1, 1], "event_timestamp": [at()] * 2, "made": [at(1), at(2)], "value": [1, 2]})
    rows.write_parquet(tmp_path / "a.parquet")
    store = repository(view("visits", tmp_path / "a.parquet", ["customer_id"]))
    source = store.get_feature_view("visits").batch_source
    with pytest.raises(RowCountMismatch, match="visits_source"):
        pulled(store, source)
    assert pulled(store, source, created="made")["value"].to_list() == [2]
    assert pulled(store, source, latest=False)["value"].to_list() == [1, 2]


ROW = st.tuples(st.none() | st.integers(0, 2), st.integers(-3, 3), st.none() | st.integers(-2, 2), st.none() | st.integers(-5, 5))


@given(
    rows=st.lists(ROW, min_size=1, max_size=12, unique_by=lambda row: row[:3]),
    period=st.tuples(st.integers(-4, 4), st.integers(-4, 4)),
    latest=st.booleans(),
    naive=st.booleans(),
)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_pulls_equal_those_of_the_stock_store(tmp_path_factory, rows, period, latest, naive):
    root = tmp_path_factory.mktemp("pull")
    kinds = {"customer_id": pl.Int64, "event_timestamp": pl.Datetime("us", "UTC"), "made": pl.Datetime("us", "UTC"), "value": pl.Int64}
    table = pl.DataFrame([(k, at(h), None if c is None else at(c), v) for k, h, c, v in rows], schema=kinds, orient="row")
    if naive:
        table = table.with_columns(pl.selectors.datetime().dt.replace_time_zone(None))
    table.write_parquet(root / "a.parquet")
    store = open_repository(root, [])
    stock = open_repository(root, [], "duckdb")
    assert isinstance(stock.config.offline_store, DuckDBOfflineStoreConfig)
    source = view("visits", root / "a.parquet", ["customer_id"], created_timestamp_column="made").batch_source
    asked = {"latest": latest, "first": period[0], "last": period[1], "created": "made"}
    ours, theirs = pulled(store, source, **asked), pulled(stock, source, kind=DuckDBOfflineStore, **asked)
    assert ours.columns == theirs.columns
    assert ours.sort(pl.all()).rows() == theirs.sort(pl.all()).rows()
