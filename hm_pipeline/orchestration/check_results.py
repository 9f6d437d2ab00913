"""Result of a check of one partition, as Dagster is given it: what was expected and found, of which week, and what follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import dagster as dg
import polars as pl
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationTargetMaterializationData

from hm_pipeline.base.errors import CheckFailed
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.presentation import Check, Finding, StoredPartition, newest
from hm_pipeline.engine.step import Step
from hm_pipeline.orchestration.dagster_failure import as_dagster_failure
from hm_pipeline.orchestration.metadata import markdown_table
from hm_pipeline.orchestration.partitions import asset_key

SHOWN = 8  # offending rows


@dataclass(frozen=True)
class CheckedPartition:
    """One check and one partition of its step, which may not be stored."""

    graph: Graph
    step: Step
    check: Check
    week_id: int
    stored: StoredPartition | None

    @property
    def key(self) -> str:
        """Partition key of the week, nothing where the step has no weeks or no partition."""
        return self.graph.day(self.week_id)

    @property
    def title(self) -> str:
        """What the result is of, by name."""
        return f"{self.step.name}, week {self.key}" if self.key and not self.check.is_of_table else self.step.name

    @cached_property
    def finding(self) -> Finding:
        """What the check finds."""
        if self.stored is None:
            return self._nothing_stored()
        work, name = partial(find, self.check, self.stored), f"check {self.check.name} of {self.step.name}"
        return as_dagster_failure(work, home=self.graph.home.root, step=name, week=self.key)

    def _nothing_stored(self) -> Finding:
        if self.graph.evaluates_unknown_week(self.step.name, self.week_id):  # left out by the run, too
            reason = f"no partition: {self.graph.unknown(self.week_id)}"
            return Finding(reason, reason, "ingest the other days first")
        if self.step.is_ingested and self.step.is_weekly and (last := newest(self.graph, self.step, last=self.week_id)):
            reason = f"no purchases are stored: those of week {last.week} are checked instead"
            return Finding(reason, reason, "")
        return Finding("a stored partition", "none is stored", "materialise it, or `hm run --week D`")

    @property
    def severity(self) -> dg.AssetCheckSeverity:
        """Error, or warning where the rows may be used."""
        is_let_through = self.check.is_blocking and not self.graph.settings.blocking_checks
        is_warning = self.check.is_warning or self.finding.is_mild or is_let_through
        return dg.AssetCheckSeverity.WARN if is_warning else dg.AssetCheckSeverity.ERROR

    @property
    def refusals(self) -> list[CheckFailed]:
        """Return the error that stops the run, if there is one."""
        if self.finding.passed or not self.check.is_blocking or self.severity == dg.AssetCheckSeverity.WARN:
            return []
        what = f"check {self.check.name}: expected {self.finding.expected}, found {self.finding.found}"
        return [CheckFailed(what, where=self.title, hint=f"{self.finding.hint}; HM_BLOCKING_CHECKS=false lets it through as a warning")]

    def evaluation(self, instance: dg.DagsterInstance, *, partition: str | None) -> dg.AssetCheckEvaluation:
        """Return Dagster's result: of which week, what was expected and found, and where it fails the rows and what to do.

        Parameters
        ----------
        partition
            Partition that Dagster keeps the result of, where the run has any.
        """
        finding, key = self.finding, asset_key(self.step.name)
        facts: dict[str, str] = {"partition": self.key} if self.key and not self.check.is_of_table else {}
        facts |= {"expected": finding.expected, "found": finding.found, **finding.notes}
        shown: dict[str, Any] = {name: dg.MetadataValue.text(text) for name, text in facts.items()}
        if not finding.passed:
            shown["hint"] = dg.MetadataValue.text(finding.hint)
            if finding.offending.height:
                shown["offending rows"] = dg.MetadataValue.md(markdown_table(finding.offending.head(SHOWN)))
        words = f"found {finding.found}" if finding.passed else f"expected {finding.expected}, found {finding.found}"
        return dg.AssetCheckEvaluation(
            asset_key=key,
            check_name=self.check.name,
            passed=finding.passed,
            description=f"{self.title}: {words}",
            metadata=shown,
            severity=self.severity,
            blocking=self.check.is_blocking,
            partition=partition,
            target_materialization_data=_materialisation(instance, key, self.key),
        )


def find(check: Check, stored: StoredPartition) -> Finding:
    """Return what a check finds; a file that cannot be read is a finding, as it is what the check is there for."""
    try:
        return check.find(stored)
    except (pl.exceptions.PolarsError, OSError) as error:
        hint = "a file is corrupt or missing: make the partition again with --force, or ingest the files again"
        return Finding(f"{len(stored.files)} complete files", f"{type(error).__name__}: {error}", hint)


def joined(refused: Sequence[CheckFailed]) -> CheckFailed:
    """Return the first of some refusals, with the number of the others."""
    first, more = refused[0], len(refused) - 1
    return CheckFailed(f"{first.what}, and {more} more", where=first.where, hint=first.hint) if more else first


def _materialisation(instance: dg.DagsterInstance, key: dg.AssetKey, partition: str) -> Any:
    """Return the materialisation that a result is of, so that the UI shows the two together."""
    wanted = dg.AssetRecordsFilter(asset_key=key, asset_partitions=[partition] if partition else None)
    records = instance.fetch_materializations(wanted, limit=1).records
    if not records:
        return None
    made = records[0]
    return AssetCheckEvaluationTargetMaterializationData(
        storage_id=made.storage_id, run_id=made.event_log_entry.run_id or "", timestamp=made.timestamp
    )
