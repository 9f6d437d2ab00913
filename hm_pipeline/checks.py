"""Asset checks: what is on disk is what its contract says.  They read back what was written, and change nothing."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
import polars as pl

from hm_pipeline.graph import STATIC, Graph
from hm_pipeline.resources import Work, markdown_table
from hm_pipeline.steps import Step
from hm_pipeline.tables import Manifest

LEAST = 12  # candidates a customer must have
SHOWN = 8  # offending rows shown
READ = 5_000_000  # rows of the newest partition that are read back


def checks(steps: dict[str, Step]) -> list[dg.AssetChecksDefinition]:
    """Return the checks of every stored table."""
    return [_checks(step) for step in steps.values() if step.schema is not None and step.kind != "model"]


def _checks(step: Step) -> dg.AssetChecksDefinition:
    key = dg.AssetKey(step.name.split("/"))
    specs = [
        dg.AssetCheckSpec("contract", asset=key, description="Types, ranges and the unique key of the newest partition."),
        dg.AssetCheckSpec("rows", asset=key, description="The files hold the rows that the manifest signs."),
    ]
    if step.name in ("candidates", "recommendations"):
        specs.append(dg.AssetCheckSpec("coverage", asset=key, description=f"Every customer of the audience has {LEAST} articles."))

    @dg.multi_asset_check(specs=specs, name=f"check_{step.name.replace('/', '_')}", can_subset=True)
    def check(context: dg.AssetCheckExecutionContext, work: dg.ResourceParam[Work]) -> Iterator[dg.AssetCheckResult]:
        """Read back the newest partition."""
        asked = [spec for spec in specs if spec.key in context.selected_asset_check_keys]
        week_id, manifest = newest(work.graph, step)
        if manifest is None:
            for spec in asked:
                yield dg.AssetCheckResult(passed=False, check_name=spec.name, asset_key=key, description="nothing is stored yet")
            return
        folder = work.graph.folder(step.name, week_id)
        table = pl.scan_parquet([folder / receipt.file for receipt in manifest.receipts], hive_partitioning=False)
        for spec in asked:
            try:
                yield _CHECKS[spec.name](step, table, manifest, key, _audience(work.graph, week_id))
            except (pl.exceptions.PolarsError, OSError) as error:  # a torn file is what the check is there to find
                files, why = f"{len(manifest.receipts)} whole files in {folder.name}", f"{type(error).__name__}: {error}"
                remedy = "a file is torn or missing: make the partition again with --force, or ingest the files again"
                yield _result(spec.name, key, expected=files, found=why, offending=pl.DataFrame(), remedy=remedy)

    return check


def newest(graph: Graph, step: Step) -> tuple[int, Manifest | None]:
    """Return the last stored partition of a step."""
    if step.kind == "static":
        return STATIC, Manifest.load(graph.folder(step.name, STATIC))
    for week_id in reversed(graph.calendar.weeks):
        manifest = Manifest.load(graph.folder(step.name, week_id))
        if manifest:
            return week_id, manifest
    return STATIC, None


def _audience(graph: Graph, week_id: int) -> int:
    manifest = None if week_id == STATIC else Manifest.load(graph.home.folder("audience", week_id))
    return manifest.rows if manifest else 0


def _result(name: str, key: dg.AssetKey, *, expected: Any, found: Any, offending: pl.DataFrame, remedy: str) -> dg.AssetCheckResult:
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


def _contract(step: Step, table: pl.LazyFrame, _manifest: Manifest, key: dg.AssetKey, _audience: int) -> dg.AssetCheckResult:
    assert step.schema is not None  # noqa: S101  models have no checks
    _, failures = step.schema.filter(table.head(READ).collect())
    counts = {str(rule): int(count) for rule, count in failures.counts().items()}
    return _result(
        "contract",
        key,
        expected={},
        found=counts,
        offending=failures.invalid().drop("event_timestamp", strict=False),
        remedy=f"the rules are {step.schema.__name__}'s in the code: make the partition again, with --force if it is current",
    )


def _rows(step: Step, table: pl.LazyFrame, manifest: Manifest, key: dg.AssetKey, _audience: int) -> dg.AssetCheckResult:
    rows = int(table.select(pl.len()).collect().item())
    again = "ingest the files again" if step.is_ingested else "make the partition again with --force"
    return _result("rows", key, expected=manifest.rows, found=rows, offending=pl.DataFrame(), remedy=f"a file was changed: {again}")


def _coverage(_step: Step, table: pl.LazyFrame, _manifest: Manifest, key: dg.AssetKey, audience: int) -> dg.AssetCheckResult:
    counts = table.group_by("customer_id").len("articles").collect()
    few = counts.filter(pl.col("articles") < LEAST).sort("articles", "customer_id")
    short = few.height + max(audience - counts.height, 0)
    return _result(
        "coverage",
        key,
        expected=f"0 of {audience} customers with fewer than {LEAST} articles",
        found=f"{short} of {audience} customers with fewer than {LEAST} articles",
        offending=few,
        remedy="make candidates again; where it stays, the catalogue on offer is too small",
    )


_CHECKS = {"contract": _contract, "rows": _rows, "coverage": _coverage}
