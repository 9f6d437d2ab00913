"""Schedule and sensor evaluated for real, the ingest job run for real; all off until turned on."""

import gzip
import os
import shutil
import zipfile

import dagster as dg
import pytest

from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.orchestration.definitions import build_defs
from hm_pipeline.orchestration.instance import dagster_instance
from tests.datasets.kaggle.tiny_files import ADA, FILES, TRANSACTIONS, TX
from tests.e2e.conftest import quick

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


def test_the_run_that_the_schedule_asks_for_serves_the_week_and_judges_nothing(served, tmp_path):
    shutil.copytree(served.home, tmp_path / "home")
    settings = quick(tmp_path / "home")
    schedule, _ = _automation(settings)
    definitions = build_defs(settings)
    context = dg.build_schedule_context(repository_def=definitions.get_repository_def())
    request = schedule.evaluate_tick(context).run_requests[0]
    home, last = Home(settings.home), Home(settings.home).calendar.last_week
    with dagster_instance(settings) as instance:
        run = (
            build_defs(settings)
            .resolve_job_def(schedule.job_name)
            .execute_in_process(
                instance=instance,
                partition_key=request.partition_key,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
        )
    assert run.success
    failed = [event for event in run.get_asset_check_evaluations() if not event.passed]
    assert [event.description for event in failed if event.severity == dg.AssetCheckSeverity.ERROR] == []
    assert {event.partition for event in run.get_asset_check_evaluations() if event.check_name == "coverage"} == {request.partition_key}
    assert Manifest.load(home.folder("online_store", last))
    for name in ("labels", "feature_matrix", "scoreboard", "recall_budget", "signal_scores"):
        assert Manifest.load(home.folder(name, last)) is None
        (made,) = run.asset_materializations_for_node(name)
        assert made.metadata["left out"].value == f"the purchases of the week of {request.partition_key} are not all known"


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


def packed(folder, files):
    """Write raw files as a nightly job might: packed, in a subfolder."""
    (folder / "drop").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / "drop" / f"{name}.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    return folder


class Watch:
    """The sensor over a folder, looked at again and again as the daemon does."""

    def __init__(self, home, raw):
        self.settings = Settings(home=home, raw=raw)
        self.sensor, self.cursor, self.last_run_key = _automation(self.settings)[1], None, None

    def look(self):
        """Return the run key that is asked for, or why nothing is."""
        with dagster_instance(self.settings) as instance:
            context = dg.SensorEvaluationContext(None, instance=instance, cursor=self.cursor, last_run_key=self.last_run_key)
            tick = self.sensor.evaluate_tick(context)
        self.cursor = tick.cursor
        if not tick.run_requests:
            return tick.skip_message
        self.last_run_key = tick.run_requests[0].run_key
        return self.last_run_key


@pytest.fixture
def watch(tmp_path):
    return Watch(tmp_path / "home", packed(tmp_path / "raw", FILES))


def test_the_sensor_sees_packed_files_in_subfolders(watch):
    key = watch.look()
    assert key.endswith("-1")
    assert "nothing new" in watch.look()
    packed(watch.settings.raw, {TX: TRANSACTIONS + f"2020-09-29,{ADA},0108775044,0.02,2\n"})
    assert watch.look().endswith("-2")


def test_the_sensor_sees_a_zip_and_waits_until_it_is_whole(tmp_path):
    whole = tmp_path / "whole.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        for name, text in FILES.items():
            archive.writestr(f"data/{name}", text)
    watch = Watch(tmp_path / "home", tmp_path / "raw.zip")
    assert "no such file" in watch.look()
    watch.settings.raw.write_bytes(whole.read_bytes()[:-30])
    assert "nothing complete to ingest yet" in watch.look()
    watch.settings.raw.write_bytes(whole.read_bytes())
    assert watch.look().endswith("-1")


def test_content_decides_and_not_dates(watch, tmp_path):
    file, good = watch.settings.raw / "drop" / f"{TX}.gz", tmp_path / "good.gz"
    shutil.copy2(file, good)
    keys = [watch.look()]
    os.utime(file, (0, 0))
    assert "nothing new" in watch.look()  # touched
    shutil.copy2(good, file)
    assert "nothing new" in watch.look()  # the same, copied over itself
    dates = file.stat()
    file.write_bytes(gzip.compress(TRANSACTIONS.replace("0.05", "9.05").encode(), mtime=0))
    os.utime(file, ns=(dates.st_atime_ns, dates.st_mtime_ns))
    keys.append(watch.look())  # bad, with the good one's date
    shutil.copy2(good, file)
    keys.append(watch.look())  # the good one back, with its date
    assert len(set(keys)) == 3
    assert [key.rpartition("-")[2] for key in keys] == ["1", "2", "3"]


def test_another_file_of_the_same_size_and_date_is_seen(watch):
    file = watch.settings.raw / "drop" / f"{TX}.gz"
    plain = file.with_suffix("")
    file.unlink()
    plain.write_text(TRANSACTIONS)
    first, dates = watch.look(), plain.stat()
    plain.write_text(TRANSACTIONS.replace("0.05", "0.06"))
    os.utime(plain, ns=(dates.st_atime_ns, dates.st_mtime_ns))
    assert plain.stat().st_size == dates.st_size
    assert watch.look() not in (first, None)


def test_a_look_that_is_repeated_asks_for_the_same_run(watch):
    first = watch.look()
    watch.cursor = watch.last_run_key = None  # nothing of it was kept
    assert watch.look() == first


@pytest.mark.parametrize(
    "cursor", ["transactions_train.csv:12:34, customers.csv:5:6", "7", "[]", '{"files": 3, "content": "", "number": 1}']
)
def test_a_cursor_of_another_version_or_none_counts_on(watch, cursor):
    first = watch.look()
    watch.cursor = cursor
    again = watch.look()
    assert (first.endswith("-1"), again.endswith("-2")) == (True, True)
    watch.last_run_key = "transactions_train.csv:12:34"
    watch.cursor = cursor
    assert watch.look() == first


def test_the_schedule_asks_for_no_week_that_was_ingested_after_it_was_loaded(tmp_path):
    settings = Settings(home=tmp_path / "home", raw=packed(tmp_path / "raw", FILES))
    ingest(settings.raw, settings.home, settings=settings)
    with dagster_instance(settings) as instance:
        loaded = build_defs(settings)
        assert _requested(loaded, instance).run_requests[0].partition_key == "2020-09-23"
        packed(settings.raw, {TX: TRANSACTIONS + f"2020-09-29,{ADA},0108775044,0.02,2\n"})
        ingest(settings.raw, settings.home, settings=settings)
        stale = _requested(loaded, instance)
        assert not stale.run_requests
        assert "week 2020-09-30 was ingested after" in stale.skip_message
        assert _requested(build_defs(settings), instance).run_requests[0].partition_key == "2020-09-30"


def _requested(defs, instance):
    context = dg.build_schedule_context(instance=instance, repository_def=defs.get_repository_def())
    return defs.resolve_schedule_def("newest_week").evaluate_tick(context)


def _automation(settings):
    defs = build_defs(settings)
    return defs.resolve_schedule_def("newest_week"), defs.resolve_sensor_def("new_raw_files")
