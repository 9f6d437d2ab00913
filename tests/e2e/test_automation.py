"""Schedule and sensor evaluated for real, the ingest job run for real; all off until turned on."""

import os

import dagster as dg
import pytest

from hm_pipeline.definitions import build_defs
from hm_pipeline.instance import dagster_instance
from hm_pipeline.settings import Settings
from hm_pipeline.tables import Home

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own


def test_both_are_off_and_the_schedule_asks_for_the_newest_week(fresh):
    settings = fresh("scheduled")
    schedule, sensor = _automation(settings)
    assert (schedule.default_status, sensor.default_status) == (dg.DefaultScheduleStatus.STOPPED, dg.DefaultSensorStatus.STOPPED)
    assert schedule.cron_schedule == "0 6 * * 3"
    with dagster_instance(settings) as instance:
        (request,) = schedule.evaluate_tick(
            dg.build_schedule_context(instance=instance, repository_def=build_defs(settings).get_repository_def())
        ).run_requests
    calendar = Home(settings.home).calendar
    assert request.partition_key == calendar.key(calendar.last_week)


def test_the_schedule_waits_for_an_ingest(tmp_path):
    schedule, _ = _automation(Settings(home=tmp_path / "home"))
    assert "nothing is ingested" in schedule.evaluate_tick(dg.build_schedule_context()).skip_message


def test_the_sensor_asks_once_per_change_and_its_job_ingests(raw, tmp_path):
    settings = Settings(home=tmp_path / "home", raw=raw, shards=2)
    defs = build_defs(settings)
    sensor = defs.resolve_sensor_def("new_raw_files")
    with dagster_instance(settings) as instance:
        first = sensor.evaluate_tick(dg.build_sensor_context(instance=instance))
        assert len(first.run_requests) == 1
        again = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=first.cursor))
        assert (again.run_requests, "nothing new" in again.skip_message) == ([], True)
        assert defs.resolve_job_def("ingest").execute_in_process(instance=instance).success
        changed = raw / "articles.csv"
        os.utime(changed, (changed.stat().st_atime, changed.stat().st_mtime + 5))
        assert len(sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=first.cursor)).run_requests) == 1
    assert Home(settings.home).calendar.last_week > 0


def test_a_broken_folder_fails_the_ingest_in_one_line(tmp_path):
    (tmp_path / "empty").mkdir()
    settings = Settings(home=tmp_path / "home", raw=tmp_path / "empty")
    with dagster_instance(settings) as instance:
        run = build_defs(settings).resolve_job_def("ingest").execute_in_process(instance=instance, raise_on_error=False)
    (failure,) = [event for event in run.all_events if event.is_step_failure]
    said = failure.step_failure_data.user_failure_data.description
    assert "transactions_train.csv" in said
    assert "\n" not in said


def _automation(settings):
    defs = build_defs(settings)
    return defs.resolve_schedule_def("newest_week"), defs.resolve_sensor_def("new_raw_files")
