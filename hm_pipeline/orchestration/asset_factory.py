"""Factory of Dagster assets from steps: partitions, lineage and metadata.

The only module that turns weeks into partition keys.  No computation of a step is here.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import dagster as dg

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.progress import OnProgress
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.materialize import Runner
from hm_pipeline.engine.partition_files import UNPARTITIONED, Manifest
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.staging import recovered
from hm_pipeline.engine.step import Step, merge_dependencies
from hm_pipeline.features.checks import views_by_table
from hm_pipeline.orchestration.dagster_failure import as_dagster_failure
from hm_pipeline.orchestration.descriptions import describe, group_of
from hm_pipeline.orchestration.due import SERVING
from hm_pipeline.orchestration.metadata import columns, measures, preview_metadata, view
from hm_pipeline.orchestration.partitions import asset_key, dependency, weekly_partitions
from hm_pipeline.orchestration.preconditions import require_feasible
from hm_pipeline.orchestration.serving import freshness, not_served
from hm_pipeline.orchestration.unattended import attempt_of, is_unattended


class HomeResource:
    """Home that a run writes to, and the callback for its progress.

    Parameters
    ----------
    graph
        All steps over one home.
    report
        Called with the step, and the partitions done of all.
    is_planned
        All that is read is there already, so that nobody need look for it.
    """

    def __init__(self, graph: Graph, report: OnProgress | None = None, *, is_planned: bool = False) -> None:
        self.graph, self.is_planned, self.is_looked_at = graph, is_planned, False
        self.report = report or (lambda _step, _done, _all: None)


def asset(step: Step, steps: dict[str, Step], weeks: dg.PartitionsDefinition[str], *, late_after: int) -> dg.AssetsDefinition:
    """Make the asset of a step: it makes the partitions it is asked for, week by week, and reports each one."""
    is_weekly = step.is_weekly

    def body(context: dg.AssetExecutionContext, work: dg.ResourceParam[HomeResource]) -> Iterator[dg.Output[None]]:
        """Make the partitions of this run; where there is none to make, nothing is reported as made."""
        keys = list(context.partition_keys) if is_weekly else [None]
        week = " to ".join(dict.fromkeys(str(key) for key in (keys[0], keys[-1]) if key))
        made = as_dagster_failure(
            lambda: _make_all(context, work, step, keys),
            home=work.graph.home.root,
            step=step.name,
            week=week,
            attempt=attempt_of(context),
        )
        if made:
            yield dg.Output(None)

    reads = merge_dependencies(replace(read, of_audience=False) for read in step.reads)
    count = len(weeks.get_partition_keys())
    make: Any = dg.asset(
        key=asset_key(step.name),
        deps=[dependency(step, read, steps, count) for read in reads] + ([asset_key(step.model)] if step.model else []),
        partitions_def=weeks if is_weekly else None,
        backfill_policy=dg.BackfillPolicy.multi_run() if is_weekly else None,  # a week that fails leaves the others
        group_name=group_of(step),
        description=describe(step),
        code_version=step.version(),
        kinds={"python"} if step.kind == "model" else {"polars"},
        metadata={**columns(step), **view(step)},
        tags={"feast/view": served.name} if (served := views_by_table().get(step.name)) else None,
        io_manager_key="io_manager",
        output_required=step.name not in SERVING,
        freshness_policy=freshness(late_after) if step.name in SERVING else None,
    )(body)
    return make  # type: ignore[no-any-return]


def _make_all(context: dg.AssetExecutionContext, work: HomeResource, step: Step, keys: Sequence[str | None]) -> bool:
    """Make the partitions, and return whether there was one to make."""
    manifests = []
    with recovered(work.graph.home.root, wait=context.log.warning):
        _refuse(context, work, keys)
        for done, key in enumerate(keys, start=1):
            if key and (reason := not_served(work.graph, step.name, work.graph.calendar.parse(key))):
                context.log.warning("%s is left out: %s", step.name, reason)
                continue
            _materialize_missing(context, work, step, key)
            manifests.append(_materialize_partition(context, work.graph, step, key, is_newest=done == len(keys)))
            work.report(step.name, done, len(keys))
    if manifests:
        context.set_data_version(context.asset_key, dg.DataVersion("-".join(sorted({m.fingerprint for m in manifests}))[:64]))
    return bool(manifests)


def _refuse(context: dg.AssetExecutionContext, work: HomeResource, keys: Sequence[str | None]) -> None:
    """Refuse a run of the UI at its first week, if what it is asked for cannot be made to its end."""
    if work.is_planned or work.is_looked_at or None in keys:
        return
    graph, chosen = (
        work.graph,
        frozenset(context.job_def.asset_layer.executable_asset_keys) & (context.run.asset_selection or _every(work.graph)),
    )
    names = [name for name, step in graph.steps.items() if not step.is_ingested and asset_key(name) in chosen]
    weeks = [graph.calendar.parse(key) for key in keys if key]
    require_feasible(
        graph, graph.unstored([(name, week_id) for week_id in weeks for name in names if not _is_left_out(graph, name, week_id)])
    )
    work.is_looked_at = True


def _is_left_out(graph: Graph, name: str, week_id: int) -> bool:
    return graph.evaluates_unknown_week(name, week_id) or bool(not_served(graph, name, week_id))


def _every(graph: Graph) -> frozenset[dg.AssetKey]:
    return frozenset(map(asset_key, graph.steps))


def _materialize_missing(context: dg.AssetExecutionContext, work: HomeResource, step: Step, key: str | None) -> None:
    """Make what the partition reads and nobody has made, so that any week can be asked for in the UI.

    What is stale stays, but where nobody watches: a late file changes weeks that the newest one is made from.
    """
    graph, asked_week = work.graph, UNPARTITIONED if key is None else work.graph.calendar.parse(key)
    if work.is_planned or step.is_ingested or graph.evaluates_unknown_week(step.name, asked_week):
        return
    for name, weeks in _needed(graph, step, asked_week, and_stale=is_unattended(context.run)).items():
        for week_id in weeks:
            started = time.perf_counter()
            manifest = Runner(graph).materialize(name, week_id)
            seconds = round(time.perf_counter() - started, 3)
            facts: dict[str, Any] = {
                "rows": manifest.rows,
                "seconds": seconds,
                "fingerprint": manifest.fingerprint,
                "made for": f"{step.name} {key or ''}",
            }
            partition = None if week_id == UNPARTITIONED else graph.calendar.key(week_id)
            context.log_event(dg.AssetMaterialization(asset_key(name), partition=partition, metadata=facts))
            context.log.info("%s %s was missing or stale: %d rows in %.1f s", name, partition or "", manifest.rows, seconds)


def _needed(graph: Graph, step: Step, week_id: int, *, and_stale: bool) -> dict[str, list[int]]:
    """Return what a partition reads and is not there, or is stale where nobody watches; in the order in which it is made."""
    if not and_stale:
        return graph.missing(step.name, week_id)
    itself = (step.name, graph.partition_week(step, week_id))
    return {name: [week for week in weeks if (name, week) != itself] for name, weeks in graph.stale([(step.name, week_id)]).items()}


def _materialize_partition(context: dg.AssetExecutionContext, graph: Graph, step: Step, key: str | None, *, is_newest: bool) -> Manifest:
    started = time.perf_counter()
    week_id = UNPARTITIONED if key is None else graph.calendar.parse(key)
    if graph.evaluates_unknown_week(step.name, week_id):  # asked for together with what serves the week, by the schedule for one
        context.add_asset_metadata({"rows": 0, "left out": graph.unknown(week_id)}, partition_key=key)
        return Manifest("absent", ())
    if step.is_ingested or (is_unattended(context.run) and graph.is_current(step.name, week_id)):  # made by the ingest, or before a cut
        manifest = Manifest.load(graph.folder(step.name, week_id)) or Manifest("absent", ())
    else:
        manifest = Runner(graph).materialize(step.name, week_id)
    seconds = round(time.perf_counter() - started, 3)
    facts: dict[str, Any] = {"rows": manifest.rows}
    if manifest.audience:
        facts["audience"] = manifest.audience.split(":")[0]
    facts |= measures(manifest.metrics)
    if is_newest:  # a range of weeks would fill the log with the same rows and pictures
        facts |= preview_metadata(context, graph, step, week_id, manifest)
    facts |= {"seconds": seconds, "fingerprint": manifest.fingerprint}
    context.add_asset_metadata(facts, partition_key=key) if key else context.add_asset_metadata(facts)
    context.log.info("%s %s: %d rows in %.1f s", step.name, key or "", manifest.rows, seconds)
    return manifest


def build_graph(steps: dict[str, Step], settings: Settings) -> Graph:
    """Return the graph over the home of the settings."""
    return Graph(steps, Home(settings.home), settings)


def assets(steps: dict[str, Step], calendar: Calendar, *, late_after: int) -> list[dg.AssetsDefinition]:
    """Make the assets of all steps, in order.

    Parameters
    ----------
    late_after
        Days after which a week that was due is late.
    """
    weeks = weekly_partitions(calendar)
    return [asset(step, steps, weeks, late_after=late_after) for step in steps.values()]
