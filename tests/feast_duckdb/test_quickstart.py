"""Feast's own quickstart, as ``feast init`` writes it, with our stores: offline and online, equal to Feast's own."""

import importlib.util
import warnings
from datetime import UTC, datetime

import pandas as pd
import pytest
from feast import Entity, FeatureService, FeatureStore, FeatureView, PushSource
from feast.on_demand_feature_view import OnDemandFeatureView
from feast.repo_operations import init_repo

from hm_pipeline.feast_duckdb.offline.store import TYPE as OFFLINE_STORE
from hm_pipeline.feast_duckdb.online.store import TYPE as ONLINE

from .conftest import STOCK_WARNING

KINDS = (Entity, FeatureView, OnDemandFeatureView, FeatureService, PushSource)
SERVICES = ("driver_activity_v1", "driver_activity_v2", "driver_activity_v3")


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """The folder of a new repository, with its definitions."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.chdir(tmp_path_factory.mktemp("quickstart"))
        init_repo("quick", "local")
        folder = next((tmp_path_factory.getbasetemp()).glob("quickstart*")) / "quick" / "feature_repo"
        spec = importlib.util.spec_from_file_location("feature_definitions", folder / "feature_definitions.py")
        module = importlib.util.module_from_spec(spec)
        patch.chdir(folder)
        spec.loader.exec_module(module)
        yield folder, [item for item in vars(module).values() if isinstance(item, KINDS)]


def opened(folder, objects, offline, online):
    written = folder / "feature_store.yaml"
    text = written.read_text() if not (folder / "as_written.yaml").exists() else (folder / "as_written.yaml").read_text()
    (folder / "as_written.yaml").write_text(text)
    text = (
        text.replace("type: sqlite", f"type: {online}")
        .replace("registry.db", f"{offline[-5:]}.db")
        .replace("online_store.db", f"{offline[-5:]}o.db")
    )
    written.write_text(f"{text}\noffline_store:\n    type: {offline}\n")
    store = FeatureStore(repo_path=str(folder))
    store.apply(objects)
    return store


@STOCK_WARNING
@pytest.mark.filterwarnings("ignore")
def test_the_quickstart_runs_and_equals_the_stock_stores(repository):
    folder, objects = repository
    stores = [opened(folder, objects, OFFLINE_STORE, ONLINE), opened(folder, objects, "duckdb", "sqlite")]
    plain = opened(folder, objects, "dask", "sqlite")  # Feast's default, as its DuckDB store cannot materialise what its quickstart writes
    drivers = pd.read_parquet(folder / "data" / "driver_stats.parquet")["driver_id"].unique()
    moments = [pd.Timestamp(datetime.now(tz=UTC)).floor("s") - pd.Timedelta(hours=hours) for hours in (0, 1, 30)]
    table = pd.DataFrame([(driver, moment) for driver in drivers for moment in moments], columns=["driver_id", "event_timestamp"])
    table = table.assign(val_to_add=range(len(table)), val_to_add_2=7)
    for service in SERVICES:
        ours, stock = (
            store.get_historical_features(table, store.get_feature_service(service)).to_df().sort_values(["driver_id", "event_timestamp"])
            for store in stores
        )
        assert list(ours.columns) == list(stock.columns)
        assert (
            ours.drop(columns="event_timestamp").reset_index(drop=True).equals(stock.drop(columns="event_timestamp").reset_index(drop=True))
        )
        assert ours["conv_rate"].notna().sum() > len(drivers)
    rows = [{"driver_id": driver, "val_to_add": 1, "val_to_add_2": 2} for driver in drivers]
    answers = []
    for store in (stores[0], plain):
        store.materialize_incremental(end_date=datetime.now(tz=UTC))
        answers.append([store.get_online_features(store.get_feature_service(name), rows).to_dict() for name in SERVICES])
    ours, stock = answers
    assert ours == stock
    assert all(value is not None for value in ours[0]["conv_rate_plus_val1"])
