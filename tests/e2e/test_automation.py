"""The sensor from new files to served lists, evaluated for real, and the ingest job run for real; off until turned on."""

import gzip
import os
import shutil
import zipfile
from datetime import timedelta

import dagster as dg
import pytest

from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.engine.staging import FOLDER, JOURNAL
from hm_pipeline.orchestration.definitions import build_defs
from hm_pipeline.orchestration.execute import graph_of, materialize
from hm_pipeline.orchestration.instance import dagster_instance
from tests.datasets.kaggle.tiny_files import ADA, FILES, TRANSACTIONS, TX
from tests.e2e.conftest import last_week

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own
HEADER = TRANSACTIONS.splitlines(keepends=True)[0]
SILENT = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def carried_out(settings, request):
    """Run what the sensor asked for, as the daemon would."""
    job = build_defs(settings).resolve_job_def(request.job_name)
    with dagster_instance(settings) as instance:
        return job.execute_in_process(
            instance=instance,
            partition_key=request.partition_key,
            asset_selection=request.asset_selection,
            tags=request.tags,
            run_config=SILENT if request.partition_key else None,
            raise_on_error=False,
        )


def test_it_is_off_until_it_is_turned_on(tmp_path):
    states = [build_defs(Settings(home=tmp_path, automate=on)).resolve_sensor_def("new_weeks").default_status for on in (False, True)]
    assert states == [dg.DefaultSensorStatus.STOPPED, dg.DefaultSensorStatus.RUNNING]


def test_the_newest_week_is_served_and_the_week_before_it_evaluated(served_again):
    watch = Watch(served_again("watched"))
    home, last = Home(watch.settings.home), last_week(watch.settings)
    week, before = home.calendar.key(last), home.calendar.key(last - 1)
    shutil.rmtree(home.folder("scoreboard", last - 1))
    tick = watch.tick()
    assert [(request.job_name, request.partition_key) for request in tick.run_requests] == [("week", week), ("backfill", before)]
    ranked = home.folder("recommendations", last) / "manifest.json"
    written = ranked.stat().st_mtime_ns
    run = carried_out(watch.settings, tick.run_requests[0])
    assert run.success
    failed = [event for event in run.get_asset_check_evaluations() if not event.passed]
    assert [event.description for event in failed if event.severity == dg.AssetCheckSeverity.ERROR] == []
    assert {event.partition for event in run.get_asset_check_evaluations() if event.check_name == "coverage"} == {week}
    assert Manifest.load(home.folder("online_store", last))
    assert ranked.stat().st_mtime_ns == written  # current, and not made again
    for name in ("labels", "feature_matrix", "scoreboard", "recall_budget", "signal_scores"):
        assert Manifest.load(home.folder(name, last)) is None
        (made,) = run.asset_materializations_for_node(name)
        assert made.metadata["left out"].value == f"the purchases of the week of {week} are not all known"
    assert carried_out(watch.settings, tick.run_requests[1]).success
    assert Manifest.load(home.folder("scoreboard", last - 1))
    assert f"week {week} was asked for" in watch.look()
    watch.cursor = watch.last_run_key = None
    assert "is current" in watch.look()


def test_a_late_file_asks_for_what_became_stale_and_for_nothing_else(served_again, raw, tmp_path):
    settings = served_again("late")
    home, last = Home(settings.home), last_week(settings)
    watch = Watch(settings)
    materialize(settings, [("online_store", last)], audiences={last: "everyone"})
    assert "is current" in watch.look()
    lines = (raw / TX).read_text().splitlines()
    days = {home.calendar.start(last - 2).isoformat(), home.calendar.start(last - 1).isoformat()}
    again = [f"{line}\n{line}" if line[:10] in days else line for line in lines]  # the same day, sold once more
    files = shutil.copytree(raw, tmp_path / "raw")
    (files / TX).write_text("\n".join(again) + "\n")
    ingest(files, settings.home, settings=settings)
    serve, evaluate = watch.tick().run_requests
    assert (serve.job_name, evaluate.partition_key) == ("week", home.calendar.key(last - 1))
    assert evaluate.asset_selection == [dg.AssetKey("scoreboard")]
    assert not graph_of(settings).is_current("history/article_sales", last - 1)
    for request in (serve, evaluate):
        assert carried_out(settings, request).success
    graph = graph_of(settings)
    stale = [name for name in ("recommendations", "submission", "online_store") if not graph.is_current(name, last)]
    assert (stale, graph.is_current("scoreboard", last - 1)) == ([], True)
    assert graph.stale([("online_store", last)]) == {}  # none of the weeks that it is made from either


