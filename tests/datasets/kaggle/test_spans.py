"""Where the data end: a week whose days are not all there, evaluated by the shop's own habit, is the serving week."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from hm_pipeline.base.calendar import REFERENCE, REFERENCE_EPOCH, Calendar
from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.datasets.kaggle.report import words_of
from hm_pipeline.datasets.kaggle.week_ranges import missing_days, read_range, span, weeks_in
from hm_pipeline.engine.home import Home
from tests.datasets.kaggle.tiny_files import ADA, run, week, write

HEAD = "t_dat,customer_id,article_id,price\n"
FIRST = date(2020, 8, 5)  # a Wednesday, the first day of week 98


def every_day(last: date, *, but: tuple[int, ...] = (), first: date = FIRST) -> list[date]:
    """Days from the first to the last one; ``but`` are weekdays on which the shop is closed, Monday is 0."""
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return [day for day in days if day.weekday() not in but]


def calendar_of(days: list[date]) -> Calendar:
    weeks = {REFERENCE.week_of(day): frozenset[date]() for day in days}
    weeks = {week_id: frozenset(day for day in days if REFERENCE.week_of(day) == week_id) for week_id in weeks}
    return span(weeks, lambda week_id: weeks.get(week_id, frozenset()), REFERENCE_EPOCH)


@pytest.mark.parametrize(
    ("days", "serving", "is_cut_short"),
    [
        (every_day(date(2020, 9, 22)), "2020-09-23", False),
        (every_day(date(2020, 9, 21)), "2020-09-16", True),
        (every_day(date(2020, 9, 16)), "2020-09-16", True),
        (every_day(date(2020, 9, 15)), "2020-09-16", False),
        (every_day(date(2020, 9, 21), but=(1,)), "2020-09-23", False),  # closed on Tuesdays
        (every_day(date(2020, 9, 18), but=(1,)), "2020-09-16", True),
        (every_day(date(2020, 9, 18), but=(1, 5, 6, 0)), "2020-09-23", False),
        (every_day(date(2020, 8, 8)), "2020-08-12", False),  # no week before it, no habit
        (every_day(date(2020, 8, 13)), "2020-08-12", True),
        ([*every_day(date(2020, 8, 18)), *every_day(date(2020, 9, 22), but=(1,), first=date(2020, 8, 19))], "2020-09-23", False),
        ([*every_day(date(2020, 9, 1), but=(1,)), *every_day(date(2020, 9, 28), first=date(2020, 9, 2))], "2020-09-30", False),
        ([*every_day(date(2020, 8, 25), but=(1,)), *every_day(date(2020, 9, 21), first=date(2020, 8, 26))], "2020-09-16", True),
    ],
)
def test_the_serving_week(days: list[date], serving: str, is_cut_short: bool) -> None:
    calendar = calendar_of(days)
    assert (calendar.key(calendar.last_week), bool(calendar.cut_short)) == (serving, is_cut_short)
    assert calendar.last_day == days[-1]


def test_missing_days_of_the_first_week_are_told_by_the_weeks_after() -> None:
    days = [day for day in every_day(date(2020, 9, 22)) if day >= date(2020, 8, 7) and day != date(2020, 8, 30)]
    calendar = calendar_of(days)

    def of_week(week_id: int) -> frozenset[date]:
        return frozenset(day for day in days if REFERENCE.week_of(day) == week_id)

    assert missing_days(98, of_week, calendar) == [date(2020, 8, 5), date(2020, 8, 6)]
    assert missing_days(101, of_week, calendar) == [date(2020, 8, 30)]
    assert missing_days(102, of_week, calendar) == []


def purchases(days: list[date]) -> str:
    return HEAD + "".join(f"{day},{ADA},0108775015,0.01\n" for day in days)


def test_the_serving_week_moves_on_when_the_rest_arrives(tmp_path: Path) -> None:
    """Case F18: data that end on a Thursday, and the delivery that completes their week."""
    home = tmp_path / "home"
    report = run(write(tmp_path / "raw", transactions=purchases(every_day(date(2020, 9, 17)))), home)
    assert (report.last_week, report.last_day) == (104, date(2020, 9, 17))
    assert json.loads((home / "calendar.json").read_text())["last_day"] == "2020-09-17"
    assert week(home, 104).height == 2  # they are stored, and nothing about the week reads them
    words = words_of(report, Home(home))
    sentence = (
        "The data end on Thursday 2020-09-17, day 2 of the week of 2020-09-16: it is the serving week until the other days are ingested."
    )
    assert sentence in words.splitlines()
    assert words.endswith("Next: hm run --week 2020-09-16")
    report = run(write(tmp_path / "rest", transactions=purchases(every_day(date(2020, 9, 22), first=date(2020, 9, 16)))), home)
    assert (report.last_week, report.cut_short, report.weeks_replaced) == (105, "", 1)
    assert "The data end" not in words_of(report, Home(home))


def test_the_habit_is_that_of_home_and_files_together(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run(write(tmp_path / "raw", transactions=purchases(every_day(date(2020, 9, 15)))), home)
    assert run(write(tmp_path / "more", transactions=purchases([date(2020, 9, 16)])), home).last_week == 104


def test_days_without_a_purchase_are_told(tmp_path: Path) -> None:
    days = [day for day in every_day(date(2020, 9, 22)) if day not in (date(2020, 8, 30), date(2020, 9, 2))]
    report = run(write(tmp_path / "raw", transactions=purchases(days)), tmp_path / "home")
    assert report.missing_days == [date(2020, 8, 30), date(2020, 9, 2)]
    assert "usually has some: 2020-08-30, 2020-09-02." in words_of(report, Home(tmp_path / "home"))


def test_a_calendar_of_before_is_read(tmp_path: Path) -> None:
    (tmp_path / "calendar.json").write_text('{"epoch": "2018-09-19", "first_week": 1, "last_week": 9}')
    calendar = Calendar.load(tmp_path / "calendar.json")
    assert (calendar.last_day, calendar.cut_short) == (None, "")


@pytest.mark.parametrize(
    "text", ["2020-09-09", "2020-09-09..", "..", "2020-09-09..2020-09-16..2020-09-23", "a..b", "2020-09-09 - 2020-09-16"]
)
def test_a_range_is_two_days(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"is no range of weeks .*write FROM\.\.TO"):
        read_range(text)


def test_any_day_of_a_week_names_it() -> None:
    assert weeks_in(*read_range("2020-09-15..2020-09-16"), REFERENCE) == range(103, 105)
