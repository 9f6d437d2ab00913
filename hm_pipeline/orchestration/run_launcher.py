"""Run launcher that can see whether a run's process is alive, so that a run that died with its machine does not hold up the others.

Dagster's own launcher cannot: what was under way at a power cut would stay so for ever, and one run at a time is the rule.
"""

import psutil
from dagster import DagsterEventType, DagsterRun, DefaultRunLauncher
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster._core.storage.tags import GRPC_INFO_TAG

CLOCK = 60.0  # seconds that the clock may have been set back since a process started


class ProcessRunLauncher(DefaultRunLauncher):
    """Dagster's default launcher, with a look at the process that a run recorded when it started."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Whether :meth:`check_run_worker_health` can be asked."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Return whether the process of a run is alive; runs of `hm` end with their command and are not looked at."""
        if GRPC_INFO_TAG not in run.tags:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "not launched from here")
        process = self._process_of(run.run_id)
        if process is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "its process has not started yet")
        number, started = process
        if _is_alive(number, started):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, f"process {number} is gone: it was killed, or the machine was restarted")

    def _process_of(self, run_id: str) -> tuple[int, float] | None:
        """Return the number of the newest process of a run, and when it recorded it."""
        for event in reversed(self._instance.all_logs(run_id, of_type=DagsterEventType.ENGINE_EVENT)):
            metadata = event.get_dagster_event().engine_event_data.metadata
            if "pid" in metadata:
                return int(str(metadata["pid"].value)), event.timestamp
        return None


def _is_alive(number: int, recorded: float) -> bool:
    """Return whether a process of this number runs that had started before it was recorded: numbers are given again.

    One that was killed and that nobody has waited for, as in a container without an init, runs no more.
    """
    try:
        process = psutil.Process(number)
        return bool(process.create_time() <= recorded + CLOCK and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
