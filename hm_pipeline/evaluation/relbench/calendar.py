"""Weeks of RelBench's splits, and the title of a result over other weeks."""

from collections.abc import Sequence
from datetime import date, timedelta

from hm_pipeline.base.calendar import Calendar

VALIDATION, TEST = date(2020, 9, 7), date(2020, 9, 14)  # RelBench's timestamps, the last days that are known
_NEXT_DAY = timedelta(days=1)
SPLITS = {VALIDATION + _NEXT_DAY: "RelBench validation week", TEST + _NEXT_DAY: "RelBench test week"}
OWN = "own weeks"


def is_relbench(calendar: Calendar) -> bool:
    """Return whether the weeks start on the weekday that RelBench's labels start on, a Tuesday.

    Examples
    --------
    >>> is_relbench(Calendar(epoch=date(2018, 9, 18))), is_relbench(Calendar(epoch=date(2018, 9, 19)))
    (True, False)
    """
    return calendar.epoch.weekday() == (TEST + _NEXT_DAY).weekday()


def title(task: str, calendar: Calendar, weeks: Sequence[int]) -> str:
    """Return what a result is a result of: a split of RelBench where it is exactly that, else our own weeks.

    Only a single week can be exact, as RelBench evaluates each of the two alone.  A calendar holds dates, not whose data
    they are dates of: over a simulated shop no result is RelBench's, whatever the calendar.

    Parameters
    ----------
    task
        Name of the task, put first.
    weeks
        The evaluated weeks, at least one.

    Examples
    --------
    >>> title("item-sales", Calendar(epoch=date(2018, 9, 18)), [104])
    'item-sales, RelBench test week (2020-09-15)'
    >>> title("item-sales", Calendar(), [102, 103])
    'item-sales, own weeks (2020-09-02 to 2020-09-09)'
    """
    starts = sorted({calendar.start(week_id) for week_id in weeks})
    name = SPLITS.get(starts[0], OWN) if len(starts) == 1 else OWN
    span = " to ".join(dict.fromkeys((starts[0].isoformat(), starts[-1].isoformat())))
    return f"{task}, {name} ({span})"
