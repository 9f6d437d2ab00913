"""What a check reads, the newest stored partition, and what it says."""

from dataclasses import dataclass
from typing import Any

import dagster as dg
import polars as pl

from hm_pipeline.engine.partition_files import Manifest, scan_files
from hm_pipeline.engine.plan import UNPARTITIONED, Graph
from hm_pipeline.engine.step import Step
from hm_pipeline.orchestration.metadata import markdown_table

SHOWN = 8  # offending rows shown


@dataclass(frozen=True)
class StoredPartition:
    """A stored partition."""

    step: Step
    graph: Graph
    week_id: int
    manifest: Manifest

    @property
    def table(self) -> pl.LazyFrame:
        """Return its rows."""
        folder = self.graph.folder(self.step.name, self.week_id)
        return scan_files(folder / receipt.file for receipt in self.manifest.receipts)


def newest(graph: Graph, step: Step) -> tuple[int, Manifest | None]:
    """Return the last stored partition of a step."""
    if step.kind == "static":
        return UNPARTITIONED, Manifest.load(graph.folder(step.name, UNPARTITIONED))
    for week_id in reversed(graph.calendar.weeks):
        manifest = Manifest.load(graph.folder(step.name, week_id))
        if manifest:
            return week_id, manifest
    return UNPARTITIONED, None


def check_result(name: str, key: dg.AssetKey, *, expected: Any, found: Any, offending: pl.DataFrame, remedy: str) -> dg.AssetCheckResult:
    """Return a result that says, where it fails, what was expected, what is there, which rows, and what to do."""
    passed = expected == found
    facts: dict[str, Any] = {"expected": dg.MetadataValue.text(str(expected)), "found": dg.MetadataValue.text(str(found))}
    if passed:
        return dg.AssetCheckResult(passed=True, check_name=name, asset_key=key, metadata=facts)
    if offending.height:
        facts["offending rows"] = dg.MetadataValue.md(markdown_table(offending.head(SHOWN)))
    facts["remedy"] = remedy
    what = f"{key.to_user_string()}: expected {expected}, found {found}"
    return dg.AssetCheckResult(passed=False, check_name=name, asset_key=key, metadata=facts, description=what)
