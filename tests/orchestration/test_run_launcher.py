"""The launcher's look at the process of a run: alive, gone, or somebody else's by now."""

import os
import subprocess
import sys
import time

import dagster as dg
import pytest
from dagster._core.events import EngineEventData
from dagster._core.launcher import WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

from hm_pipeline.base.settings import Settings
from hm_pipeline.orchestration.instance import dagster_instance
from hm_pipeline.orchestration.run_launcher import ProcessRunLauncher

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own
LAUNCHED = {GRPC_INFO_TAG: "{}"}


@pytest.fixture
def instance(tmp_path):
    with dagster_instance(Settings(home=tmp_path)) as opened:
        yield opened


def health(instance, pid=None, *, tags=LAUNCHED, recorded=None):
    run = instance.add_run(dg.DagsterRun("week", status=dg.DagsterRunStatus.STARTED, tags=tags))
    if pid:
        event = dg.DagsterEvent(dg.DagsterEventType.ENGINE_EVENT.value, "week", event_specific_data=EngineEventData.in_process(pid))
        instance.report_dagster_event(event, run.run_id, timestamp=recorded)
    return instance.run_launcher.check_run_worker_health(run).status


def test_it_is_the_launcher_of_a_home(instance):
    assert isinstance(instance.run_launcher, ProcessRunLauncher)
    assert instance.run_launcher.supports_check_run_worker_health


def test_a_process_that_is_there_runs_and_one_that_was_killed_has_failed(instance):
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert health(instance, process.pid) == WorkerStatus.RUNNING
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it is dead, and nobody has waited for it
        assert health(instance, process.pid) == WorkerStatus.FAILED
    assert health(instance, process.pid) == WorkerStatus.FAILED


def test_a_number_that_was_given_again_is_no_sign_of_life(instance):
    assert health(instance, os.getpid(), recorded=time.time()) == WorkerStatus.RUNNING
    assert health(instance, os.getpid(), recorded=time.time() - 1e6) == WorkerStatus.FAILED


def test_a_run_that_has_not_started_or_is_a_commands_is_left_alone(instance):
    assert health(instance) == WorkerStatus.RUNNING
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    assert health(instance, int(gone.stdout), tags={}) == WorkerStatus.RUNNING
