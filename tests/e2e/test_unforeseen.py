"""An error that nobody foresaw, planted in the body of each kind of step: one line, its traceback in a file, nothing else left."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from hm_pipeline.assets import STEPS
from hm_pipeline.base.errors import MissingInput, Unforeseen, WorkerLost
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.lock import write_lock
from hm_pipeline.engine.presentation import Check
from hm_pipeline.engine.step import at
from hm_pipeline.orchestration.definitions import build_defs
from hm_pipeline.orchestration.due import SERVING
from hm_pipeline.orchestration.execute import materialize
from hm_pipeline.orchestration.instance import dagster_instance
from tests.e2e import planted
from tests.e2e.crashes import environment, start
from tests.e2e.test_writers import told

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own

ALONE = {"reads": (at("articles"),), "model": None, "warm_up": 0}  # with nothing to be made before it


@pytest.fixture(scope="module")
def settings(fresh):
    return fresh("unforeseen")


def left_over(home):
    """What a run that fails must not leave: temporary files, and partitions that nobody signed."""
    asides = [path for path in home.rglob("*.tmp") if path.is_file() or path.is_dir()]
    unsigned = [path for path in home.glob("tables/**/*.parquet") if not (path.parent / "manifest.json").exists()]
    return asides + unsigned


def week_of(settings, name):
    """Return a week that a step is made for: what is served is served in the last one."""
    calendar = Home(settings.home).calendar
    return calendar.last_week if name in SERVING else calendar.first_week


def fails(settings, name, **changed):
    """Make a planted step and return the one error that comes of it, after the home was looked at."""
    week_id = week_of(settings, name)
    before = set(settings.home.glob("errors/*"))
    with pytest.raises(Unforeseen) as caught:
        materialize(settings, [(name, week_id)], steps={**STEPS, name: replace(STEPS[name], **changed)}, force=True)
    error = caught.value
    assert (error.__cause__, error.__context__) == (None, None)
    assert "\n" not in str(error)
    assert left_over(settings.home) == []
    with write_lock(settings.home):  # nobody else holds it
        pass
    (file,) = (file for file in set(settings.home.glob("errors/*")) - before if str(file) in error.hint)
    assert error.where.startswith(name)
    return error, file.read_text()


KINDS = {
    "history": ("history/article_sales", planted.plain, {}),
    "model": ("model/visit_propensity", planted.plain, ALONE),
    "search": ("search", planted.its_own_cause, ALONE),
    "sharded": ("signal/activity", planted.ring, {}),
    "online load": ("online_store", planted.mute, ALONE),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_that_fails_is_one_line_and_the_next_run_succeeds(settings, kind):
    name, body, changed = KINDS[kind]
    error, traceback = fails(settings, name, body=body, **changed)
    week_id = week_of(settings, name)
    assert Home(settings.home).calendar.key(week_id) in error.where
    assert f"in {body.__name__}" in traceback
    if not changed:
        assert materialize(settings, [(name, week_id)], force=True).made[name] == 1


@pytest.mark.parametrize("body", [planted.stubborn, planted.panics])
def test_whatever_a_worker_raises_is_one_line(settings, body):
    two = settings.model_copy(update={"workers": 2})
    error, traceback = fails(two, "signal/activity", body=body)
    assert body.__name__.rstrip("s") in error.what.lower()
    assert f"in {body.__name__}" in traceback


def test_a_worker_that_dies_is_one_line_and_the_next_run_succeeds(settings):
    two, first = settings.model_copy(update={"workers": 2}), Home(settings.home).calendar.first_week
    steps = {**STEPS, "signal/activity": replace(STEPS["signal/activity"], body=planted.dies)}
    with pytest.raises(WorkerLost, match=r"2 workers.*HM_WORKERS"):
        materialize(two, [("signal/activity", first)], steps=steps, force=True)
    assert left_over(settings.home) == []
    assert materialize(settings, [("signal/activity", first)], force=True).made["signal/activity"] == 1


def test_an_error_of_ours_whose_chain_holds_itself_keeps_its_words(settings):
    def body(*_):
        try:
            planted.ring()
        except KeyError as error:
            raise MissingInput("no such thing", where="there", hint="bring it") from error

    steps = {**STEPS, "signal/activity": replace(STEPS["signal/activity"], body=body)}
    with pytest.raises(MissingInput, match="no such thing") as caught:
        materialize(settings, [("signal/activity", Home(settings.home).calendar.first_week)], steps=steps, force=True)
    assert caught.value.__cause__ is None


def test_a_check_that_fails_by_itself_is_one_line(settings):
    check = Check("planted", "A check with a fault of its own.", planted.ring)
    steps = {**STEPS, "history/article_sales": replace(STEPS["history/article_sales"], checks=(check,))}
    with pytest.raises(Unforeseen, match="check planted of history/article_sales, week") as caught:
        materialize(settings, [("history/article_sales", Home(settings.home).calendar.first_week)], steps=steps, force=True)
    assert "KeyError" in caught.value.what


PLANTED = """
import sys
from dataclasses import replace
from hm_pipeline import assets
from hm_pipeline.cli import app as cli
from tests.e2e import planted
name, body = sys.argv.pop(1), getattr(planted, sys.argv.pop(1))
assets.STEPS[name] = replace(assets.STEPS[name], body=body)
cli.main()
"""


def test_the_command_ends_with_code_one_and_one_line(fresh):
    home = fresh("ended").home
    week = Home(home).calendar.key(Home(home).calendar.last_week)
    command = [sys.executable, "-c", PLANTED, "embeddings", "its_own_cause", "run", "--week", week, "--json"]
    ended = subprocess.run(command, env=environment(home), capture_output=True, text=True, timeout=120, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    line = told(ended.stderr)
    assert line.startswith("hm: AssertionError: planted, its own cause (embeddings, week 20")
    (file,) = home.glob("errors/*")
    assert str(file) in line
    assert "in its_own_cause" in file.read_text()
    assert left_over(home) == []


INTERRUPTED = """
from dataclasses import replace
from hm_pipeline import assets
from hm_pipeline.cli import app as cli
from hm_pipeline.orchestration.execute import materialize
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.home import Home
from tests.e2e import planted
steps = {**assets.STEPS, "signal/activity": replace(assets.STEPS["signal/activity"], body=planted.sleeps)}
@cli.app.command()
def sleep():
    settings = Settings.from_environment()
    materialize(settings, [("signal/activity", Home(settings.home).calendar.first_week)], steps=steps)
