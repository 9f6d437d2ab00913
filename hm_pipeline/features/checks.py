"""Checks of what Feast serves: keys, stamps and time to live of the stored rows, views, and the online store."""

from datetime import datetime, timedelta
from functools import cache, partial

import polars as pl

from hm_pipeline.engine.dimension import FROM, with_weeks
from hm_pipeline.engine.partition_files import scan_files
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.presentation import Check, Finding, StoredPartition, newest
from hm_pipeline.features import online_parity
from hm_pipeline.features.consistency import schema_differences
from hm_pipeline.features.feast_objects import TIMESTAMP, FeatureTable
from hm_pipeline.features.historical import open_store
from hm_pipeline.features.tables import feature_tables

AGAIN = "make the partition again with --force"
SHOWN = 8  # offending rows


@cache
def views_by_table() -> dict[str, FeatureTable]:
    """Return the Feast view of each stored table that has one."""
    return {table.table: table for table in feature_tables()}


def view_checks(table: FeatureTable) -> tuple[Check, ...]:
    """Return the checks of every table that a view serves."""
    return (
        Check(
            "unique",
            "No two rows have the same key; those of an article or customer are known from different weeks.",
            partial(_unique, table),
        ),
        Check(
            "timestamps",
            "Every row is stamped with its week's cutoff and belongs to that week; one of an article or customer with the cutoff from"
            " which it is known.",
            partial(_timestamps, table),
        ),
        Check("ttl", "Every row is within its view's time to live when its week is requested.", partial(_ttl, table)),
    )


def _unique(table: FeatureTable, stored: StoredPartition) -> Finding:
    keys = (*table.keys, FROM) if stored.step.kind == "dimension" else table.keys  # which holds what was known before, too
    # A file holds a range of customers, so that no key is in two of them.
    counts = (with_weeks(scan_files([file])).select(keys).group_by(keys).len("rows").filter(pl.col("rows") > 1) for file in stored.files)
    twice = pl.concat([rows.sort(keys).collect() for rows in counts])
    return Finding(f"0 repeated keys {keys}", f"{twice.height} repeated keys {keys}", AGAIN, twice)


def _timestamps(table: FeatureTable, stored: StoredPartition) -> Finding:
    moment = stored.graph.calendar.cutoff(stored.week_id if table.is_weekly else 0)
    known = pl.lit(moment).cast(pl.Datetime("us", "UTC"))
    if stored.step.kind == "dimension":
        wrong = pl.col(TIMESTAMP).ne_missing(known + pl.duration(weeks=pl.col(FROM)))
        return _none(stored, wrong, "stamped otherwise than with the cutoff of the week from which they are known")
    wrong = pl.col(TIMESTAMP).ne_missing(known)
    wrong = wrong | (pl.col("week_id") != stored.week_id) if table.is_weekly else wrong
    return _none(stored, wrong, f"stamped otherwise than {moment:%Y-%m-%d %H:%M}, or of another week")


def _ttl(table: FeatureTable, stored: StoredPartition) -> Finding:
    calendar = stored.graph.calendar
    cutoff = calendar.cutoff(stored.week_id if table.is_weekly else calendar.last_week)
    oldest = cutoff - table.ttl if table.ttl else datetime.min.replace(tzinfo=cutoff.tzinfo) + timedelta(days=1)
    served = pl.col(TIMESTAMP).is_between(pl.lit(oldest), pl.lit(cutoff), closed="right" if table.ttl else "both")
    return _none(stored, ~served, f"not served at {cutoff:%Y-%m-%d %H:%M}")


def _none(stored: StoredPartition, wrong: pl.Expr, what: str) -> Finding:
    rows = (with_weeks(stored.table) if stored.step.kind == "dimension" else stored.table).filter(wrong.fill_null(value=True))
    count = int(rows.select(pl.len()).collect().item())
    return Finding(f"0 rows {what}", f"{count} rows {what}", AGAIN, rows.head(SHOWN).collect())


def _views(stored: StoredPartition) -> Finding:
    tables = feature_tables()
    schemas = {table.name: schema for table in tables if (schema := _stored_schema(stored.graph, table)) is not None}
    found = schema_differences(open_store(stored.graph.home.root), tables, schemas)
    hint = "`hm run --week D` registers the views anew; a partition that differs is made again with --force"
    return Finding("0 columns differ", f"{found.height} columns differ", hint, found)


def _stored_schema(graph: Graph, table: FeatureTable) -> pl.Schema | None:
    """Return the columns of the newest partition; none where it is stale, for then it is about to be made again."""
    stored = newest(graph, graph.steps[table.table])
    if stored is None or not stored.files or not graph.is_current(table.table, stored.week_id):
        return None
    return scan_files(stored.files[:1]).collect_schema()


def _agreement(stored: StoredPartition) -> Finding:
    settings = stored.graph.settings
    compared, differing = online_parity.compare(stored.graph.home, stored.week_id, online_store=settings.online_store, seed=settings.seed)
    return Finding(
        f"0 of {compared:,} values differ",
        f"{differing.height:,} of {compared:,} values differ",
        "the online store was changed or lost, or its tables made again: make online_store again with --force",
        differing,
    )


VIEWS = Check("views", "Feast's views, the contracts and the stored columns agree in names and types.", _views)
AGREEMENT = Check("agreement", f"{online_parity.KEYS:,} random keys of every view are online what they are in the tables.", _agreement)
