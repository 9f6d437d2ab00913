"""Feast's monitoring: its figures are those that polars computes, and what is saved comes back."""

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from feast.data_format import ParquetFormat
from feast.infra.offline_stores.file_source import FileSource
from feast.monitoring.monitoring_service import MonitoringService
from feast.types import Array, Bool, Float32, Int64, String

from .conftest import at, open_repository, view, write_weeks

TYPES = {
    "number": Float32,
    "whole": Int64,
    "word": String,
    "flag": Bool,
    "numbers": Array(Float32),
    "words": Array(String),
    "empty": Float32,
}
PERCENTILES = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}
BINS, TOP = 20, 10


def rows(weeks=3, customers=200):
    """Return rows of weeks, with nulls, numbers that are none, and arrays; the third week's words are others."""
    drawn = np.random.default_rng(7)
    count = weeks * customers
    week = np.repeat(np.arange(weeks), customers)
    number = pl.Series(drawn.normal(3, 2, count), dtype=pl.Float32)
    number = number.set(pl.Series(drawn.random(count) < 0.1), None).set(pl.Series(drawn.random(count) < 0.05), float("nan"))
    frame = pl.DataFrame(
        {
            "customer_id": np.tile(np.arange(customers), weeks),
            "week_id": week,
            "number": number,
            "whole": pl.Series(drawn.integers(-5, 2**40, count)),
            "word": [f"w{value}" if value < 14 else None for value in drawn.integers(0, 16, count)],
            "flag": drawn.random(count) < 0.3,
            "numbers": [drawn.random(size).tolist() if size else None for size in drawn.integers(0, 5, count)],
            "words": [[f"w{size}"] * size for size in drawn.integers(0, 4, count)],
            "empty": pl.Series([None] * count, dtype=pl.Float32),
        },
        schema_overrides={"numbers": pl.List(pl.Float32), "words": pl.List(pl.String)},
    )
    return frame.with_columns(event_timestamp=pl.lit(at()) + pl.col("week_id") * timedelta(days=7))


@pytest.fixture
def store(tmp_path):
    stored = rows()
    pattern = write_weeks(stored, tmp_path / "weekly")
    for week in range(2):  # the third is not complete
        (tmp_path / "weekly" / f"week_id={week}" / "manifest.json").write_text("{}")
    source = {"tags": {"marker": "manifest.json"}}
    return open_repository(tmp_path, [view("need", pattern, ["customer_id", "week_id"], types=TYPES, **source)])


def figures(values: pl.Series, expected_rows: int, nulls: int) -> dict:
    """Return what polars says of numbers."""
    known = values.drop_nulls().cast(pl.Float64)
    known = known.filter(known.is_finite())
    found = {"row_count": expected_rows, "null_count": nulls, "null_rate": nulls / expected_rows}
    found |= {"mean": known.mean(), "stddev": known.std(), "min_val": known.min(), "max_val": known.max()}
    return found | {name: known.quantile(share, "linear") for name, share in PERCENTILES.items()}


def check_numbers(metric, values, total, nulls):
    expected = figures(values, total, nulls)
    assert {name: metric[name] for name in expected} == pytest.approx(expected, rel=1e-9)
    known = values.drop_nulls().cast(pl.Float64)
    known = known.filter(known.is_finite())
    histogram = metric["histogram"]
    assert sum(histogram["counts"]) == len(known)
    assert histogram["bins"] == pytest.approx(np.linspace(known.min(), known.max(), BINS + 1).tolist())
    place = ((known - known.min()) / histogram["bin_width"]).floor().clip(0, BINS - 1).cast(pl.Int64)
    assert histogram["counts"] == [(place == number).sum() for number in range(BINS)]


def check_words(metric, values, total, nulls):
    counts = values.drop_nulls().cast(pl.String).alias("value").value_counts().sort("count", "value", descending=[True, False])
    assert (metric["row_count"], metric["null_count"], metric["null_rate"]) == (total, nulls, pytest.approx(nulls / total))
    assert metric["histogram"] == {
        "values": counts.head(TOP).to_dicts(),
        "other_count": counts["count"][TOP:].sum(),
        "unique_count": counts.height,
    }


@pytest.mark.parametrize(("first", "last", "weeks"), [(0, 0, [0]), (0, 7, [0, 1]), (-30, 100, [0, 1])])
def test_figures_of_a_period_are_those_of_polars(store, first, last, weeks):
    service = MonitoringService(store)
    days = [(at() + timedelta(days=days)).date() for days in (first, last)]
    service.compute_metrics("shop", "need", start_date=days[0], end_date=days[1], granularity="weekly")
    found = {metric["feature_name"]: metric for metric in service.get_feature_metrics("shop", feature_view_name="need")}
    kept = rows().filter(pl.col("week_id").is_in(weeks))
    total = kept.height
    assert found.keys() == TYPES.keys()
    missing = kept["number"].is_null() | kept["number"].is_nan()
    check_numbers(found["number"], kept["number"], total, missing.sum())
    check_numbers(found["whole"], kept["whole"], total, 0)
    check_numbers(found["numbers"], kept["numbers"].explode(), total, kept["numbers"].null_count())
    check_words(found["word"], kept["word"], total, kept["word"].null_count())
    check_words(found["flag"], kept["flag"], total, 0)
    check_words(found["words"], kept["words"].explode(), total, 0)
    assert (found["empty"]["row_count"], found["empty"]["null_count"], found["empty"]["mean"]) == (total, total, None)
    (summary,) = service.get_feature_view_metrics("shop", feature_view_name="need")
    assert summary["total_row_count"] == total
    assert summary["features_with_nulls"] == sum(metric["null_count"] > 0 for metric in found.values())


