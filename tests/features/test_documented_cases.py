"""What Feast's documentation promises of point-in-time joins, on its own example, answers worked by hand.

The example is ``driver_hourly_stats``: two features of a driver, an hour apart, held to be true for two hours.
"""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from feast import Entity, FeatureService, FeatureView, Field, FileSource, ValueType
from feast.errors import FeatureNameCollisionError
from feast.types import Float32, Int64

from hm_pipeline.base.errors import MissingInput

from .conftest import open_repository

DRIVER = Entity(name="driver", join_keys=["driver_id"], value_type=ValueType.INT64)
FEATURES = ["driver_hourly_stats:trips_today", "driver_hourly_stats:earnings_today"]


def on_the_day(hour: int, minute: int = 0, day: int = 12) -> datetime:
    return datetime(2021, 4, day, hour, minute, tzinfo=UTC)


STATS = pl.DataFrame(
    {
        "driver_id": [1001, 1001, 1001, 1002, 1003],
        "event_timestamp": [on_the_day(hour) for hour in (8, 9, 10, 9, 9)],
        "created": [on_the_day(hour) for hour in (8, 9, 20, 9, 9)],
        "trips_today": [1, 2, 3, 10, 20],
        "earnings_today": pl.Series([5.0, 7.5, 9.0, 100.0, None], dtype=pl.Float32),
    }
)


@pytest.fixture
def store(tmp_path):
    STATS.write_parquet(tmp_path / "driver_hourly_stats.parquet")
    source = FileSource(
        name="stats", path="driver_hourly_stats.parquet", timestamp_field="event_timestamp", created_timestamp_column="created"
    )
    schema = [Field(name="trips_today", dtype=Int64), Field(name="earnings_today", dtype=Float32)]
    stats = FeatureView(name="driver_hourly_stats", entities=[DRIVER], schema=schema, ttl=timedelta(hours=2), source=source)
    everyone = FeatureView(name="all_drivers", entities=[], schema=[Field(name="trips_today", dtype=Int64)], ttl=None, source=source)
    activity = FeatureService(name="driver_activity", features=[stats[["trips_today"]]])
    return open_repository(tmp_path, [DRIVER, stats, everyone, activity])


def events(*rows: tuple[datetime, int, bool]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["event_timestamp", "driver_id", "trip_success"], orient="row")


def asked(store, table, features=FEATURES, **options):
    return store.get_historical_features(entity_df=table, features=features, **options).to_polars()


def test_the_example_three_rows_join_and_the_first_and_the_last_do_not(store):
    """The first event precedes all rows of its driver; the last comes eleven hours after one, past the two of its life."""
    table = events(
        (on_the_day(7, 59), 1001, True),
        (on_the_day(8, 30), 1001, False),
        (on_the_day(10, 40), 1002, True),
        (on_the_day(10), 1003, True),
        (on_the_day(20), 1002, False),
    )
    result = asked(store, table)
    assert result.columns == ["event_timestamp", "driver_id", "trip_success", "trips_today", "earnings_today"]
    assert result.select(table.columns).equals(table.with_columns(pl.col("event_timestamp")))  # the given columns are preserved
    assert result["trips_today"].to_list() == [None, 1, 10, 20, None]
    assert result["earnings_today"].to_list() == [None, 5.0, 100.0, None, None]


def test_of_several_rows_the_latest_before_the_event_counts(store):
    times = [on_the_day(8), on_the_day(8, 59), on_the_day(9), on_the_day(9, 59), on_the_day(10), on_the_day(12), on_the_day(12, 1)]
    result = asked(store, events(*((time, 1001, True) for time in times)))
    assert result["trips_today"].to_list() == [1, 1, 2, 2, 3, 3, None]


def test_the_time_to_live_counts_from_each_event_and_not_from_now(store):
    """All rows are years old, and still found; the same row holds for one event and not for a later one."""
    result = asked(store, events((on_the_day(11), 1002, True), (on_the_day(11, 1), 1002, True)))
    assert result["trips_today"].to_list() == [10, None]


def test_drivers_without_rows_and_events_asked_twice_keep_their_rows(store):
    table = events((on_the_day(9), 1009, True), (on_the_day(9), 1001, True), (on_the_day(9), 1001, True))
    assert asked(store, table)["trips_today"].to_list() == [None, 2, 2]


def test_a_backfilled_value_is_hidden_from_training_where_that_is_asked(store):
    """The row of ten o'clock was created at eight in the evening: at eleven, the row of nine was what one knew."""
    table = events((on_the_day(11), 1001, True))
    assert asked(store, table)["trips_today"].to_list() == [3]
    assert asked(store, table, filter_by_created_timestamp=True)["trips_today"].to_list() == [2]


def test_the_row_created_last_wins_among_those_of_one_moment(tmp_path, store):
    again = STATS.filter(driver_id=1002).with_columns(created=pl.lit(on_the_day(10)), trips_today=pl.lit(11, pl.Int64))
    pl.concat([again, STATS]).write_parquet(tmp_path / "driver_hourly_stats.parquet")
    assert asked(store, events((on_the_day(11), 1002, True)))["trips_today"].to_list() == [11]


def test_entities_may_be_named_by_a_query_over_the_source(tmp_path, store):
    query = f"""
        SELECT driver_id, TIMESTAMPTZ '2021-04-12 09:30:00+00' AS event_timestamp
        FROM '{tmp_path}/driver_hourly_stats.parquet'
        WHERE event_timestamp BETWEEN '2021-01-01' AND '2021-12-31' GROUP BY driver_id ORDER BY driver_id
    """
    assert asked(store, query)["trips_today"].to_list() == [2, 10, 20]


def test_a_service_may_hold_some_features_of_a_view(store):
    result = asked(store, events((on_the_day(9), 1002, True)), store.get_feature_service("driver_activity"))
    assert result.columns == ["event_timestamp", "driver_id", "trip_success", "trips_today"]


def test_a_view_without_entities_needs_no_key(tmp_path, store):
    STATS.filter(driver_id=1001).write_parquet(tmp_path / "driver_hourly_stats.parquet")
    table = events((on_the_day(7), 1, True), (on_the_day(9, 30), 2, True)).drop("driver_id")
    assert asked(store, table, ["all_drivers:trips_today"])["trips_today"].to_list() == [None, 2]


def test_names_that_collide_are_refused_unless_they_are_full(store):
    both = ["driver_hourly_stats:trips_today", "all_drivers:trips_today"]
    with pytest.raises(FeatureNameCollisionError, match="trips_today"):
        asked(store, events((on_the_day(9), 1002, True)), both)
    named = store.get_historical_features(entity_df=events((on_the_day(9), 1002, True)), features=both, full_feature_names=True)
    assert {"driver_hourly_stats__trips_today", "all_drivers__trips_today"} <= set(named.to_sql().replace('"', " ").split())


def test_all_entities_of_the_views_must_be_given(store):
    with pytest.raises(MissingInput, match="lacks driver_id"):
        asked(store, events((on_the_day(9), 1002, True)).drop("driver_id"))


def test_a_period_instead_of_entities(store):
    job = store.get_historical_features(features=FEATURES, start_date=on_the_day(9), end_date=on_the_day(10))
    assert job.to_polars().select("driver_id", "trips_today").rows() == [(1001, 3), (1002, 10), (1003, 20)]
    with pytest.raises(ValueError, match="Cannot specify both"):
        store.get_historical_features(entity_df=events((on_the_day(9), 1002, True)), features=FEATURES, start_date=on_the_day(9))
