"""Checks in runs: each speaks of the partition that was made, with both sides, and a blocking one stops what follows."""

import json

import dagster as dg
import polars as pl
import pytest

from hm_pipeline.base.errors import CheckFailed
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.orchestration.definitions import build_defs
from hm_pipeline.orchestration.execute import materialize
from hm_pipeline.orchestration.instance import dagster_instance
from hm_pipeline.orchestration.partitions import asset_key
from tests.e2e.conftest import last_week

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own


def executed(settings, names, first, last=None):
    """Make weeks of assets as the UI does, and return the run."""
    key = Home(settings.home).calendar.key
    span = {"dagster/asset_partition_range_start": key(first), "dagster/asset_partition_range_end": key(last or first)}
    tags = span if last else {"dagster/partition": key(first)}
    job = build_defs(settings).resolve_job_def("week")
    part = job.get_subset(asset_selection=frozenset(asset_key(name) for name in names), asset_check_selection=None)
    with dagster_instance(settings) as instance:
        return part.execute_in_process(instance=instance, tags=tags, raise_on_error=False)


def results_of(run):
    return [event for event in run.get_asset_check_evaluations() if event.check_name != "current"]  # that is of the whole table


def kept(settings, name, check):
    """Return the partitions and states that Dagster keeps of a check, the newest first."""
    key = dg.AssetCheckKey(asset_key(name), check)
    with dagster_instance(settings) as instance:
        records = instance.event_log_storage.get_asset_check_execution_history(key, limit=20)
    return [(record.partition, record.status.value) for record in records]


def test_checks_after_an_earlier_week_is_made_are_of_that_week(served_again):
    settings = served_again("earlier")
    last, key = last_week(settings), Home(settings.home).calendar.key
    run = executed(settings, ["signal/momentum", "model/seasonality", "candidates"], last - 3)
    assert run.success
    found = results_of(run)
    assert {event.asset_key.to_user_string() for event in found} == {"signal/momentum", "model/seasonality_model", "candidates"}
    for event in found:
        assert event.passed
        assert event.partition == key(last - 3)
        assert event.metadata["partition"].value == key(last - 3)
        assert f"week {key(last - 3)}: found " in event.description
        sides = event.metadata["expected"].value, event.metadata["found"].value
        assert all(sides)
        assert "{}" not in "".join(sides) + event.description
        assert key(last) not in str(event)
        assert event.target_materialization_data.run_id == run.run_id
    assert kept(settings, "candidates", "coverage")[0] == (key(last - 3), "SUCCEEDED")


def test_checks_of_a_range_are_of_each_week_by_name(served_again):
    settings = served_again("range")
    last, key = last_week(settings), Home(settings.home).calendar.key
    weeks = [key(week) for week in (last - 4, last - 3)]
    run = executed(settings, ["signal/momentum"], last - 4, last - 3)
    by_check = {}
    for event in results_of(run):
        by_check.setdefault(event.check_name, []).append(event.partition)
    assert by_check == dict.fromkeys(("contract", "rows", "unique", "timestamps", "ttl"), weeks)
    assert kept(settings, "signal/momentum", "rows")[:2] == [(week, "SUCCEEDED") for week in reversed(weeks)]


def test_a_partition_that_was_lost_is_named(served_again):
    settings = served_again("lost")
    last, key = last_week(settings), Home(settings.home).calendar.key
    first, check = Home(settings.home).calendar.first_week, dg.AssetCheckKey(dg.AssetKey("candidates"), "rows")
    part = build_defs(settings).resolve_job_def("week").get_subset(asset_selection=frozenset(), asset_check_selection=frozenset([check]))
    with dagster_instance(settings) as instance:
        (found,) = part.execute_in_process(instance=instance, tags={"dagster/partition": key(first)}).get_asset_check_evaluations()
        (newest,) = part.execute_in_process(instance=instance).get_asset_check_evaluations()
    assert not found.passed
    assert found.description == f"candidates, week {key(first)}: expected a stored partition, found none is stored"
    assert newest.passed
    assert newest.description.startswith(f"candidates, week {key(last)}: found ")
    assert kept(settings, "candidates", "rows")[0] == (None, "SUCCEEDED")


