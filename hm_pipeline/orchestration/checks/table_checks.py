"""Asset checks: what is on disk is what its contract says.  They read back what was written, and change nothing."""

from collections.abc import Callable, Iterator
from functools import partial

import dagster as dg
import polars as pl

from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.engine.plan import UNPARTITIONED, Graph
from hm_pipeline.engine.step import Step
from hm_pipeline.features import online_parity as agreement
from hm_pipeline.orchestration.asset_factory import HomeResource
from hm_pipeline.orchestration.checks import feast_checks as features
from hm_pipeline.orchestration.checks.result import StoredPartition, check_result, newest
from hm_pipeline.orchestration.dagster_failure import as_dagster_failure
from hm_pipeline.orchestration.partitions import asset_key

LEAST = 12  # candidates a customer must have
READ = 5_000_000  # rows of the newest partition that are read back


def checks(steps: dict[str, Step]) -> list[dg.AssetChecksDefinition]:
    """Return the checks of every stored table."""
    return [_checks(step) for step in steps.values() if step.schema is not None and step.kind != "model"]


def _checks(step: Step) -> dg.AssetChecksDefinition:
    key = asset_key(step.name)
    specs = {name: dg.AssetCheckSpec(name, asset=key, description=what) for name, what in _asked(step).items()}

    @dg.multi_asset_check(specs=list(specs.values()), name=f"check_{step.name.replace('/', '_')}", can_subset=True)
    def check(context: dg.AssetCheckExecutionContext, work: dg.ResourceParam[HomeResource]) -> Iterator[dg.AssetCheckResult]:
        """Read back the newest partition."""
        week_id, manifest = newest(work.graph, step)
        for name in (name for name, spec in specs.items() if spec.key in context.selected_asset_check_keys):
            if manifest is None:
                left_out = _left_out(context, work.graph, step)
                yield dg.AssetCheckResult(
                    passed=bool(left_out), check_name=name, asset_key=key, description=left_out or "nothing is stored yet"
                )
            else:
                week = "" if week_id == UNPARTITIONED else work.graph.calendar.key(week_id)
                asked = partial(_check, name, StoredPartition(step, work.graph, week_id, manifest), key)
                yield as_dagster_failure(asked, home=work.graph.home.root, step=f"check {name} of {step.name}", week=week)

    return check


def _left_out(context: dg.AssetCheckExecutionContext, graph: Graph, step: Step) -> str:
    """Return why the run has made nothing of a step, where it is asked for a week that cannot be judged."""
    key = context.run.tags.get("dagster/partition", "")
    week_id = graph.calendar.parse(key) if key else UNPARTITIONED
    return graph.unknown(week_id) if graph.evaluates_unknown_week(step.name, week_id) else ""


def _asked(step: Step) -> dict[str, str]:
    """Return the checks of a step and what each says."""
    asked = {
        "contract": "Types, ranges and the unique key of the newest partition.",
        "rows": "The files hold the rows that the manifest signs.",
    }
    if not step.is_ingested:
        asked["current"] = "What is stored, of any week, is what would be made of the data and the code as they are now."
    if step.name in ("candidates", "recommendations"):
        asked["coverage"] = f"Every customer of the audience has {LEAST} articles."
    if step.name == "online_store":
        asked["agreement"] = f"{agreement.KEYS:,} random keys of every view are online what they are in the tables."
    return asked | features.asked(step)


def _check(name: str, stored: StoredPartition, key: dg.AssetKey) -> dg.AssetCheckResult:
    try:
        return _CHECKS[name](stored, key)
    except (pl.exceptions.PolarsError, OSError) as error:  # a torn file is what the check is there to find
        files, why = f"{len(stored.manifest.receipts)} whole files", f"{type(error).__name__}: {error}"
        remedy = "a file is torn or missing: make the partition again with --force, or ingest the files again"
        return check_result(name, key, expected=files, found=why, offending=pl.DataFrame(), remedy=remedy)


def _current(stored: StoredPartition, key: dg.AssetKey) -> dg.AssetCheckResult:
    """List the stored weeks that are stale: made of older rows, models or code, however far up the graph these are."""
    step, graph = stored.step, stored.graph
    weeks = (UNPARTITIONED,) if step.kind == "static" else graph.calendar.weeks
    there = [week for week in weeks if Manifest.load(graph.folder(step.name, week))]
    stale = [week for week in there if not graph.is_current(step.name, week)]
    names = [step.name if week == UNPARTITIONED else graph.calendar.key(week) for week in stale]
    result = check_result(
        "current",
        key,
        expected=f"0 of {len(there)} stored partitions stale",
        found=f"{len(stale)} of {len(there)} stored partitions stale",
        offending=pl.DataFrame({"stale": names}),
        remedy="materialise them again, or `hm run --week D`, which makes all that a week needs and nothing that is current",
    )
    return result._replace(severity=dg.AssetCheckSeverity.WARN)


def _contract(stored: StoredPartition, key: dg.AssetKey) -> dg.AssetCheckResult:
    schema = stored.step.schema
    assert schema is not None  # noqa: S101  models have no checks
    _, failures = schema.filter(stored.table.head(READ).collect())
    counts = {str(rule): int(count) for rule, count in failures.counts().items()}
    return check_result(
        "contract",
        key,
        expected={},
        found=counts,
        offending=failures.invalid().drop("event_timestamp", strict=False),
        remedy=f"the rules are {schema.__name__}'s in the code: make the partition again, with --force if it is current",
    )


def _rows(stored: StoredPartition, key: dg.AssetKey) -> dg.AssetCheckResult:
    rows = int(stored.table.select(pl.len()).collect().item())
    again = "ingest the files again" if stored.step.is_ingested else "make the partition again with --force"
    return check_result(
        "rows", key, expected=stored.manifest.rows, found=rows, offending=pl.DataFrame(), remedy=f"a file was changed: {again}"
    )


def _coverage(stored: StoredPartition, key: dg.AssetKey) -> dg.AssetCheckResult:
    manifest = Manifest.load(stored.graph.home.folder("audience", stored.week_id))
    audience = manifest.rows if manifest else 0
    counts = stored.table.group_by("customer_id").len("articles").collect()
    few = counts.filter(pl.col("articles") < LEAST).sort("articles", "customer_id")
    short = few.height + max(audience - counts.height, 0)
    return check_result(
        "coverage",
        key,
        expected=f"0 of {audience} customers with fewer than {LEAST} articles",
        found=f"{short} of {audience} customers with fewer than {LEAST} articles",
        offending=few,
        remedy="make candidates again; where it stays, the catalogue on offer is too small",
    )


def _agreement(stored: StoredPartition, key: dg.AssetKey) -> dg.AssetCheckResult:
    settings = stored.graph.settings
    compared, differing = agreement.compare(stored.graph.home, stored.week_id, online_store=settings.online_store, seed=settings.seed)
    return check_result(
        "agreement",
        key,
        expected=f"0 of {compared:,} values differ",
        found=f"{differing.height:,} of {compared:,} values differ",
        offending=differing,
        remedy="the online store was changed or lost, or its tables made again: make online_store again with --force",
    )


_CHECKS: dict[str, Callable[[StoredPartition, dg.AssetKey], dg.AssetCheckResult]] = {
    "contract": _contract,
    "rows": _rows,
    "current": _current,
    "coverage": _coverage,
    "agreement": _agreement,
    **features.CHECKS,
}
