"""Asset checks: those of every stored table, those of every Feast view, and what the entries of steps add."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import dagster as dg
import polars as pl

from hm_pipeline.engine.partition_files import UNPARTITIONED
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.presentation import Check, Finding, StoredPartition, newest
from hm_pipeline.engine.step import Step
from hm_pipeline.features.checks import view_checks, views_by_table
from hm_pipeline.orchestration.asset_factory import HomeResource
from hm_pipeline.orchestration.dagster_failure import as_dagster_failure
from hm_pipeline.orchestration.metadata import markdown_table
from hm_pipeline.orchestration.partitions import asset_key
from hm_pipeline.orchestration.table_checks import CONTRACT, CURRENT, ROWS

SHOWN = 8  # offending rows


def checks(steps: dict[str, Step]) -> list[dg.AssetChecksDefinition]:
    """Return the checks of every stored table."""
    return [_definition(step) for step in steps.values() if checks_of(step)]


def on_request(steps: dict[str, Step]) -> dg.AssetSelection:
    """Return the checks that run where they are asked for, and never with a job."""
    found = [
        dg.AssetCheckKey(asset_key(step.name), check.name) for step in steps.values() for check in checks_of(step) if check.is_on_request
    ]
    return dg.AssetSelection.checks(*found)


def checks_of(step: Step) -> tuple[Check, ...]:
    """Return the checks of a step; a model has none."""
    if step.schema is None or step.kind == "model":
        return ()
    view = views_by_table().get(step.name)
    return (CONTRACT, ROWS, *(() if step.is_ingested else (CURRENT,)), *step.checks, *(view_checks(view) if view else ()))


def _definition(step: Step) -> dg.AssetChecksDefinition:
    key = asset_key(step.name)
    found = {check.name: check for check in checks_of(step)}
    specs = [dg.AssetCheckSpec(check.name, asset=key, description=check.description) for check in found.values()]

    @dg.multi_asset_check(specs=specs, name=f"check_{step.name.replace('/', '_')}", can_subset=True)
    def check(context: dg.AssetCheckExecutionContext, work: dg.ResourceParam[HomeResource]) -> Iterator[dg.AssetCheckResult]:
        """Read back the newest partition."""
        stored = newest(work.graph, step)
        for name in (spec.name for spec in specs if spec.key in context.selected_asset_check_keys):
            if stored is None:
                left_out = _left_out(context, work.graph, step)
                yield dg.AssetCheckResult(
                    passed=bool(left_out), check_name=name, asset_key=key, description=left_out or "nothing is stored yet"
                )
            else:
                week = "" if stored.week_id == UNPARTITIONED else work.graph.calendar.key(stored.week_id)
                finding = as_dagster_failure(
                    partial(find, found[name], stored), home=work.graph.home.root, step=f"check {name} of {step.name}", week=week
                )
                yield _result(finding, found[name], key)

    return check


def find(check: Check, stored: StoredPartition) -> Finding:
    """Return what a check finds; a file that cannot be read is a finding, as it is what the check is there for."""
    try:
        return check.find(stored)
    except (pl.exceptions.PolarsError, OSError) as error:
        hint = "a file is corrupt or missing: make the partition again with --force, or ingest the files again"
        return Finding(f"{len(stored.files)} complete files", f"{type(error).__name__}: {error}", hint)


def _result(finding: Finding, check: Check, key: dg.AssetKey) -> dg.AssetCheckResult:
    """Return Dagster's result: where it fails with the rows, what is wrong in words, and what to do."""
    facts: dict[str, Any] = {"expected": dg.MetadataValue.text(str(finding.expected)), "found": dg.MetadataValue.text(str(finding.found))}
    facts |= {name: dg.MetadataValue.text(note) for name, note in finding.notes.items()}
    severity = dg.AssetCheckSeverity.WARN if check.is_warning else dg.AssetCheckSeverity.ERROR
    if finding.passed:
        return dg.AssetCheckResult(passed=True, check_name=check.name, asset_key=key, metadata=facts, severity=severity)
    if finding.offending.height:
        facts["offending rows"] = dg.MetadataValue.md(markdown_table(finding.offending.head(SHOWN)))
    facts["hint"] = finding.hint
    what = f"{key.to_user_string()}: expected {finding.expected}, found {finding.found}"
    return dg.AssetCheckResult(passed=False, check_name=check.name, asset_key=key, metadata=facts, description=what, severity=severity)


def _left_out(context: dg.AssetCheckExecutionContext, graph: Graph, step: Step) -> str:
    """Return why the run has made nothing of a step, where it is asked for a week that cannot be evaluated."""
    key = context.run.tags.get("dagster/partition", "")
    week_id = graph.calendar.parse(key) if key else UNPARTITIONED
    return graph.unknown(week_id) if graph.evaluates_unknown_week(step.name, week_id) else ""
