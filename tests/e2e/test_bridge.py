"""Dagster and Feast say the same of a table: views on assets, checks of what is served, and drift told loudly."""

import json
import shutil
from datetime import timedelta

import dagster as dg
import polars as pl
import pytest
from feast import FeatureView, Field
from feast.types import Float64, String

from hm_pipeline.assets import STEPS
from hm_pipeline.base.errors import SchemaViolation
from hm_pipeline.engine.home import Home
from hm_pipeline.features.consistency import require_agreement, schema_differences
from hm_pipeline.features.feast_objects import build
from hm_pipeline.features.historical import open_store
from hm_pipeline.features.tables import feature_tables
from hm_pipeline.features.units import unit_of
from hm_pipeline.orchestration.definitions import build_defs
from hm_pipeline.orchestration.execute import graph_of, materialize
from hm_pipeline.orchestration.instance import dagster_instance
from hm_pipeline.orchestration.previews import previews
from tests.e2e.conftest import last_week, quick

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own


@pytest.fixture
def home(served, tmp_path):
    """A copy of the served home, to be damaged."""
    shutil.copytree(served.home, tmp_path / "home")
    return quick(tmp_path / "home")


def executed(settings, keys):
    """Execute checks as the button of the UI does, without making anything."""
    job = build_defs(settings).resolve_implicit_global_asset_job_def()
    part = job.get_subset(asset_selection=frozenset(), asset_check_selection=frozenset(keys))
    with dagster_instance(settings) as instance:
        return part.execute_in_process(instance=instance, raise_on_error=False).get_asset_check_evaluations()


def checked(settings, name, *checks):
    """Execute checks of one asset."""
    keys = [dg.AssetCheckKey(dg.AssetKey(name.split("/")), check) for check in checks]
    return {event.check_name: event for event in executed(settings, keys)}


def change(settings, name, change):
    """Change the newest partition's file, past its manifest."""
    folder = Home(settings.home).folder(name, last_week(settings))
    file = sorted(folder.glob("*.parquet"))[0]
    change(pl.read_parquet(file, hive_partitioning=False)).write_parquet(file)


def test_every_table_that_feast_serves_names_its_view(served):
    graph = build_defs(served).resolve_asset_graph()
    for table in feature_tables():
        node = graph.get(dg.AssetKey(table.table.split("/")))
        assert node.tags["feast/view"] == table.name
        assert node.metadata["feast/view"] == table.name
        assert node.metadata["feast/services"] == (", ".join(table.services) or "none")
    assert "feast/view" not in graph.get(dg.AssetKey("audience")).tags


def test_every_feature_has_a_meaning_and_a_unit_and_every_object_an_owner(tmp_path):
    assert [name for table in feature_tables() for name, column in table.features.items() if not unit_of(name, column)] == []
    objects = build(feature_tables())
    assert all(item.description and item.owner for item in objects.all)
    fields = [field for view in objects.views for field in view.features]
    assert all(field.description and field.tags["unit"] for field in fields)


def test_what_was_served_passes(served):
    last = last_week(served)
    materialize(served, [("rankings", last), ("needs", last)], audiences={last: "everyone"})
    names = ("unique", "timestamps", "ttl")
    keys = [dg.AssetCheckKey(dg.AssetKey(table.table.split("/")), name) for table in feature_tables() for name in names]
    found = executed(served, [*keys, dg.AssetCheckKey(dg.AssetKey("feature_store"), "views")])
    assert len(found) == 3 * len(feature_tables()) + 1
    assert [event.asset_check_key for event in found if not event.passed] == []


FAULTS = {
    "unique": lambda rows: pl.concat([rows, rows.head(2)]),
    "timestamps": lambda rows: rows.with_columns(pl.col("event_timestamp") + timedelta(hours=1)),
    "ttl": lambda rows: rows.with_columns(pl.col("event_timestamp") - timedelta(days=7)),
}


