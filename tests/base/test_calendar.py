"""Weeks, cutoffs, fits and label weeks of a calendar, by hand and for any week."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hm_pipeline.base.calendar import REFERENCE, Calendar, fit_week, label_weeks
from hm_pipeline.base.errors import MissingInput, UnknownWeek

DAYS = st.dates(date(2000, 1, 1), date(2040, 1, 1))


@given(day=DAYS, epoch=DAYS)
def test_a_day_lies_in_its_week(day, epoch):
    calendar = Calendar(epoch)
    week_id = calendar.week_of(day)
    assert calendar.start(week_id) <= day < calendar.start(week_id + 1)
    assert calendar.cutoff(week_id) == datetime.combine(calendar.start(week_id), datetime.min.time(), tzinfo=UTC)


@pytest.mark.parametrize("week_id", [0, 57, 105])
def test_a_week_is_read_from_its_key(week_id):
    assert REFERENCE.parse(REFERENCE.key(week_id)) == week_id


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("2020-09-24", "did you mean 2020-09-23"),
        ("2020-09-30", "lies outside the data"),
        ("2018-09-12", "choose one from 2018-09-19 to 2020-09-23"),
        ("week 3", "is not a date"),
    ],
)
def test_what_is_no_week_is_refused(text, match):
    with pytest.raises(UnknownWeek, match=match):
        REFERENCE.parse(text)


def test_a_calendar_is_read_as_it_was_written(tmp_path):
    calendar = Calendar(date(2020, 1, 1), 3, 9, date(2020, 3, 5))
    calendar.save(tmp_path / "calendar.json")
    assert Calendar.load(tmp_path / "calendar.json") == calendar
    assert [path.name for path in tmp_path.iterdir()] == ["calendar.json"]
    with pytest.raises(MissingInput, match="no data ingested yet"):
        Calendar.load(tmp_path / "other.json")


def test_a_last_week_without_all_its_days_is_named():
    assert REFERENCE.cut_short == ""
    short = Calendar(last_week=104, last_day=date(2020, 9, 17))
    assert short.cut_short.startswith("The data end on Thursday 2020-09-17, day 2 of the week of 2020-09-16")
    whole = Calendar(last_week=105, last_day=date(2020, 9, 22))
    assert whole.cut_short == ""


@given(week_id=st.integers(0, 300), first=st.integers(0, 20), every=st.integers(1, 20), warm_up=st.integers(0, 12))
def test_a_fit_serves_the_weeks_until_the_next(week_id, first, every, warm_up):
    week_id += first
    found = fit_week(week_id, first_week=first, every=every, warm_up=warm_up)
    assert found >= first + warm_up
    if found <= week_id:
        assert week_id - found < every
        assert fit_week(found, first_week=first, every=every, warm_up=warm_up) == found


@given(first=st.integers(10, 300), count=st.integers(3, 12))
def test_label_weeks_have_one_role_each_and_the_blend_is_the_newest(first, count):
    weeks = range(first, first + count)
    roles = label_weeks(weeks)
    assert roles.all == tuple(weeks)
    assert (roles.metric, roles.blend) == (weeks[-2], weeks[-1])
    assert len(roles.fit) == count - 2
