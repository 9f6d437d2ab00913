"""Checks of what Feast serves: keys, stamps and time to live of the stored rows, views, and leaks."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg
import polars as pl

from hm_pipeline.base.errors import HMError
from hm_pipeline.engine.partition_files import scan_files
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.step import Step
from hm_pipeline.evaluation.leakage import audit_week, conclusion
from hm_pipeline.features.consistency import schema_differences
from hm_pipeline.features.feast_objects import TIMESTAMP, FeatureTable
from hm_pipeline.features.historical import open_store
from hm_pipeline.features.tables import feature_tables
from hm_pipeline.orchestration.checks.result import StoredPartition, check_result, newest
from hm_pipeline.orchestration.metadata import VIEWS

STORE, LABELLED, AUDIT = "feature_store", "feature_matrix", "leak_audit"  # the store is seldom made, so seldom is an audit
AGAIN = "make the partition again with --force"


def asked(step: Step) -> dict[str, str]:
    """Return the checks of a step that Feast serves, and what each says."""
    if step.name == STORE:
        return {
            "views": "Feast's views, the contracts and the stored columns agree in names and types.",
            AUDIT: "The newest labelled week's features are the same, computed again of earlier and of later data, as `hm audit` does.",
        }
    if step.name not in VIEWS:
        return {}
    return {
        "unique": "No two rows of the newest partition have the same key.",
        "timestamps": "Every row is stamped with its week's cutoff and speaks of that week; what has no weeks bears the epoch.",
        "ttl": "Every row is within its view's time to live when its week is asked for.",
    }


def _unique(stored: StoredPartition, key: dg.AssetKey) -> dg.AssetCheckResult:
    keys = VIEWS[stored.step.name].keys
    twice = pl.concat([_repeated(file, keys) for file in _files(stored)])
    return check_result(
        "unique", key, expected=f"0 repeated keys {keys}", found=f"{twice.height} repeated keys {keys}", offending=twice, remedy=AGAIN
    )


def _repeated(file: Path, keys: tuple[str, ...]) -> pl.DataFrame:
    """Return keys that a file holds twice; files hold ranges of customers, so that none is in two of them."""
    rows = scan_files([file]).select(keys)
    return rows.group_by(keys).len("rows").filter(pl.col("rows") > 1).sort(keys).collect()


def _timestamps(stored: StoredPartition, key: dg.AssetKey) -> dg.AssetCheckResult:
    calendar, table = stored.graph.calendar, VIEWS[stored.step.name]
    moment = calendar.cutoff(stored.week_id if table.is_weekly else 0)
    wrong = pl.col(TIMESTAMP).ne_missing(pl.lit(moment))
    wrong = wrong | (pl.col("week_id") != stored.week_id) if table.is_weekly else wrong
    return _none("timestamps", stored, key, wrong, f"stamped otherwise than {moment:%Y-%m-%d %H:%M}, or of another week")


def _ttl(stored: StoredPartition, key: dg.AssetKey) -> dg.AssetCheckResult:
    calendar, table = stored.graph.calendar, VIEWS[stored.step.name]
    asked_at = calendar.cutoff(stored.week_id if table.is_weekly else calendar.last_week)
    oldest = asked_at - table.ttl if table.ttl else datetime.min.replace(tzinfo=asked_at.tzinfo) + timedelta(days=1)
    served = pl.col(TIMESTAMP).is_between(pl.lit(oldest), pl.lit(asked_at), closed="right" if table.ttl else "both")
    return _none("ttl", stored, key, ~served, f"not served at {asked_at:%Y-%m-%d %H:%M}")


def _none(name: str, stored: StoredPartition, key: dg.AssetKey, wrong: pl.Expr, what: str) -> dg.AssetCheckResult:
    rows = stored.table.filter(wrong.fill_null(value=True))
    count = int(rows.select(pl.len()).collect().item())
    shown = rows.head(8).collect()
    return check_result(name, key, expected=f"0 rows {what}", found=f"{count} rows {what}", offending=shown, remedy=AGAIN)


def _views(stored: StoredPartition, key: dg.AssetKey) -> dg.AssetCheckResult:
    tables = feature_tables()
    schemas = {table.name: schema for table in tables if (schema := _stored_schema(stored.graph, table)) is not None}
    found = schema_differences(open_store(stored.graph.home.root), tables, schemas)
    return check_result(
        "views",
        key,
        expected="0 columns differ",
        found=f"{found.height} columns differ",
        offending=found,
        remedy="`hm run --week D` registers the views anew; a partition that differs is made again with --force",
    )


def _stored_schema(graph: Graph, table: FeatureTable) -> pl.Schema | None:
    """Return the columns of the newest partition; none where it is stale, for then it is about to be made again."""
    week_id, manifest = newest(graph, graph.steps[table.table])
    if manifest is None or not manifest.receipts or not graph.is_current(table.table, week_id):
        return None
    return scan_files([graph.folder(table.table, week_id) / manifest.receipts[0].file]).collect_schema()


def _audit(stored: StoredPartition, key: dg.AssetKey) -> dg.AssetCheckResult:
    week_id, labelled = newest(stored.graph, stored.graph.steps[LABELLED])
    if labelled is None:
        what = f"{LABELLED} of no week"
        return check_result(AUDIT, key, expected=f"{LABELLED} of a week", found=what, offending=pl.DataFrame(), remedy="`hm run --week D`")
    try:
        found = audit_week(stored.graph, week_id, lambda _state, _done, _every: None)
    except HMError as error:
        return check_result(AUDIT, key, expected="an audit", found=str(error), offending=pl.DataFrame(), remedy=error.remedy)
    rows = pl.DataFrame([row.model_dump() for row in found.failed])
    remedy = "read nothing of the week or later; `hm audit --week D` shows every feature"
    result = check_result(AUDIT, key, expected="0 features fail", found=f"{len(found.failed)} features fail", offending=rows, remedy=remedy)
    return result._replace(
        metadata={**result.metadata, "week": dg.TextMetadataValue(found.week), "all": dg.TextMetadataValue(conclusion(found))}
    )


def _files(stored: StoredPartition) -> Iterator[Path]:
    folder = stored.graph.folder(stored.step.name, stored.week_id)
    return (folder / receipt.file for receipt in stored.manifest.receipts)


CHECKS: dict[str, Callable[[StoredPartition, dg.AssetKey], dg.AssetCheckResult]] = {
    "unique": _unique,
    "timestamps": _timestamps,
    "ttl": _ttl,
    "views": _views,
    AUDIT: _audit,
}
