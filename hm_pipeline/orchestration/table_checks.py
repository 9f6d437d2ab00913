"""Checks of every stored partition: its contract, its rows, whether it is current, and whether a model can be loaded."""

from collections.abc import Iterable
from dataclasses import replace
from math import isfinite

import polars as pl

from hm_pipeline.engine.dimension import latest, with_weeks
from hm_pipeline.engine.partition_files import UNPARTITIONED
from hm_pipeline.engine.presentation import Check, Finding, StoredPartition, partition
from hm_pipeline.engine.step import Step
from hm_pipeline.features.checks import view_checks, views_by_table

READ = 5_000_000  # rows of a partition that are read back
AGAIN = "make the partition again with --force"


def checks_of(step: Step) -> tuple[Check, ...]:
    """Return the checks of a step: those of every table or model, its own, and those of the Feast view it is served by."""
    current = () if step.is_ingested else (CURRENT,)
    if step.kind == "model":
        return (LOADS, *current, *step.checks)
    view = views_by_table().get(step.name)
    stored: tuple[Check, ...] = (CONTRACT, ROWS) if step.schema else ()
    if step.is_ingested:  # all else is made of these
        stored = tuple(replace(check, is_blocking=True) for check in stored)
    return (*stored, *current, *step.checks, *(view_checks(view) if view else ()))


def _contract(stored: StoredPartition) -> Finding:
    schema = stored.step.schema
    assert schema is not None  # noqa: S101  models have another check
    table = latest(with_weeks(stored.table)) if stored.step.kind == "dimension" else stored.table  # past ones are no key's only row
    rows = table.head(READ).collect()
    _, failures = schema.filter(rows)
    broken = ", ".join(f"{rule} {count:,}" for rule, count in sorted(failures.counts().items()))
    of = f"of {rows.height:,} rows break a rule of {schema.__name__}"
    hint = "the rules are the contract's in the code: make the partition again, with --force if it is current"
    offending = failures.invalid().drop("event_timestamp", strict=False)
    return Finding(f"0 {of}", f"{offending.height:,} {of}" + (f": {broken}" if broken else ""), hint, offending)


def _rows(stored: StoredPartition) -> Finding:
    rows = int(stored.table.select(pl.len()).collect().item())
    again = "ingest the files again" if stored.step.is_ingested else AGAIN
    return Finding(f"{stored.manifest.rows:,} rows", f"{rows:,} rows", f"a file was changed: {again}")


def _current(stored: StoredPartition) -> Finding:
    """List the stored weeks that are stale: made of older rows, models or code, however far up the graph these are."""
    step, graph = stored.step, stored.graph
    there = [week for week in _partitions(stored) if partition(graph, step, week)]
    stale = [week for week in there if not graph.is_current(step.name, week)]
    names = [step.name if week == UNPARTITIONED else graph.calendar.key(week) for week in stale]
    return Finding(
        f"0 of {len(there)} stored partitions stale",
        f"{len(stale)} of {len(there)} stored partitions stale",
        "materialise them again, or `hm run --week D`, which makes all that a week needs and nothing that is current",
        pl.DataFrame({"stale": names}),
    )


def _partitions(stored: StoredPartition) -> Iterable[int]:
    """Return the weeks that have a partition of their own: a model's are those it is fitted in."""
    step, calendar = stored.step, stored.graph.calendar
    return dict.fromkeys(step.fit_week(week, calendar) for week in calendar.weeks) if step.is_weekly else (UNPARTITIONED,)


def _loads(stored: StoredPartition) -> Finding:
    load, folder = stored.step.load, stored.graph.folder(stored.step.name, stored.week_id)
    assert load is not None  # noqa: S101  a model step always has one
    of = f"of {len(stored.manifest.metrics)} metrics not finite"
    expected = f"a model that loads, 0 {of}"
    try:
        load(folder)
    except Exception as error:  # noqa: BLE001 - every library has its own for a file that it cannot read
        return Finding(expected, f"{type(error).__name__}: {' '.join(str(error).split())}", f"a file of the model was changed: {AGAIN}")
    wrong = sorted(name for name, value in stored.manifest.metrics.items() if not isfinite(value))
    offending = pl.DataFrame({"metric": wrong})
    return Finding(expected, f"a model that loads, {len(wrong)} {of}", f"look at what it was fitted on, then {AGAIN}", offending)


CONTRACT = Check("contract", f"Types, ranges and the unique key, of up to {READ:,} rows.", _contract)
ROWS = Check("rows", "The files hold the rows that the manifest records.", _rows)
LOADS = Check("loads", "The model can be loaded, and its metrics are finite numbers.", _loads)
CURRENT = Check(
    "current",
    "What is stored, of any week, is what would be made of the data and the code as they are now.",
    _current,
    is_warning=True,
    is_of_table=True,
)
