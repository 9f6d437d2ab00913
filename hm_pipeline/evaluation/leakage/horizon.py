"""Horizon of a step: the latest purchases that its declared inputs, and theirs, hold."""

from datetime import UTC, datetime, time, timedelta

import polars as pl

from hm_pipeline.base.contracts import Transactions
from hm_pipeline.engine.plan import AUDIENCE, TRANSACTIONS, Graph


def latest_week(graph: Graph, name: str, week_id: int) -> int | None:
    """Return the last week of purchases that a partition can have read, through whatever it reads; none if it reads none.

    The audience is left out: that somebody bought in the week is what it is allowed to know.
    """
    if name == TRANSACTIONS:
        return week_id
    step = graph.steps[name]
    week_id = step.fit_week(week_id, graph.calendar)
    others = [read for read in step.reads if read.name not in (name, AUDIENCE)]  # a state carried on sees less a week earlier
    found = [latest_week(graph, read.name, week_id + read.last) for read in others]
    if step.model:
        found.append(latest_week(graph, step.model, week_id))
    return max((week for week in found if week is not None), default=None)


def latest_input_time(graph: Graph, name: str, week_id: int) -> datetime | None:
    """Return when the last day of purchases was over that a partition can have read; nothing if it reads none."""
    week = latest_week(graph, name, week_id)
    if week is None:
        return None
    if week >= week_id:
        return graph.calendar.cutoff(week + 1)
    for past in range(week, graph.calendar.first_week - 1, -1):
        sold = graph.home.weekly(TRANSACTIONS, Transactions).before(past + 1, weeks=1)
        last = sold.select(pl.col("t_dat").max()).collect().item()
        if last is not None:
            return datetime.combine(last + timedelta(days=1), time(), tzinfo=UTC)
    return None
