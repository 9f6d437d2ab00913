"""Weeks that a step reads: fixed offsets, or as many weeks as hold enough sales."""

from hypothesis import given
from hypothesis import strategies as st

from hm_pipeline.engine.dependency import newest

SOLD = st.lists(st.integers(0, 100), min_size=40, max_size=40)


@given(sold=SOLD, week=st.integers(5, 39), enough=st.integers(1, 500), least=st.integers(1, 4), more=st.integers(0, 6))
def test_the_newest_weeks_are_read_until_they_hold_enough(sold, week, enough, least, more):
    read = newest("table", enough=enough, least=least, most=least + more, warm_up=2)
    weeks = read.weeks(week, 0, sold.__getitem__)
    assert weeks.stop == week
    assert min(least, week - 2) <= len(weeks) <= least + more
    assert weeks.start >= 2
    if len(weeks) > least:  # the oldest was needed
        assert sum(sold[each] for each in weeks[1:]) < enough
    if weeks.start > 2 and len(weeks) < least + more:  # no other is
        assert sum(sold[each] for each in weeks) >= enough


@given(week=st.integers(0, 30))
def test_what_is_read_in_any_case_needs_no_sales(week):
    read = newest("table", enough=10, least=4, most=8)
    assert read.weeks(week, 0) == range(max(week - 4, 0), week)
