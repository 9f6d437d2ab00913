"""Execution of plans: the stale partitions of what is asked for, as Dagster runs, one writer at a time."""

import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from hm_pipeline.assets import STEPS
from hm_pipeline.base.errors import HMError, linked
from hm_pipeline.base.progress import OnProgress
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.libraries import changed_libraries, record_libraries
from hm_pipeline.engine.partition_files import UNPARTITIONED
from hm_pipeline.engine.plan import Graph, Run
from hm_pipeline.engine.staging import recovered
from hm_pipeline.engine.step import Step
from hm_pipeline.engine.unexpected import foreseen, plain
from hm_pipeline.orchestration.checked_partitions import FIRST, LAST, PARTITION
from hm_pipeline.orchestration.command_runs import COMMAND, command_tags, listed, report_commands
from hm_pipeline.orchestration.due import SERVING
from hm_pipeline.orchestration.ingest_events import report_ingested
from hm_pipeline.orchestration.instance import dagster_instance
from hm_pipeline.orchestration.preconditions import require_feasible

if TYPE_CHECKING:
    from dagster import DagsterInstance, JobDefinition

SILENT_LOGGERS = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}  # errors come back as exceptions


@dataclass(frozen=True)
class RunSummary:
    """Summary of a run: partitions by step, the Dagster runs it took, how long, and which libraries have changed since the last."""

    made: dict[str, int]
    runs: int
    seconds: float
    libraries: tuple[str, ...] = ()

    @property
    def partitions(self) -> int:
        """Partitions made in all."""
        return sum(self.made.values())


def graph_of(settings: Settings) -> Graph:
    """Return the product's graph over a home."""
    return Graph(STEPS, Home(settings.home), settings)


def materialize(
    settings: Settings,
    targets: Sequence[tuple[str, int]],
    *,
    audiences: Mapping[int, str] | None = None,
    force: bool = False,
    steps: Mapping[str, Step] = STEPS,
    report: OnProgress | None = None,
    command: str = "Python",
) -> RunSummary:
    """Make the targets and all that they need, and nothing that is current.

    Parameters
    ----------
    targets
        Steps and weeks.
    audiences
        Kind of audience by week, where it is not the usual one.
    force
        Make the targets although they are current.
    report
        Called with the step, and the partitions done of all.
    command
        What asks for it, shown with its runs in Dagster.

    Raises
    ------
    HMError
        If an input is missing, a week is too early, or another process writes to the home.
    """
    started = time.perf_counter()
    with recovered(settings.home):
        graph = Graph(steps, Home(settings.home), settings, dict(audiences or {}))
        libraries = tuple(changed_libraries(settings.home))
        stale = graph.stale(targets, force=force)
        require_feasible(graph, stale)
        runs = graph.runs(stale)
        if runs:
            job = "week" if any(name in SERVING for name, _ in targets) else "backfill"
            _execute(graph, runs, report, job, command)
        record_libraries(settings.home)
    return RunSummary({name: len(weeks) for name, weeks in stale.items()}, len(runs), time.perf_counter() - started, libraries)


def _execute(graph: Graph, runs: Sequence[Run], report: OnProgress | None, name: str, command: str) -> None:
    import dagster as dg  # noqa: PLC0415 - seconds that a run with nothing to do need not pay

    from hm_pipeline.orchestration.definitions import build_defs  # noqa: PLC0415 - as above
    from hm_pipeline.orchestration.partitions import asset_key  # noqa: PLC0415 - as above

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=dg.BetaWarning)
        warnings.simplefilter("ignore", category=DeprecationWarning)
        job = build_defs(graph.settings, steps=graph.steps, graph=graph, report=report).resolve_job_def(name)
        with dagster_instance(graph.settings) as instance:
            _fail_orphaned_runs(instance)
            report_commands(instance, graph.settings)
            report_ingested(instance, graph.settings)
            newest = max(run.last for run in runs)
            with listed(instance, name):
                look = partial(_look_at_inputs, job, graph, runs, instance, command)
                _carry_out(look, graph, Run(("checks of what is read",), newest, newest))
            for run in runs:
                keys = [asset_key(name) for name in run.steps]
                span = {} if run.first == UNPARTITIONED else _span(graph.calendar.key(run.first), graph.calendar.key(run.last))
                tags = {**span, **command_tags(command)}
                # Every partition is validated as it is written; the asset checks read the newest ones back.
                read_back = job.asset_layer.asset_graph.asset_check_keys if run.last == newest or run.first == UNPARTITIONED else ()
                checks = frozenset(check for check in read_back if check.asset_key in keys)
                part = job.get_subset(asset_selection=frozenset(keys), asset_check_selection=checks)
                work = partial(part.execute_in_process, tags=tags, instance=instance, run_config=SILENT_LOGGERS)
                with listed(instance, name):
                    _carry_out(work, graph, run)


def _look_at_inputs(job: "JobDefinition", graph: Graph, runs: Sequence[Run], instance: "DagsterInstance", command: str) -> None:
    """Run the blocking checks of what the newest week is made of and the runs do not make: a fault must not go on."""
    from hm_pipeline.orchestration.checks import check_key  # noqa: PLC0415 - as above
    from hm_pipeline.orchestration.table_checks import checks_of  # noqa: PLC0415 - as above

    newest = max(run.last for run in runs)
    made = [name for run in runs if run.last == newest != UNPARTITIONED for name in run.steps]
    read = {read.name for name in made for read in graph.steps[name].reads} - set(made)
    keys = frozenset(
        check_key(step, check) for name, step in graph.steps.items() if name in read for check in checks_of(step) if check.is_blocking
    )
    if keys:
        part = job.get_subset(asset_selection=frozenset(), asset_check_selection=keys)
        tags = {PARTITION: graph.calendar.key(newest), **command_tags(command)}
        part.execute_in_process(tags=tags, instance=instance, run_config=SILENT_LOGGERS)


def _carry_out(work: Callable[[], object], graph: Graph, run: Run) -> None:
    """Execute a run; of what Dagster wraps an error in, nothing leaves but that error, and Ctrl-C is Ctrl-C."""

    def failure() -> HMError | None:
        try:
            work()
        except Exception as error:
            found = next((one for one in linked(error) if isinstance(one, HMError)), None)
            if found is None:
                raise
            return found
        return None

    name = run.steps[0] if len(run.steps) == 1 else f"{run.steps[0]} to {run.steps[-1]}"
    week = "" if run.first == UNPARTITIONED else " to ".join(dict.fromkeys(graph.calendar.key(week) for week in (run.first, run.last)))
    try:
        wrong = foreseen(failure, home=graph.home.root, step=name, week=week)
    except _interruption():
        raise KeyboardInterrupt from None
    if wrong:
        raise plain(wrong)


def _interruption() -> type[BaseException]:
    from dagster._core.errors import DagsterExecutionInterruptedError  # noqa: PLC0415 - as above

    return DagsterExecutionInterruptedError


def _fail_orphaned_runs(instance: "DagsterInstance") -> None:
    """Mark the runs of `hm` as failed that a killed process left under way: who holds the home's lock is the only one."""
    import dagster as dg  # noqa: PLC0415 - as above

    under_way = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    for run in (run for run in instance.get_runs(filters=dg.RunsFilter(statuses=under_way)) if COMMAND in run.tags):
        instance.report_run_failed(run, message="The process was killed; what it had finished stays.")


def _span(first: str, last: str) -> dict[str, str]:
    if first == last:
        return {PARTITION: first}
    span = {FIRST: first, LAST: last}
    return span | {"hm/weeks": f"{first} to {last}"}  # those of Dagster are not shown in its list
