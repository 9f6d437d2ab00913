"""Dimensions: what was known at a week stays what it was, whatever is delivered later."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from hm_pipeline.engine.dimension import FROM, UNTIL, corrected, digest_at, digests, known_at, latest, record, stamped, with_weeks

KEY = "article_id"
DELIVERIES = st.lists(
    st.tuples(st.integers(0, 2), st.dictionaries(st.integers(1, 4), st.sampled_from(["red", "blue", None]), min_size=1)), max_size=6
)


def names(**colours: str | None) -> pl.DataFrame:
    ids = [int(name.removeprefix("a")) for name in colours]
    columns = {KEY: ids, "colour": list(colours.values()), "position": range(len(ids))}
    return pl.DataFrame(columns, schema={KEY: pl.Int64, "colour": pl.String, "position": pl.Int64})


def versions(rows: pl.DataFrame) -> list[tuple[object, ...]]:
    return rows.select(KEY, "colour", FROM, UNTIL).rows()


def at(rows: pl.DataFrame, week_id: int) -> list[tuple[object, ...]]:
    return known_at(rows.lazy(), week_id).select(KEY, "colour").collect().rows()


def test_what_came_first_was_always_known_and_what_came_later_from_its_week_on() -> None:
    first = record(None, names(a1="red", a2="blue"), KEY, week_id=10)
    assert versions(first) == [(1, "red", 0, None), (2, "blue", 0, None)]
    second = record(first, names(a1="red", a2="green", a3="red"), KEY, week_id=12)
    assert versions(second) == [(1, "red", 0, None), (2, "blue", 0, 12), (2, "green", 12, None), (3, "red", 12, None)]
    assert at(second, 11) == [(1, "red"), (2, "blue")]
    assert at(second, 12) == [(1, "red"), (2, "green"), (3, "red")]
    assert latest(second.lazy()).select(KEY, "colour").collect().rows() == at(second, 12)


def test_what_purchases_knew_earlier_is_known_from_then_on() -> None:
    first = record(None, names(a1="red"), KEY, week_id=10)
    sold = pl.DataFrame({KEY: [1, 2, 3], FROM: [4, 11, 40]})
    second = record(first, names(a1="blue", a2="red", a3="red"), KEY, week_id=12, first_weeks=sold)
    assert versions(second) == [(1, "red", 0, 12), (1, "blue", 12, None), (2, "red", 11, None), (3, "red", 12, None)]


def test_a_delivery_that_comes_twice_or_is_taken_back_within_its_week_changes_nothing() -> None:
    first = record(None, names(a1="red", a2=None), KEY, week_id=10)
    changed = record(first, names(a1="blue", a2=None, a3="red"), KEY, week_id=12)
    assert record(changed, names(a1="blue", a2=None, a3="red"), KEY, week_id=12).equals(changed)
    assert record(changed, names(a1="red", a2=None), KEY, week_id=12).equals(first)
    assert versions(record(changed, names(a1="green", a2=None, a3="red"), KEY, week_id=12))[1] == (1, "green", 12, None)


def test_a_place_in_the_file_is_no_attribute() -> None:
    first = record(None, names(a1="red", a2="blue"), KEY, week_id=10)
    moved = record(first, names(a2="blue", a1="red"), KEY, week_id=12)
    assert versions(moved) == versions(first)
    assert moved.sort(KEY)["position"].to_list() == [1, 0]
    assert digests(moved) == digests(first)


def test_a_correction_of_the_past_holds_from_the_beginning() -> None:
    rows = record(record(None, names(a1="red"), KEY, week_id=10), names(a1="blue", a2="red"), KEY, week_id=12)
    assert versions(corrected(rows, names(a1="green", a2="red", a3="red"), KEY)) == [
        (1, "green", 0, None),
        (2, "red", 12, None),
        (3, "red", 0, None),
    ]


def test_moments_are_the_cutoffs_of_the_weeks() -> None:
    rows = record(record(None, names(a1="red"), KEY, week_id=1), names(a1="blue"), KEY, week_id=2)
    moments = stamped(rows, date(2020, 1, 1))["event_timestamp"].to_list()
    assert moments == [datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 15, tzinfo=UTC)]


def test_rows_of_an_earlier_release_were_always_known() -> None:
    rows = names(a1="red", a2="blue")
    assert versions(with_weeks(rows.lazy()).collect()) == [(1, "red", 0, None), (2, "blue", 0, None)]
    dated = record(None, rows, KEY, week_id=1)
    assert with_weeks(dated.lazy()).collect().equals(dated)


@settings(deadline=None)
@given(DELIVERIES)
def test_later_deliveries_change_no_earlier_week(deliveries: Sequence[tuple[int, dict[int, str | None]]]) -> None:
    rows, week_id, known = record(None, names(a1="red", a2=None), KEY, week_id=1), 1, {1: "red", 2: None}
    for weeks, delivered in deliveries:
        before, week_id = rows, week_id + weeks
        known |= delivered
        rows = record(rows, names(**{f"a{number}": colour for number, colour in sorted(known.items())}), KEY, week_id=week_id)
        assert at(rows, week_id) == sorted(known.items())
        assert rows.filter(pl.col(UNTIL).is_null())[KEY].to_list() == sorted(known)
        for past in range(week_id):
            assert at(rows, past) == at(before, past)
            assert digest_at(digests(rows), past) == digest_at(digests(before), past)
