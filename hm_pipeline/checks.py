"""Asset checks: what is on disk is what its contract says.  They read back what was written, and change nothing."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from hm_pipeline.graph import STATIC, Graph
from hm_pipeline.resources import Work
from hm_pipeline.steps import Step
from hm_pipeline.tables import Manifest

LEAST = 12  # candidates a customer must have
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

    @dg.multi_asset_check(specs=specs, name=f"check_{step.name.replace('/', '_')}")
    def check(work: dg.ResourceParam[Work]) -> Iterator[dg.AssetCheckResult]:
        """Read back the newest partition."""
        week_id, manifest = newest(work.graph, step)
        if manifest is None:
            for spec in specs:
                yield dg.AssetCheckResult(passed=False, check_name=spec.name, asset_key=key, description="nothing is stored yet")
            return
        folder = work.graph.folder(step.name, week_id)
        table = pl.scan_parquet([folder / receipt.file for receipt in manifest.receipts], hive_partitioning=False)
        for spec in specs:
            yield _CHECKS[spec.name](step, table, manifest, key, _audience(work.graph, week_id))

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


def _contract(step: Step, table: pl.LazyFrame, _manifest: Manifest, key: dg.AssetKey, _audience: int) -> dg.AssetCheckResult:
    assert step.schema is not None  # noqa: S101  models have no checks
    _, failures = step.schema.filter(table.head(READ).collect())
    counts = {str(rule): int(count) for rule, count in failures.counts().items()}
    return dg.AssetCheckResult(
        passed=not counts, check_name="contract", asset_key=key, metadata={"failures": dg.MetadataValue.json(counts)}
    )


def _rows(_step: Step, table: pl.LazyFrame, manifest: Manifest, key: dg.AssetKey, _audience: int) -> dg.AssetCheckResult:
    rows = int(table.select(pl.len()).collect().item())
    return dg.AssetCheckResult(
        passed=rows == manifest.rows, check_name="rows", asset_key=key, metadata={"rows": rows, "signed": manifest.rows}
    )


def _coverage(_step: Step, table: pl.LazyFrame, _manifest: Manifest, key: dg.AssetKey, audience: int) -> dg.AssetCheckResult:
    counts = table.group_by("customer_id").len().collect()
    short = counts.filter(pl.col("len") < LEAST).height + max(audience - counts.height, 0)
    return dg.AssetCheckResult(passed=short == 0, check_name="coverage", asset_key=key, metadata={"audience": audience, "short": short})


_CHECKS = {"contract": _contract, "rows": _rows, "coverage": _coverage}