@pytest.fixture
def dear(fresh):
    """A home whose last week of purchases is a hundred times as dear, as where cents are taken for the unit."""
    settings = fresh("dear")
    folder = Home(settings.home).folder("transactions", last_week(settings) - 1)
    for file in folder.glob("*.parquet"):
        rows = pl.read_parquet(file, hive_partitioning=False)
        rows.with_columns(pl.col("price") * 100).write_parquet(file)
    return settings


def test_a_run_of_the_ui_stops_at_a_fault_in_the_last_purchases(dear):
    last, key = last_week(dear), Home(dear.home).calendar.key
    run = executed(dear, ["transactions", "history/type_sales"], last)
    assert not run.success
    (fault,) = (event for event in results_of(run) if not event.passed)
    assert (fault.check_name, fault.partition, fault.severity) == ("price_range", key(last - 1), dg.AssetCheckSeverity.ERROR)
    failures = [event.event_specific_data.error.message for event in run.all_events if event.is_step_failure]
    assert len(failures) == 1
    assert f"(transactions, week {key(last - 1)})" in failures[0]
    # The run's own week has a result, too: of a planned check without one the page says that it failed.
    assert kept(dear, "transactions", "contract") == [(key(last - 1), "SUCCEEDED"), (key(last), "SUCCEEDED")]
    assert kept(dear, "transactions", "price_range") == [(key(last - 1), "FAILED"), (key(last), "SUCCEEDED")]
    assert Manifest.load(Home(dear.home).folder("history/type_sales", last)) is None


def test_hm_stops_at_a_fault_in_what_it_reads_until_it_is_let_through(dear):
    last, key = last_week(dear), Home(dear.home).calendar.key
    for _ in range(2):  # giving the command again does not get past it
        with pytest.raises(CheckFailed, match=rf"check price_range: expected a median price .*\(transactions, week {key(last - 1)}\)"):
            materialize(dear, [("history/type_sales", last)])
    assert Manifest.load(Home(dear.home).folder("history/type_sales", last)) is None
    let_through = dear.model_copy(update={"blocking_checks": False})
    assert materialize(let_through, [("history/type_sales", last)]).partitions > 0
    assert kept(dear, "transactions", "price_range")[0] == (key(last - 1), "FAILED")


def test_hm_compares_a_week_with_those_before_it(served_again, hm):
    settings = served_again("drifting")
    last, key = last_week(settings), Home(settings.home).calendar.key
    code, out, _ = hm(settings.home, "drift", "--week", key(last - 1), "--json")
    assert code == 0
    found = json.loads(out)
    assert found["week"] == key(last - 1)
    assert len(found["features"]) > 70
    weeks = {row["view"]: row["reference_weeks"] for row in found["features"]}
    assert 0 < weeks["momentum"] <= 13
    assert (settings.home / "drift.html").read_text().count("data:image/png") == 1
    assert json.loads((settings.home / "drift.json").read_text())["features"] == found["features"]
    code, out, _ = hm(settings.home, "drift", "--week", key(last - 1))
    assert code == 0
    assert "Everything is current." in out
    materialize(settings, [("signal/momentum", last - 10)])
    _, out, _ = hm(settings.home, "drift", "--week", key(last - 1), "--json")
    again = {row["view"]: row["reference_weeks"] for row in json.loads(out)["features"]}
    assert again == weeks | {"momentum": weeks["momentum"] + 1}


def test_the_serving_week_is_compared_and_its_checks_are_of_it(served_again):
    settings = served_again("serving")
    last, key = last_week(settings), Home(settings.home).calendar.key
    run = executed(settings, ["drift"], last)
    assert run.success
    (found,) = (event for event in results_of(run) if event.check_name == "no_drift")
    assert found.partition == key(last)
    assert "features with a PSI of 0.25 or more" in found.metadata["found"].value
    (made,) = run.get_asset_materialization_events()
    assert {"features that moved most", "worst features", "drifted", "compared"} <= set(made.materialization.metadata)
