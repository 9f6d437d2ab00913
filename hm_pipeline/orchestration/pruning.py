"""Pruning of a home: old partitions, fits and runs of Dagster's log, none of which a kept week needs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.progress import OnProgress
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.retention import removable, remove
from hm_pipeline.orchestration.checked_partitions import LAST, PARTITION
from hm_pipeline.orchestration.execute import graph_of
from hm_pipeline.orchestration.instance import dagster_instance

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun

KEPT = frozenset({"submission", "scoreboard", "signal_scores", "recall_budget"})  # what was served, and how it was evaluated


@dataclass(frozen=True)
class Pruned:
    """What left a home: partitions of tables, fits of models, their bytes, and runs of Dagster's log."""

    partitions: int
    fits: int
    size: int
    runs: int


def prune(settings: Settings, keep_weeks: int, *, dry_run: bool = False, report: OnProgress | None = None) -> Pruned:
    """Remove what is older than so many weeks and needed by none of them; the caller holds the home's lock.

    Runs of Dagster's log leave where all their partitions are older than whatever stays, so that what is there is still shown
    as made.
    """
    graph = graph_of(settings)
    old = removable(graph, keep_weeks, kept_tables=KEPT)
    stays = {path.parent for path in settings.home.glob("tables/**/week_id=*/manifest.json")} - {found.folder for found in old}
    computed = [path for path in stays if path.parent.name not in {*KEPT, "transactions"}]
    first = min((int(path.name.removeprefix("week_id=")) for path in computed), default=graph.calendar.first_week)
    for done, found in enumerate(() if dry_run else old, start=1):
        remove(found)
        if report:
            report("removed", done, len(old))
    fits = sum(found.folder.name.startswith("run=") for found in old)
    with dagster_instance(settings) as instance:
        runs = list(_old_runs(instance, graph.calendar, first))
        for run in () if dry_run else runs:
            instance.delete_run(run.run_id)
    return Pruned(len(old) - fits, fits, sum(found.size for found in old), len(runs))


def _old_runs(instance: "DagsterInstance", calendar: Calendar, first: int) -> "Iterator[DagsterRun]":
    """Yield the finished runs whose partitions all lie before a week."""
    for run in instance.get_runs():
        newest = run.tags.get(LAST) or run.tags.get(PARTITION)
        if run.is_finished and newest and newest < calendar.key(first):
            yield run
