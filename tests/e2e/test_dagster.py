"""The graph as Dagster has it: keys, jobs, checks that can fail, handles from the IO manager."""

from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from hm_pipeline.assets import STEPS
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.simulator.simulate import simulate
from hm_pipeline.engine.home import Home
from hm_pipeline.orchestration.definitions import build_defs
from hm_pipeline.orchestration.execute import materialize
from hm_pipeline.orchestration.instance import DEFAULT_CONFIG, dagster_instance
from hm_pipeline.orchestration.partitions import step_name
from hm_pipeline.recommender.signals import SIGNALS
from tests.e2e.conftest import last_week

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own


def test_every_step_is_an_asset_in_its_group_with_a_description(tmp_path):
    defs = build_defs(Settings(home=tmp_path))
    specs = {step_name(spec.key): spec for spec in defs.resolve_all_asset_specs()}
    assert set(specs) == set(STEPS)
    shown = [spec.key.path[-1] for spec in specs.values()]
    assert len(set(shown)) == len(shown)  # the graph shows no more than that
    assert all(spec.description and spec.group_name and spec.code_version for spec in specs.values())
    assert {f"signal/{signal.name}" for signal in SIGNALS} <= set(specs)


def test_the_home_for_dagster_itself_says_what_ours_says():
    written = (Path(__file__).parents[2] / "dagster_home/dagster.yaml").read_text()
    assert written.endswith(DEFAULT_CONFIG)


def test_the_reference_calendar_has_106_weeks(tmp_path):
    defs = build_defs(Settings(home=tmp_path))
    keys = defs.resolve_assets_def("candidates").partitions_def.get_partition_keys()
    assert (len(keys), keys[0], keys[-1]) == (106, "2018-09-19", "2020-09-23")


def test_the_jobs_can_be_resolved(tmp_path):
    defs = build_defs(Settings(home=tmp_path))
    assert defs.resolve_job_def("week").name == "week"
    assert dg.AssetKey("submission") not in defs.resolve_job_def("backfill").asset_layer.executable_asset_keys


def test_a_partition_carries_rows_seconds_and_map(served):
    week = Home(served.home).calendar.key(Home(served.home).calendar.last_week - 1)
    with dagster_instance(served) as instance:
        wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey("scoreboard"), asset_partitions=[week])
        event = instance.fetch_materializations(wanted, limit=1).records[0]
    facts = event.asset_materialization.metadata
    assert facts["rows"].value > 0
    assert facts["seconds"].value >= 0
    assert 0 < facts["map_at_12/L4 blend"].value < 1


def test_the_io_manager_hands_out_a_handle_with_a_max_week(served):
    calendar = Home(served.home).calendar
    defs = build_defs(served)
    with dagster_instance(served) as instance:
        handle = defs.load_asset_value(
            dg.AssetKey(["signal", "availability"]), partition_key=calendar.key(calendar.last_week), instance=instance
        )
    assert handle.at(calendar.last_week).collect().height > 0


def test_a_check_fails_where_a_file_lost_its_rows(fresh):
    settings = fresh("damaged")
    home = Home(settings.home)
    folder = home.folder("transactions", home.calendar.last_week - 1)
    file = next(folder.glob("*.parquet"))
    pl.read_parquet(file, hive_partitioning=False).head(3).write_parquet(file)
    job = build_defs(settings).resolve_job_def("week")
    with dagster_instance(settings) as instance:
        run = job.execute_in_process(
            asset_selection=[dg.AssetKey("transactions")], instance=instance, tags=_span(home.calendar), raise_on_error=False
        )
    results = {event.check_name: event.passed for event in run.get_asset_check_evaluations()}
    assert not results.pop("rows")
    assert {"contract", "volume", "price_range", "nulls", "rejected", "new_categories"} == set(results)


def test_a_duplicate_key_is_shown_with_its_rows_and_a_hint(fresh):
    settings = fresh("duplicated")
    file = next(Home(settings.home).folder("articles").glob("*.parquet"))
    rows = pl.read_parquet(file, hive_partitioning=False)
    pl.concat([rows, rows.head(1)]).write_parquet(file)
    found = _checked(settings, "articles")
    expected = {"contract": False, "rows": False, "unique": False, "timestamps": True, "ttl": True}
    assert {name: result.passed for name, result in found.items()} == expected
    facts = found["contract"].metadata
    assert facts["found"].value.endswith("rows break a rule of Articles: primary_key 2")
    assert facts["offending rows"].value.count(str(rows["article_id"][0])) >= 2
    assert facts["hint"].value
    sides = (found["rows"].metadata["expected"].value, found["rows"].metadata["found"].value)
    assert sides == (f"{rows.height} rows", f"{rows.height + 1} rows")


def test_a_truncated_file_fails_its_checks_and_says_what_to_do(fresh):
    settings = fresh("truncated")
    file = next(Home(settings.home).folder("articles").glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-200])
    found = _checked(settings, "articles")
    assert not any(result.passed for result in found.values())
    assert all("corrupt or missing" in result.metadata["hint"].value for result in found.values())


def _checked(settings, name):
    job = build_defs(settings).resolve_job_def("week")
    part = job.get_subset(asset_selection=frozenset([dg.AssetKey(name)]), asset_check_selection=None)
    with dagster_instance(settings) as instance:
        run = part.execute_in_process(instance=instance, raise_on_error=False)
    return {event.check_name: event for event in run.get_asset_check_evaluations()}


def _span(calendar):
    key = calendar.key(calendar.last_week - 1)
    return {"dagster/asset_partition_range_start": key, "dagster/asset_partition_range_end": key}


def test_a_single_check_can_be_executed(served):
    """As the button on its page does, without making anything."""
    key = dg.AssetCheckKey(dg.AssetKey("candidates"), "coverage")
    job = build_defs(served).resolve_job_def("week")
    part = job.get_subset(asset_selection=frozenset(), asset_check_selection=frozenset([key]))
    with dagster_instance(served) as instance:
        result = part.execute_in_process(instance=instance)
    done = [evaluation.check_name for evaluation in result.get_asset_check_evaluations()]
    assert done == ["coverage"]
    assert result.get_asset_materialization_events() == []


def test_stale_weeks_are_named_however_far_up_the_change_was(fresh, tmp_path):
    settings = fresh("aged")
    calendar, last = Home(settings.home).calendar, last_week(settings)
    materialize(settings, [("signal/seasonality", last), ("signal/seasonality", last - 3)])
    assert _current(settings, ["signal", "seasonality"]).passed
    simulate(tmp_path / "raw", customers=900, articles=500, weeks=2, seed=3)  # the last two weeks only, with other purchases
    ingest(tmp_path / "raw", settings.home, settings=settings, replace_weeks=True, replace_types=True)
    found = _current(settings, ["signal", "seasonality"])
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.WARN
    assert found.metadata["found"].value == "1 of 2 stored partitions stale"
    assert calendar.key(last) in found.metadata["offending rows"].value
    assert calendar.key(last - 3) not in found.metadata["offending rows"].value


def _current(settings, path):
    key = dg.AssetCheckKey(dg.AssetKey(path), "current")
    part = build_defs(settings).resolve_job_def("week").get_subset(asset_selection=frozenset(), asset_check_selection=frozenset([key]))
    with dagster_instance(settings) as instance:
        (found,) = part.execute_in_process(instance=instance).get_asset_check_evaluations()
    return found