@pytest.mark.parametrize("name", FAULTS)
@pytest.mark.parametrize("table", ["candidates", "signal/momentum"])
def test_a_fault_fails_the_check_that_is_named_for_it(home, table, name):
    change(home, table, FAULTS[name])
    (found,) = checked(home, table, name).values()
    assert not found.passed
    assert found.metadata["offending rows"].value
    assert found.metadata["hint"].value


def test_rows_of_another_week_fail_the_timestamps(home):
    change(home, "signal/momentum", lambda rows: rows.with_columns(pl.col("week_id") - 1))
    assert not checked(home, "signal/momentum", "timestamps")["timestamps"].passed


def test_a_stored_column_of_another_type_is_drift(home):
    change(home, "signal/momentum", lambda rows: rows.with_columns(pl.col("momentum").cast(pl.String)).drop("momentum_price"))
    found = checked(home, "feature_store", "views")["views"]
    assert not found.passed
    shown = found.metadata["offending rows"].value
    assert "| momentum | momentum | Float32 | Float32 | String |" in shown
    assert "| momentum | momentum_price | Float32 | Float32 | absent |" in shown


def registered_otherwise(settings):
    """Return the store after somebody registered another view `momentum` by hand."""
    store = open_store(settings.home)
    view = store.get_feature_view("momentum")
    schema = [Field(name="momentum", dtype=String), Field(name="speed", dtype=Float64)]
    store.apply([FeatureView(name="momentum", entities=[store.get_entity(name) for name in view.entities], source=view.batch_source,
                             schema=schema, ttl=view.ttl, owner=view.owner)])  # fmt: skip
    return open_store(settings.home)


def test_a_view_that_is_not_its_contract_is_an_error(home):
    store = registered_otherwise(home)
    found = schema_differences(store, feature_tables())
    assert found.filter(pl.col("column") == "speed").select("contract", "registered").row(0) == ("absent", "Float64")
    with pytest.raises(SchemaViolation, match="momentum is Float32 in the contract, String in Feast"):
        require_agreement(store, feature_tables())
    assert not checked(home, "feature_store", "views")["views"].passed


def test_an_older_registry_is_replaced_and_what_changed_is_shown(home):
    registered_otherwise(home)
    store = open_store(home.home, feature_tables())
    told = json.loads((home.home / "feast" / "changes.json").read_text())
    (line,) = (line for line in told if line.startswith("view momentum:"))
    assert "gone speed" in line
    assert "momentum is Float32, was String" in line
    assert "new momentum_price" in line
    assert line in previews(graph_of(home), STEPS["feature_store"], -1)["what registering changed"]
    require_agreement(store, feature_tables())
    open_store(home.home, feature_tables())
    assert json.loads((home.home / "feast" / "changes.json").read_text()) == told


def test_the_audit_is_a_check_that_runs_when_it_is_asked_for(home):
    key = dg.AssetCheckKey(dg.AssetKey("feature_store"), "leak_audit")
    defs = build_defs(home)
    assert key in defs.resolve_asset_graph().asset_check_keys
    for name in ("week", "backfill"):
        assert key not in defs.resolve_job_def(name).asset_layer.asset_graph.asset_check_keys
    (found,) = checked(home, "feature_store", "leak_audit").values()
    assert found.passed, found.metadata
    labelled = max(int(folder.name.removeprefix("week_id=")) for folder in Home(home.home).folder("feature_matrix").glob("week_id=*"))
    assert f"of week {Home(home.home).calendar.key(labelled)} " in found.description


def test_making_the_store_runs_its_other_checks_and_no_audit(home):
    materialize(home, [("feature_store", -1)], force=True)
    with dagster_instance(home) as instance:
        (run, *_) = instance.get_runs(limit=1)
        records = instance.get_records_for_run(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION).records
    names = {record.event_log_entry.dagster_event.event_specific_data.check_name for record in records}
    assert "views" in names
    assert "leak_audit" not in names
