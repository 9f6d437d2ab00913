"""How a step becomes a Dagster asset: partitions, lineage and metadata.

The only module that turns weeks into partition keys.  What the steps compute is not known here.
"""

import base64
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import dagster as dg
import polars as pl

from hm_pipeline.base.calendar import REFERENCE, Calendar
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.materialize import Runner
from hm_pipeline.engine.plan import STATIC, Graph
from hm_pipeline.engine.staging import settled
from hm_pipeline.engine.step import Reads, Step, merged
from hm_pipeline.engine.tables import Home, Manifest
from hm_pipeline.features.tables import feature_tables
from hm_pipeline.orchestration.dagster_failure import failing
from hm_pipeline.orchestration.preconditions import refuse
from hm_pipeline.orchestration.preview_tables import tables
from hm_pipeline.orchestration.previews import pictures, sample
from hm_pipeline.orchestration.stories import describe, group_of

Report = Callable[[str, int, int], None]
VIEWS = {table.table: table for table in feature_tables()}
CELL = 40  # characters shown of a value


class Work:
    """The home a run writes to, and whom it tells what was done.

    Parameters
    ----------
    graph
        All steps over one home.
    report
        Told the step, and the partitions done of all.
    is_planned
        All that is read is there already, so that nobody need look for it.
    """

    def __init__(self, graph: Graph, report: Report | None = None, *, is_planned: bool = False) -> None:
        self.graph, self.is_planned, self.is_looked_at = graph, is_planned, False
        self.report = report or (lambda _step, _done, _all: None)


def calendar_of(settings: Settings) -> Calendar:
    """Return the home's calendar, the reference calendar where nothing was ingested yet."""
    path = settings.home / "calendar.json"
    return Calendar.load(path) if path.exists() else REFERENCE


def weekly_partitions(calendar: Calendar) -> dg.TimeWindowPartitionsDefinition:
    """Return the weeks of a calendar as partitions, keyed by their first day."""
    first = calendar.start(calendar.first_week)
    return dg.TimeWindowPartitionsDefinition(
        start=first.isoformat(),
        end=calendar.start(calendar.last_week + 1).isoformat(),
        fmt="%Y-%m-%d",
        cron_schedule=f"0 0 * * {first.isoweekday() % 7}",
    )


