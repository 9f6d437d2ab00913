"""Asset checks: those of every stored table and model, those of every Feast view, and what the entries of steps add.

Dagster gives a check of an asset with partitions the run's own partition, and no other.  A run may be of many weeks, so the
evaluations are reported here, each for its partition.
"""

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from hm_pipeline.base.errors import CheckFailed
from hm_pipeline.engine.presentation import Check
from hm_pipeline.engine.step import Step
from hm_pipeline.orchestration.asset_factory import HomeResource
from hm_pipeline.orchestration.check_descriptions import describe_check
from hm_pipeline.orchestration.check_results import CheckedPartition, joined
from hm_pipeline.orchestration.checked_partitions import checked, weeks_of
from hm_pipeline.orchestration.dagster_failure import failure_of
from hm_pipeline.orchestration.partitions import asset_key
from hm_pipeline.orchestration.table_checks import checks_of


def checks(steps: Mapping[str, Step], weeks: dg.PartitionsDefinition[str]) -> list[dg.AssetChecksDefinition]:
    """Return the checks of every stored table and model."""
    return [_definition(step, weeks) for step in steps.values() if checks_of(step)]


def on_request(steps: Mapping[str, Step]) -> dg.AssetSelection:
    """Return the checks that run where they are asked for, and never with a job."""
    return dg.AssetSelection.checks(
        *(check_key(step, check) for step in steps.values() for check in checks_of(step) if check.is_on_request)
    )


def check_key(step: Step, check: Check) -> dg.AssetCheckKey:
    """Return Dagster's key of a check."""
    return dg.AssetCheckKey(asset_key(step.name), check.name)


def _definition(step: Step, weeks: dg.PartitionsDefinition[str]) -> dg.AssetChecksDefinition:
    found = {check.name: check for check in checks_of(step)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", category=dg.PreviewWarning)  # partitions of checks
        specs = [_spec(step, check, weeks) for check in found.values()]

    @dg.multi_asset_check(specs=specs, name=f"check_{step.name.replace('/', '_')}", can_subset=True)
    def check(context: dg.AssetCheckExecutionContext, work: dg.ResourceParam[HomeResource]) -> Iterator[Any]:
        """Read back the partitions of the run."""
        weeks_asked, refused = weeks_of(work.graph, step, context.run.tags), list[CheckFailed]()
        for spec in (spec for spec in specs if spec.key in context.selected_asset_check_keys):
            yield dg.Output(None, spec.get_python_identifier())
            for week_id, stored in checked(work.graph, step, found[spec.name], weeks_asked, is_planned=work.is_planned):
                result = CheckedPartition(work.graph, step, found[spec.name], week_id, stored)
                is_named = spec.partitions_def is not None and bool(weeks_asked)
                yield result.evaluation(context.instance, partition=result.key if is_named else None)
                refused += result.refusals
        if refused:
            raise failure_of(joined(refused))

    return check


def _spec(step: Step, check: Check, weeks: dg.PartitionsDefinition[str]) -> dg.AssetCheckSpec:
    has_weeks = step.is_weekly and not check.is_of_table
    return dg.AssetCheckSpec(
        check.name,
        asset=asset_key(step.name),
        description=describe_check(check),
        blocking=check.is_blocking,
        partitions_def=weeks if has_weeks else None,
    )