def test_the_newest_complete_partition_sets_the_windows(store):
    result = MonitoringService(store).auto_compute("shop")
    assert (result["computed_feature_views"], result["baseline_features"]) == (1, len(TYPES))
    daily = MonitoringService(store).get_feature_metrics("shop", feature_name="whole", granularity="daily")
    assert [metric["max_event_timestamp"] for metric in daily] == [(at() + timedelta(days=7)).isoformat()]
    assert [metric["row_count"] for metric in daily] == [200]
    assert json.dumps(daily)  # what Feast's server answers with


def test_metrics_that_are_computed_again_take_the_place_of_the_first(store):
    service = MonitoringService(store)
    for _ in range(2):
        service.compute_metrics("shop", "need", start_date=at().date(), end_date=at().date(), granularity="daily")
    service.compute_metrics("shop", "need", start_date=date(2020, 9, 23), end_date=date(2020, 9, 23), granularity="daily")
    days = [metric["metric_date"] for metric in service.get_feature_metrics("shop", feature_name="word")]
    assert days == ["2020-09-16", "2020-09-23"]
    assert service.get_feature_metrics("shop", feature_name="word", start_date=date(2020, 9, 17))[0]["metric_date"] == "2020-09-23"
    assert service.get_feature_metrics("other") == []


def test_a_new_baseline_takes_the_place_of_the_old_one(store):
    service = MonitoringService(store)
    for day in (date(2020, 9, 16), date(2020, 9, 23)):
        service.compute_metrics("shop", "need", start_date=day, end_date=day, granularity="weekly", set_baseline=True)
        assert {metric["metric_date"] for metric in service.get_baseline("shop", "need")} == {day.isoformat()}
        assert len(service.get_baseline("shop", "need")) == len(TYPES)


def test_a_job_can_be_followed(store):
    service = MonitoringService(store)
    job = service.submit_job("shop", "baseline", "need")
    assert service.get_job(job)["status"] == "pending"
    assert service.execute_job(job)["computed_features"] == len(TYPES)
    done = service.get_job(job, project="shop")
    assert (done["status"], done["result_summary"]["computed_feature_views"]) == ("completed", 1)
    assert done["started_at"] <= done["completed_at"]
    assert service.get_job(job, project="other") is None


def test_a_view_without_files_has_no_metrics_and_hides_no_other(tmp_path, caplog):
    stored = pl.DataFrame({"customer_id": [1], "value": [3], "event_timestamp": [at()]})
    stored.write_parquet(tmp_path / "a.parquet")
    views = [view("there", "a.parquet", ["customer_id"]), view("not_yet", "b.parquet", ["customer_id"])]
    store = open_repository(tmp_path, views)
    result = MonitoringService(store).auto_compute("shop")
    assert result["computed_feature_views"] == 1
    assert [record.getMessage() for record in caplog.records] == ["No data found for feature view 'not_yet', skipping"]


def test_a_feature_is_read_from_the_column_that_the_source_maps_to_it(tmp_path, repository):
    pl.DataFrame({"customer_id": [1, 2], "old name": [3, 5], "event_timestamp": [at()] * 2}).write_parquet(tmp_path / "a.parquet")
    store = repository(view("renamed", "a.parquet", ["customer_id"], field_mapping={"old name": "value"}))
    MonitoringService(store).auto_compute("shop")
    (daily,) = MonitoringService(store).get_feature_metrics("shop", feature_name="value", granularity="daily")
    assert (daily["mean"], daily["histogram"]["counts"]) == (4.0, [1, *[0] * 18, 1])


def test_a_single_value_has_one_bin_and_moments_may_be_texts(tmp_path, repository):
    texts = pl.DataFrame({"customer_id": [1, 2], "value": [4, 4], "event_timestamp": ["2020-09-16T14:00:00+02:00"] * 2})
    texts.write_parquet(tmp_path / "a.parquet")
    store = repository(view("need", "a.parquet", ["customer_id"]))
    source = FileSource(path="a.parquet", timestamp_field="event_timestamp", file_format=ParquetFormat())
    asked = {"config": store.config, "data_source": source, "timestamp_field": "event_timestamp"}
    offline = store._get_provider().offline_store
    assert offline.get_monitoring_max_timestamp(**asked) == datetime(2020, 9, 16, 12, tzinfo=UTC)
    (metric,) = offline.compute_monitoring_metrics(**asked, feature_columns=[("value", "numeric")], start_date=at(), end_date=at())
    assert metric["histogram"] == {"bins": [4.0, 4.0], "counts": [2], "bin_width": 0.0}