def asset(step: Step, steps: dict[str, Step], weeks: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Make the asset of a step: it makes the partitions it is asked for, week by week, and reports each one."""
    is_weekly = step.kind != "static"

    def body(context: dg.AssetExecutionContext, work: dg.ResourceParam[Work]) -> None:
        """Make the partitions of this run."""
        keys = list(context.partition_keys) if is_weekly else [None]
        week = " to ".join(dict.fromkeys(str(key) for key in (keys[0], keys[-1]) if key))
        failing(lambda: _make_all(context, work, step, keys), home=work.graph.home.root, step=step.name, week=week)

    reads = merged(replace(read, of_audience=False) for read in step.reads)
    count = len(weeks.get_partition_keys())
    make: Any = dg.asset(
        key=dg.AssetKey(step.name.split("/")),
        deps=[_dependency(step, read, steps, count) for read in reads] + ([_key(step.model)] if step.model else []),
        partitions_def=weeks if is_weekly else None,
        backfill_policy=dg.BackfillPolicy.multi_run() if is_weekly else None,  # a week that fails leaves the others
        group_name=group_of(step),
        description=describe(step),
        code_version=step.version(),
        kinds={"python"} if step.kind == "model" else {"polars"},
        metadata={**_columns(step), **_view(step)},
        tags={"feast/view": VIEWS[step.name].name} if step.name in VIEWS else None,
        io_manager_key="io_manager",
    )(body)
    return make  # type: ignore[no-any-return]


def _key(name: str) -> dg.AssetKey:
    return dg.AssetKey(name.split("/"))


def _make_all(context: dg.AssetExecutionContext, work: Work, step: Step, keys: Sequence[str | None]) -> None:
    manifests = []
    with settled(work.graph.home.root, wait=context.log.warning):
        _refuse(context, work, keys)
        for done, key in enumerate(keys, start=1):
            _complete(context, work, step, key)
            manifests.append(_make(context, work.graph, step, key, is_newest=done == len(keys)))
            work.report(step.name, done, len(keys))
    context.set_data_version(context.asset_key, dg.DataVersion("-".join(sorted({m.fingerprint for m in manifests}))[:64]))


def _refuse(context: dg.AssetExecutionContext, work: Work, keys: Sequence[str | None]) -> None:
    """Refuse a run of the UI at its first week, if what it is asked for cannot be made to its end."""
    if work.is_planned or work.is_looked_at or None in keys:
        return
    graph, chosen = (
        work.graph,
        frozenset(context.job_def.asset_layer.executable_asset_keys) & (context.run.asset_selection or _every(work.graph)),
    )
    names = [name for name, step in graph.steps.items() if not step.is_ingested and _key(name) in chosen]
    weeks = [graph.calendar.parse(key) for key in keys if key]
    refuse(graph, graph.lacking([(name, week_id) for week_id in weeks for name in names if not graph.judges(name, week_id)]))
    work.is_looked_at = True


def _every(graph: Graph) -> frozenset[dg.AssetKey]:
    return frozenset(map(_key, graph.steps))


def _complete(context: dg.AssetExecutionContext, work: Work, step: Step, key: str | None) -> None:
    """Make what the partition reads and nobody has made, so that any week can be asked for in the UI; what is stale stays."""
    graph, asked_week = work.graph, STATIC if key is None else work.graph.calendar.parse(key)
    if work.is_planned or step.is_ingested or graph.judges(step.name, asked_week):
        return
    for name, weeks in graph.missing(step.name, asked_week).items():
        for week_id in weeks:
            started = time.perf_counter()
            manifest = Runner(graph).produce(name, week_id)
            seconds = round(time.perf_counter() - started, 3)
            facts: dict[str, Any] = {
                "rows": manifest.rows,
                "seconds": seconds,
                "fingerprint": manifest.fingerprint,
                "made for": f"{step.name} {key or ''}",
            }
            partition = None if week_id == STATIC else graph.calendar.key(week_id)
            context.log_event(dg.AssetMaterialization(_key(name), partition=partition, metadata=facts))
            context.log.info("%s %s was missing: %d rows in %.1f s", name, partition or "", manifest.rows, seconds)


def _make(context: dg.AssetExecutionContext, graph: Graph, step: Step, key: str | None, *, is_newest: bool) -> Manifest:
    started = time.perf_counter()
    week_id = STATIC if key is None else graph.calendar.parse(key)
    if graph.judges(step.name, week_id):  # asked for together with what serves the week, by the schedule for one
        context.add_asset_metadata({"rows": 0, "left out": graph.unknown(week_id)}, partition_key=key)
        return Manifest("absent", ())
    if step.is_ingested:  # one pass over the files wrote all weeks, so there is nothing to do per week
        manifest = Manifest.load(graph.folder(step.name, week_id)) or Manifest("absent", ())
    else:
        manifest = Runner(graph).produce(step.name, week_id)
    seconds = round(time.perf_counter() - started, 3)
    facts: dict[str, Any] = {"rows": manifest.rows, "seconds": seconds, "fingerprint": manifest.fingerprint, **manifest.figures}
    if manifest.audience:
        facts["audience"] = manifest.audience.split(":")[0]
    if is_newest:  # a range of weeks would fill the log with the same rows and pictures
        facts |= _exhibits(context, graph, step, week_id, manifest)
    context.add_asset_metadata(facts, partition_key=key) if key else context.add_asset_metadata(facts)
    context.log.info("%s %s: %d rows in %.1f s", step.name, key or "", manifest.rows, seconds)
    return manifest


def _exhibits(context: dg.AssetExecutionContext, graph: Graph, step: Step, week_id: int, manifest: Manifest) -> dict[str, Any]:
    """Return the sample, the tables and the pictures as metadata; what cannot be shown is a warning, as the partition is whole."""
    shown: dict[str, Any] = {}
    try:
        rows = sample(graph, step, week_id, manifest)
        if rows.width:
            shown["sample"] = dg.MetadataValue.md(markdown_table(rows))
        shown |= {name: dg.MetadataValue.md(table) for name, table in tables(graph, step.name, week_id).items()}
        for name, picture in pictures(graph, step, week_id).items():
            shown[name] = dg.MetadataValue.md(f"![{name}](data:image/{_kind(picture)};base64,{base64.b64encode(picture).decode()})")
    except Exception as error:  # noqa: BLE001 - a picture must never fail a run
        context.log.warning("%s is made, but cannot be shown: %s: %s", step.name, type(error).__name__, error)
    return shown


def _kind(picture: bytes) -> str:
    return "png" if picture.startswith(b"\x89PNG") else "jpeg"


def markdown_table(rows: pl.DataFrame) -> str:
    """Return rows as a Markdown table, a column of the table in a column of the page."""
    lines = [rows.columns, ["---"] * rows.width, *([_cell(value) for value in row] for row in rows.iter_rows())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: object) -> str:
    text = "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
    return text[:CELL].replace("|", "\\|").replace("\n", " ")


def _dependency(step: Step, read: Reads, steps: dict[str, Step], weeks: int) -> dg.AssetDep | dg.AssetKey:
    """Say which partitions of another asset are read; the UI's lineage and staleness follow from it."""
    if steps[read.name].kind == "static" or step.kind == "static":
        return _key(read.name)
    first = -weeks if read.first is None else read.first  # no further: Dagster walks there week by week
    mapping = dg.TimeWindowPartitionMapping(start_offset=first, end_offset=read.last, allow_nonexistent_upstream_partitions=True)
    return dg.AssetDep(_key(read.name), partition_mapping=mapping)


def _columns(step: Step) -> dict[str, Any]:
    if step.schema is None:
        return {}
    columns = [dg.TableColumn(name, type(column).__name__, column.description or "") for name, column in step.schema.columns().items()]
    return {"dagster/column_schema": dg.TableSchema(columns), "dagster/table_name": step.name}


def _view(step: Step) -> dict[str, Any]:
    """Return the Feast view that serves a step's table, its keys and its services."""
    table = VIEWS.get(step.name)
    if table is None:
        return {}
    return {"feast/view": table.name, "feast/keys": ", ".join(table.keys), "feast/services": ", ".join(table.services) or "none"}


def build_graph(steps: dict[str, Step], settings: Settings) -> Graph:
    """Return the graph over the home of the settings."""
    return Graph(steps, Home(settings.home), settings)


def assets(steps: dict[str, Step], calendar: Calendar) -> list[dg.AssetsDefinition]:
    """Make the assets of all steps, in order."""
    weeks = weekly_partitions(calendar)
    return [asset(step, steps, weeks) for step in steps.values()]
