"""Moments of every unit and zone, and texts with offsets, are instants: offline, online, in a period, in materialisation."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.feast_duckdb.offline.entities import Entities
from hm_pipeline.feast_duckdb.offline.entity_input import load
from hm_pipeline.feast_duckdb.offline.session import open_session
from hm_pipeline.feast_duckdb.offline.store import DuckDBPointInTimeOfflineStoreConfig

from .conftest import at, view

EARLY, LATE = at(-1), at(1)
NAIVE = at().replace(tzinfo=None)


def loaded(table) -> Entities:
    return load(open_session(DuckDBPointInTimeOfflineStoreConfig()), table)


@pytest.fixture
def visits(tmp_path, repository):
    def write(stamps, **options):
        table = pa.table({"customer_id": [1, 1], "event_timestamp": stamps, "value": [10, 11]})
        pq.write_table(table, tmp_path / "visits.parquet", version="2.6")
        return repository(view("visits", tmp_path / "visits.parquet", ["customer_id"], ttl=None, **options))

    return write


def ask(store, moment):
    table = pa.table({"customer_id": [1], "event_timestamp": moment if isinstance(moment, pa.Array) else [moment]})
    return store.get_historical_features(entity_df=table, features=["visits:value"]).to_arrow()["value"].to_pylist()[0]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Kathmandu"])
def test_every_unit_and_zone(visits, unit, zone):
    kind = pa.timestamp(unit, zone)
    store = visits(pa.array([EARLY, LATE]).cast(pa.timestamp("us")).cast(pa.timestamp(unit)).cast(kind))
    for moment, value in ((LATE - timedelta(seconds=1), 10), (LATE, 11), (EARLY - timedelta(seconds=1), None)):
        assert ask(store, pa.array([moment.replace(tzinfo=None)], pa.timestamp(unit)).cast(kind)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2020-09-16T15:00:00+02:00", 11),
        ("2020-09-16 14:59:59 Europe/Stockholm", 10),
        ("2020-09-16 18:45:00+05:45", 11),
        ("2020-09-16T12:59:59Z", 10),
        ("2020-09-16 13:00", 11),
        ("2020-09-17", 11),
        ("2020-09-16", None),
    ],
)
def test_a_text_is_the_instant_that_it_names(visits, text, value):
    assert ask(visits([EARLY, LATE]), text) == value
    # of a source, too: as text it comes before every other
    assert ask(visits(["2020-09-15T00:00:00Z", text]), datetime(2020, 9, 18, tzinfo=UTC)) == 11


def test_materialisation_and_periods_sort_texts_by_their_instants(visits):
    store = visits(["2020-09-16T21:00:00+09:00", "2020-09-16T14:00:00+00:00"])  # 12:00 and 14:00 UTC
    store.materialize(at(-100), at(100))
    assert store.get_online_features(["visits:value"], {"customer_id": [1]}).to_dict()["value"] == [11]
    job = store.get_historical_features(features=["visits:value"], start_date=at(-1), end_date=at(1))
    assert job.to_arrow()["value"].to_pylist() == [10]
    first, last = at(1).replace(tzinfo=None), at(3).replace(tzinfo=None)
    period = store.get_historical_features(features=["visits:value"], start_date=first, end_date=last)
    assert period.to_arrow()["value"].to_pylist() == [11]


def test_a_row_is_not_known_before_its_nanosecond(visits):
    base = 1_600_000_000_000_000_000
    store = visits(pa.array([base, base + 1_500], pa.timestamp("ns", "UTC")))
    asked = [ask(store, pa.array([base + ns], pa.timestamp("ns", "UTC"))) for ns in (1_000, 2_000)]
    assert asked == [10, 11]
    texts = visits(["2020-09-13T12:26:40.000000Z", "2020-09-13T12:26:40.0000015Z"])
    assert [ask(texts, pa.array([base + ns], pa.timestamp("ns", "UTC"))) for ns in (1_000, 2_000)] == [10, 11]


@pytest.mark.parametrize("as_known", [False, True])
@pytest.mark.parametrize("name", ["ns", "text"])
def test_of_two_rows_between_two_microseconds_the_later_one_holds(tmp_path, repository, name, as_known):
    base = 1_600_000_000_000_000_000
    stamps = pa.array([base + 900, base + 100, base + 50], pa.timestamp("ns", "UTC"))
    texts = [f"2020-09-13T12:26:40.000000{tail}Z" for tail in ("9", "1", "05")]
    made = pa.array([base // 1_000] * 3, pa.timestamp("us", "UTC"))
    table = pa.table({"customer_id": [1] * 3, "event_timestamp": {"ns": stamps, "text": texts}[name], "value": [10, 11, 12], "made": made})
    pq.write_table(table, tmp_path / "visits.parquet")
    store = repository(view("visits", tmp_path / "visits.parquet", ["customer_id"], ttl=None, created_timestamp_column="made"))
    asked = pa.table({"customer_id": [1], "event_timestamp": pa.array([base + 1_000], pa.timestamp("ns", "UTC"))})
    found = store.get_historical_features(asked, ["visits:value"], filter_by_created_timestamp=as_known)
    assert found.to_arrow()["value"].to_pylist() == [10]


def test_a_row_holds_to_its_last_nanosecond(tmp_path, repository):
    base = 1_600_000_000_000_000_000
    table = pa.table({"customer_id": [1], "event_timestamp": pa.array([base + 500], pa.timestamp("ns", "UTC")), "value": [1]})
    pq.write_table(table, tmp_path / "visits.parquet")
    store = repository(view("visits", tmp_path / "visits.parquet", ["customer_id"], ttl=timedelta(microseconds=1)))
    asked = [ask(store, pa.array([base + ns], pa.timestamp("ns", "UTC"))) for ns in (0, 1_000, 2_000)]
    assert asked == [None, 1, None]


@pytest.mark.parametrize(
    "moment",
    [
        "last Wednesday",
        "2020-13-01",
        "1600000000",
        "infinity",
        "2020-09-16T12:00:00.0000005Z",
        pd.Timestamp("2020-09-16 12:00:00.000000500", tz="UTC"),
        np.datetime64("2020-09-16T12:00:00.000000500"),
        1_600_000_000,
        1_600_000_000.5,
        Decimal("1600000000"),
        True,
    ],
)
def test_what_names_no_moment_or_would_be_cut_is_refused(moment):
    for dtype in (None, object):
        with pytest.raises(InvalidInput, match="entity table"):
            loaded(pd.DataFrame({"customer_id": [1], "event_timestamp": pd.Series([moment], dtype=dtype)}))


def test_objects_of_several_kinds_of_moments():
    zoned = [pd.Timestamp("2020-09-16 14:00", tz="Europe/Stockholm"), NAIVE, np.datetime64("2020-09-16T12:00"), pd.NaT]
    table = pd.DataFrame({"customer_id": range(4), "event_timestamp": pd.Series(zoned, dtype=object)})
    entities = loaded(table.iloc[:3])
    assert entities.first == entities.last == NAIVE
    with pytest.raises(InvalidInput, match="1 of 4 rows have no event_timestamp"):
        loaded(table)
    with pytest.raises(InvalidInput, match="mixes dates and moments"):  # Arrow would drop the time of day
        loaded(pd.DataFrame({"event_timestamp": pd.Series([date(2020, 9, 16), NAIVE], dtype=object)}))
    assert loaded(pl.DataFrame({"event_timestamp": [date(2020, 9, 16)]})).first == NAIVE.replace(hour=0)