def test_a_run_that_somebody_watches_leaves_what_is_stale(served_again, tmp_path, raw):
    settings = served_again("watched")
    last = last_week(settings)
    graph = graph_of(settings.model_copy(update={"candidates": 41}))
    name = next(iter(graph.stale([("recommendations", last)])))
    assert name == "candidates"
    watched = settings.model_copy(update={"candidates": 41})
    week = Home(settings.home).calendar.key(last)
    request = dg.RunRequest(job_name="week", partition_key=week, asset_selection=[dg.AssetKey("rankings")])
    assert carried_out(watched, request).success
    assert not graph_of(watched).is_current("candidates", last)


def test_an_ingest_under_way_is_waited_for(fresh):
    watch = Watch(fresh("waits"))
    home = watch.settings.home
    (home / FOLDER).mkdir()
    (home / FOLDER / JOURNAL).write_text("{}")
    assert "an ingest is under way" in watch.look()
    shutil.rmtree(home / FOLDER)
    with dagster_instance(watch.settings) as instance:
        job = build_defs(watch.settings).resolve_job_def("ingest")
        run = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    assert "an ingest is under way" in watch.look()
    with dagster_instance(watch.settings) as instance:
        instance.report_run_failed(run)
    assert watch.look().startswith("week-")


def test_a_home_that_is_too_young_waits_for_more_weeks(tmp_path):
    settings = Settings(home=tmp_path / "home", raw=packed(tmp_path / "raw", FILES))
    assert "nothing is ingested" in Watch(settings.model_copy(update={"raw": None})).look()
    ingest(settings.raw, settings.home, settings=settings)
    assert "weeks of data before it and needs" in Watch(settings.model_copy(update={"raw": None})).look()


def test_new_files_are_asked_for_once_per_change_and_the_job_ingests(raw, tmp_path):
    watch = Watch(Settings(home=tmp_path / "home", raw=raw, shards=2))
    (request,) = watch.tick().run_requests
    assert request.job_name == "ingest"
    assert "nothing new" in watch.look()
    assert carried_out(watch.settings, request).success
    assert Home(watch.settings.home).calendar.last_week > 0


def test_a_broken_folder_fails_the_ingest_in_one_line_and_once(tmp_path):
    (tmp_path / "empty").mkdir()
    settings = Settings(home=tmp_path / "home", raw=tmp_path / "empty")
    run = carried_out(settings, dg.RunRequest(job_name="ingest", tags={"hm/unattended": "true"}))
    (failure,) = [event for event in run.all_events if event.is_step_failure]
    said = failure.step_failure_data.user_failure_data.description
    assert "transactions_train.csv" in said
    assert "\n" not in said
    assert [event for event in run.all_events if event.is_step_up_for_retry] == []


def packed(folder, files):
    """Write raw files as a nightly job might: packed, in a subfolder."""
    (folder / "drop").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / "drop" / f"{name}.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    return folder


class Watch:
    """The sensor over a home, looked at again and again as the daemon does; loaded anew each time unless ``keep`` is set."""

    def __init__(self, settings, *, keep=False):
        self.settings, self.cursor, self.last_run_key = settings, None, None
        self.kept = build_defs(settings) if keep else None

    def tick(self):
        defs = self.kept or build_defs(self.settings)
        with dagster_instance(self.settings) as instance:
            context = dg.SensorEvaluationContext(
                None,
                instance=instance,
                cursor=self.cursor,
                last_run_key=self.last_run_key,
                repository_def=defs.get_repository_def(),
            )
            found = defs.resolve_sensor_def("new_weeks").evaluate_tick(context)
        self.cursor = found.cursor
        if found.run_requests:
            self.last_run_key = found.run_requests[-1].run_key
        return found

    def look(self):
        """Return the run key that is asked for, or why nothing is."""
        found = self.tick()
        return found.run_requests[0].run_key if found.run_requests else found.skip_message


@pytest.fixture
def watch(tmp_path):
    return Watch(Settings(home=tmp_path / "home", raw=packed(tmp_path / "raw", FILES)), keep=True)


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
    watch = Watch(Settings(home=tmp_path / "home", raw=tmp_path / "raw.zip"), keep=True)
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


def test_no_week_is_asked_for_that_was_ingested_after_it_was_loaded(fresh, raw, tmp_path):
    settings = fresh("reloads")
    calendar = Home(settings.home).calendar
    loaded = Watch(settings, keep=True)
    first = calendar.start(calendar.last_week)
    customer = Home(settings.home).static("customers").collect()["customer_hex"][0]
    article = Home(settings.home).static("articles").collect()["article_id"][0]
    lines = [f"{first + timedelta(day)},{customer},{article:010d},0.02,2\n" for day in range(7)]
    more = shutil.copytree(raw, tmp_path / "more")
    (more / TX).write_text(HEADER + "".join(lines))
    ingest(more, settings.home, settings=settings)
    week = str(first + timedelta(7))
    assert f"week {week} was ingested after" in loaded.look()
    later = Watch(settings)
    later.cursor, later.last_run_key = loaded.cursor, loaded.last_run_key
    assert later.tick().run_requests[0].partition_key == week
