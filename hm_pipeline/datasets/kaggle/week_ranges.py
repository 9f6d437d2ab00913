"""Weeks that a home spans after an ingest, and the days missing in them, by the shop's own habit.

A day is missing if at least half of up to eight weeks before had purchases on its weekday: a shop that is closed on
Tuesdays has complete weeks that end on Monday.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta

from hm_pipeline.base.calendar import DAYS, Calendar
from hm_pipeline.base.errors import InvalidInput, UnknownWeek
from hm_pipeline.engine.home import Home

HABIT = 8  # weeks: two months distinguish a habit from an accident, and a new habit is learnt within one
Days = Callable[[int], frozenset[date]]


def missing_days(week_id: int, days: Days, calendar: Calendar) -> list[date]:
    """Return the days of a week without purchases on whose weekday the shop is used to have some.

    Parameters
    ----------
    days
        Days with purchases of a week.
    calendar
        Where there is no week before in it, the habit is that of those after.
    """
    before = range(max(week_id - HABIT, calendar.first_week), week_id)
    others = before or range(week_id + 1, min(week_id + HABIT, calendar.last_week - 1) + 1)
    found = []
    for day in (calendar.start(week_id) + timedelta(days=offset) for offset in range(DAYS)):
        usual = sum(day + timedelta(days=DAYS * (other - week_id)) in days(other) for other in others)
        if others and 2 * usual >= len(others) and day not in days(week_id):
            found.append(day)
    return found


def span(weeks: Iterable[int], days: Days, epoch: date) -> Calendar:
    """Return the calendar of a home that holds purchases in some weeks.

    The serving week is the one after the last of them, or that one itself if days are missing after the last purchase.
    """
    held = sorted(weeks)
    last_day = max(days(held[-1]))
    full = Calendar(epoch, held[0], held[-1] + 1, last_day)
    is_cut_short = any(day > last_day for day in missing_days(held[-1], days, full))
    return replace(full, last_week=held[-1]) if is_cut_short else full


def gaps(weeks: Iterable[int], days: Days, calendar: Calendar) -> list[date]:
    """Return the missing days of some weeks; those after the last purchase are another matter."""
    found = [day for week_id in weeks for day in missing_days(week_id, days, calendar)]
    return [day for day in found if calendar.last_day and day < calendar.last_day]


def read_range(text: str) -> tuple[date, date]:
    """Read ``FROM..TO``, two days."""
    try:
        first, last = (date.fromisoformat(day) for day in text.split(".."))
    except ValueError as error:
        raise InvalidInput(
            f"{text!r} is no range of weeks", where="--drop-weeks", hint="write FROM..TO, as 2020-09-09..2020-09-16"
        ) from error
    return first, last


def weeks_in(first: date, last: date, calendar: Calendar) -> range:
    """Return the weeks from that of one day to that of another.

    Raises
    ------
    InvalidInput
        If the first comes after the last.
    UnknownWeek
        If one lies outside the calendar.
    """
    if first > last:
        raise InvalidInput(f"{first} comes after {last}", where="--drop-weeks", hint="give the earlier day first")
    known = f"{calendar.key(calendar.first_week)} to {calendar.start(calendar.last_week + 1) - timedelta(days=1)}"
    for day in (first, last):
        if calendar.week_of(day) not in calendar.weeks:
            raise UnknownWeek(f"{day} lies outside the data", where="--drop-weeks", hint=f"give days from {known}")
    return range(calendar.week_of(first), calendar.week_of(last) + 1)


def epoch_of(home: Home, epoch: date | None, default: date) -> date:
    """Return the first day of week 0 of a home: its own, else one that is given, else the default.

    Raises
    ------
    InvalidInput
        If another one is given than the home's.
    """
    path = home.root / "calendar.json"
    if not path.exists():
        return epoch or default
    if epoch not in (None, home.calendar.epoch):
        raise InvalidInput(
            f"the home counts weeks from {home.calendar.epoch}, not from {epoch}",
            where=str(path),
            hint="use that epoch, or another home",
        )
    return home.calendar.epoch
