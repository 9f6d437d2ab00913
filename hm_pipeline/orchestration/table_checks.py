"""Checks of every stored table: its contract, its rows, and whether it is current."""

import polars as pl

from hm_pipeline.engine.partition_files import UNPARTITIONED, Manifest
from hm_pipeline.engine.presentation import Check, Finding, StoredPartition

READ = 5_000_000  # rows of the newest partition that are read back


def _contract(stored: StoredPartition) -> Finding:
    schema = stored.step.schema
    assert schema is not None  # noqa: S101  models have no checks
    _, failures = schema.filter(stored.table.head(READ).collect())
    counts = {str(rule): int(count) for rule, count in failures.counts().items()}
    hint = f"the rules are {schema.__name__}'s in the code: make the partition again, with --force if it is current"
    return Finding({}, counts, hint, failures.invalid().drop("event_timestamp", strict=False))


def _rows(stored: StoredPartition) -> Finding:
    rows = int(stored.table.select(pl.len()).collect().item())
    again = "ingest the files again" if stored.step.is_ingested else "make the partition again with --force"
    return Finding(stored.manifest.rows, rows, f"a file was changed: {again}")


def _current(stored: StoredPartition) -> Finding:
    """List the stored weeks that are stale: made of older rows, models or code, however far up the graph these are."""
    step, graph = stored.step, stored.graph
    weeks = graph.calendar.weeks if step.is_weekly else (UNPARTITIONED,)
    there = [week for week in weeks if Manifest.load(graph.folder(step.name, week))]
    stale = [week for week in there if not graph.is_current(step.name, week)]
    names = [step.name if week == UNPARTITIONED else graph.calendar.key(week) for week in stale]
    return Finding(
        f"0 of {len(there)} stored partitions stale",
        f"{len(stale)} of {len(there)} stored partitions stale",
        "materialise them again, or `hm run --week D`, which makes all that a week needs and nothing that is current",
        pl.DataFrame({"stale": names}),
    )


CONTRACT = Check("contract", "Types, ranges and the unique key of the newest partition.", _contract)
ROWS = Check("rows", "The files hold the rows that the manifest records.", _rows)
CURRENT = Check(
    "current",
    "What is stored, of any week, is what would be made of the data and the code as they are now.",
    _current,
    is_warning=True,
)
