"""What `feast materialize` reports: rows and days that were written, or why none were."""

from datetime import timedelta

import polars as pl
import pytest

from hm_pipeline.feast_duckdb.materialization import TYPE as ENGINE
from hm_pipeline.feast_duckdb.online.store import TYPE as ONLINE

from .conftest import at, open_repository, view


@pytest.fixture
def store(tmp_path):
    """A store of one view, of two days."""
    stored = pl.DataFrame({"customer_id": [1, 2, 3], "value": [3, 4, 5], "event_timestamp": [at(), at(), at(24)]})
    stored.write_parquet(tmp_path / "a.parquet")
    views = [view("visits", "a.parquet", ["customer_id"])]
    return open_repository(tmp_path, views, online=ONLINE, more={"batch_engine": {"type": ENGINE}})


def test_rows_and_days_are_reported(store, capsys):
    store.materialize(at(-1), at(1))
    assert "visits: 2 rows written, of 2020-09-16\n" in capsys.readouterr().out
    store.materialize(at(-1), at(24))
    assert "visits: 3 rows written, of 2020-09-16, 2020-09-17\n" in capsys.readouterr().out
    answer = store.get_online_features(["visits:value"], [{"customer_id": key} for key in (1, 2, 3)])
    assert answer.to_dict()["value"] == [3, 4, 5]


def test_many_days_are_reported_as_a_span(store, tmp_path, capsys):
    days = pl.DataFrame({"customer_id": range(9), "value": range(9)})
    days = days.with_columns(event_timestamp=pl.lit(at()) + pl.col("value") * timedelta(days=1))
    days.write_parquet(tmp_path / "a.parquet")
    store.materialize(at(-1), at(24 * 30))
    assert "visits: 9 rows written, of 9 days from 2020-09-16 to 2020-09-24\n" in capsys.readouterr().out


def test_an_empty_period_is_reported_with_the_command_that_finds_rows(store, capsys):
    store.materialize_incremental(at(24 * 60))  # the first time from a week before today on
    words = capsys.readouterr().out
    assert "which ends before it begins; the newest are of 2020-09-17: feast materialize 2020-09-17T00:00:00 2020-09-18T00:00:00" in words
    store.materialize_incremental(at(24 * 90))
    words = capsys.readouterr().out
    assert "visits: nothing written: no rows from 2020-11-15 12:00 to 2020-12-15 12:00; the newest are of 2020-09-17: " in words
    command = words.rpartition("feast materialize ")[2].split()
    store.materialize(*map(at().fromisoformat, command))
    assert "visits: 1 rows written, of 2020-09-17\n" in capsys.readouterr().out


def test_a_source_without_rows_is_named(store, tmp_path, capsys):
    pl.read_parquet(tmp_path / "a.parquet").clear().write_parquet(tmp_path / "a.parquet")
    store.materialize(at(-1), at(1))
    assert "visits: nothing written: visits_source holds no rows\n" in capsys.readouterr().out