cli.main()
"""


def test_ctrl_c_ends_workers_too_with_code_130_and_no_traceback(fresh, monkeypatch):
    monkeypatch.setenv("HM_WORKERS", "2")
    home = fresh("interrupted").home
    process = start(home, "sleep", code=INTERRUPTED)
    while len(marks := list(home.glob("process-*"))) < 2:
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert not [mark for mark in marks if Path(f"/proc/{mark.name.removeprefix('process-')}").exists()]
    assert left_over(home) == []
    assert not (home / "errors").exists()
    with write_lock(home):
        pass


def test_a_run_of_the_ui_shows_the_line_first(settings):
    steps = {**STEPS, "feature_store": replace(STEPS["feature_store"], body=planted.ring)}
    job = build_defs(settings, steps=steps).resolve_implicit_global_asset_job_def()
    part = job.get_subset(asset_selection=frozenset([dg.AssetKey("feature_store")]), asset_check_selection=frozenset())
    with dagster_instance(settings) as instance:
        run = part.execute_in_process(instance=instance, raise_on_error=False)
    (failure,) = [event.step_failure_data for event in run.all_events if event.is_step_failure]
    assert failure.user_failure_data.description.startswith("KeyError: 'planted in a ring 0' (feature_store): the full traceback is in")
    assert "\n" not in failure.user_failure_data.description


def test_outside_a_step_it_is_one_line_too(hm, tmp_path, monkeypatch):
    """A calendar that is no JSON, in a home that cannot be written."""
    (tmp_path / "calendar.json").write_text("[1, 2")
    code, _, said = hm(tmp_path, "recommend", "0" * 64, "--week", "2020-09-23")
    assert code == 1
    line = told(said)
    assert "hm recommend" in line
    (file,) = tmp_path.glob("errors/*")
    assert str(file) in line
    file.unlink()
    file.parent.rmdir()
    file.parent.write_text("no folder")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert str(tmp_path / "hm-") in told(hm(tmp_path, "recommend", "0" * 64, "--week", "2020-09-23")[2])
