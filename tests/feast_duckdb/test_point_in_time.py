"""What the store answers in cases that can be worked by hand, and what it never touches."""

import os
from contextlib import suppress
from datetime import timedelta

import polars as pl
import pytest
from feast import FeatureService, Field
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Int64

from hm_pipeline.base.errors import InvalidInput, MissingInput, RowCountMismatch
from hm_pipeline.feast_duckdb.offline import statement as _sql
from hm_pipeline.feast_duckdb.offline import view_plan as _view_plan
from hm_pipeline.feast_duckdb.offline.session import open_session

from .conftest import at, view, write_weeks

DAY = 24


def table(**columns) -> pl.DataFrame:
    return pl.DataFrame(columns).with_columns(pl.selectors.temporal().dt.convert_time_zone("UTC"))


def answers(store, asked, *features, **options):
    return store.get_historical_features(entity_df=asked, features=list(features), **options).to_polars()


def history(path, **columns):
    table(**columns).write_parquet(path)
    return path


@pytest.mark.parametrize(
    ("hours", "expected"),
    [
        (-1, None),  # before the first row
        (0, 1),  # at the very moment
        (DAY - 1, 1),
        (DAY, 2),  # the later row
        (8 * DAY, 2),  # the last moment of its time to live
        (8 * DAY + 1, None),  # past it
    ],
)
def test_the_latest_row_that_is_known_and_still_holds(tmp_path, repository, hours, expected):
    path = history(tmp_path / "a.parquet", customer_id=[1, 1], event_timestamp=[at(0), at(DAY)], value=[1, 2])
    store = repository(view("visits", path, ["customer_id"]))
    asked = table(customer_id=[1], event_timestamp=[at(hours)])
    assert answers(store, asked, "visits:value")["value"].to_list() == [expected]


def test_without_a_time_to_live_a_row_holds_for_ever(tmp_path, repository):
    path = history(tmp_path / "a.parquet", customer_id=[1], event_timestamp=[at(-50_000)], value=[1])
    store = repository(view("facts", path, ["customer_id"], ttl=None))
    assert answers(store, table(customer_id=[1, 2], event_timestamp=[at(), at()]), "facts:value")["value"].to_list() == [1, None]


def test_a_row_created_later_is_hidden_where_that_is_asked(tmp_path, repository):
    path = history(tmp_path / "a.parquet", customer_id=[1, 1], event_timestamp=[at(0), at(0)], made=[at(1), at(30)], value=[1, 2])
    store = repository(view("visits", path, ["customer_id"], created_timestamp_column="made"))
    asked = table(customer_id=[1, 1, 1], event_timestamp=[at(0), at(2), at(31)])
    assert answers(store, asked, "visits:value")["value"].to_list() == [2, 2, 2]
    assert answers(store, asked, "visits:value", filter_by_created_timestamp=True)["value"].to_list() == [None, 1, 2]


def test_renamed_columns_keys_and_timestamps(tmp_path, repository):
    path = history(tmp_path / 'it"s [1].parquet', customer_id=[1, 2], **{"When it was": [at(), at()], "the value": [10, 20]})
    pattern = str(path).replace("[1]", "[[]1]")
    source = view("visits", pattern, ["customer_id"], timestamp="When it was", field_mapping={"the value": "value"})
    store = repository(source)
    asked = table(customer_id=[1, 2], when=[at(1), at(1)])
    result = answers(store, asked, "visits:value", full_feature_names=True)
    assert result.columns == ["customer_id", "when", "visits__value"]
    assert result["visits__value"].to_list() == [10, 20]


def test_a_join_key_map_reads_another_column(tmp_path, repository):
    path = history(tmp_path / "a.parquet", customer_id=[1, 2], event_timestamp=[at(), at()], value=[10, 20])
    source = view("visits", path, ["customer_id"])
    own = source.with_name("own").with_join_key_map({"customer_id": "customer_id"})  # Feast cannot sort named and unnamed views
    friends = FeatureService(name="friends", features=[own, source.with_name("friend").with_join_key_map({"customer_id": "friend_id"})])
    store = repository(source, friends)
    asked = table(customer_id=[1, 2], friend_id=[2, 1], event_timestamp=[at(1), at(1)])
    job = store.get_historical_features(entity_df=asked, features=store.get_feature_service("friends"), full_feature_names=True)
    assert job.to_polars().select("own__value", "friend__value").rows() == [(10, 20), (20, 10)]


@pytest.mark.filterwarnings("ignore:On demand feature view is an experimental:RuntimeWarning")
def test_an_on_demand_view_computes_from_the_features(tmp_path, repository):
    path = history(tmp_path / "a.parquet", customer_id=[1], event_timestamp=[at()], value=[3])
    source = view("visits", path, ["customer_id"])

    @on_demand_feature_view(sources=[source], schema=[Field(name="double", dtype=Int64)], mode="pandas")
    def doubled(inputs):
        return (inputs[["value"]] * 2).rename(columns={"value": "double"})

    store = repository(source, doubled)
    result = answers(store, table(customer_id=[1], event_timestamp=[at(1)]), "visits:value", "doubled:double")
    assert result.select("value", "double").rows() == [(3, 6)]


@pytest.fixture
def weekly(tmp_path):
    rows = pl.DataFrame({"customer_id": [1, 2] * 3, "week_id": [1, 1, 2, 2, 3, 3]}).with_columns(
        value=pl.col("customer_id") * 10 + pl.col("week_id"),
        event_timestamp=pl.lit(at()) + (pl.col("week_id") - 1) * timedelta(days=7),
    )
    return write_weeks(rows, tmp_path / "weekly")


def asked_of(weeks, customers=(2, 1)):
    rows = [(week, customer, at((week - 1) * 7 * DAY)) for week in weeks for customer in customers]
    kinds = {"week_id": pl.Int64, "customer_id": pl.Int64, "event_timestamp": pl.Datetime("us", "UTC")}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def test_every_kind_of_entity_table_gives_the_same_rows_in_its_order(tmp_path, repository, weekly):
    store = repository(view("need", weekly, ["customer_id", "week_id"]))
    asked = asked_of([3, 1, 1, 2])
    asked.write_parquet(tmp_path / "asked.parquet")
    statement = f"SELECT * FROM read_parquet('{tmp_path / 'asked.parquet'}');"
    tables = [asked, asked.lazy(), asked.to_arrow(), asked.to_pandas(), statement]
    results = [answers(store, given, "need:value") for given in tables]
    assert results[0]["value"].to_list() == [23, 13, 21, 11, 21, 11, 22, 12]
    assert results[0].drop("value").equals(asked)
    assert all(result.equals(results[0]) for result in results[1:])


def test_the_job_gives_frames_files_and_its_statement(tmp_path, repository, weekly):
    store = repository(view("need", weekly, ["customer_id", "week_id"]))
    job = store.get_historical_features(entity_df=asked_of([3, 1]), features=["need:value"])
    expected = job.to_polars()
    assert job.to_df()["value"].tolist() == expected["value"].to_list()
    assert job.sink_parquet(tmp_path / "ordered.parquet", ordered=True) == 4
    assert pl.read_parquet(tmp_path / "ordered.parquet").equals(expected)
    job.sink_parquet(tmp_path / "again.parquet", ordered=True)
    assert (tmp_path / "again.parquet").read_bytes() == (tmp_path / "ordered.parquet").read_bytes()
    job.sink_parquet(tmp_path / "any.parquet")
    assert pl.read_parquet(tmp_path / "any.parquet").sort("week_id", "customer_id").equals(expected.sort("week_id", "customer_id"))
    assert "JOIN" in job.to_sql()
    assert "ASOF" not in job.to_sql()


def test_partitions_of_other_weeks_are_never_touched(tmp_path, repository, weekly):
    store = repository(view("need", weekly, ["customer_id", "week_id"]))
    for week in (1, 3):
        (tmp_path / "weekly" / f"week_id={week}" / "shard=000.parquet").write_bytes(b"not parquet")
    assert answers(store, asked_of([2]), "need:value")["value"].to_list() == [22, 12]
    with pytest.raises(InvalidInput, match="need"):
        answers(store, asked_of([3]), "need:value")


def test_other_customers_are_ruled_out_by_literals(tmp_path, repository, weekly):
    store = repository(view("need", weekly, ["customer_id", "week_id"]))
    statement = store.get_historical_features(entity_df=asked_of([2], [1]), features=["need:value"]).to_sql()
    assert '"customer_id" BETWEEN 1 AND 1' in statement
    assert "week_id=1" not in statement


def test_files_of_other_customers_are_not_listed(tmp_path, repository):
    rows = pl.DataFrame({"customer_id": [1, 2, 11, 12], "week_id": 1, "value": [1, 2, 11, 12], "event_timestamp": at()})
    for shard in range(2):
        path = write_weeks(rows[2 * shard : 2 * shard + 2], tmp_path / "weekly", file=f"shard=00{shard}.parquet")
    store = repository(view("need", path, ["customer_id", "week_id"]))

    def asked(*customers):
        job = store.get_historical_features(entity_df=asked_of([1], customers), features=["need:value"])
        return [shard for shard in range(2) if f"shard=00{shard}" in job.to_sql()], job.to_arrow()["value"].to_pylist()

    assert asked(12, 11) == ([1], [12, 11])
    assert asked(1, 12) == ([0, 1], [1, 12])
    assert asked(5, 6) == ([], [None, None])  # between those of one file and those of the other
    again = tmp_path / "weekly" / "week_id=1" / "shard=000.parquet"
    rows[:2].with_columns(pl.col("customer_id") + 4).write_parquet(again)
    os.utime(again, (0, 0))  # what is written within the same instant looks the same
    assert asked(6, 5) == ([0], [2, 1])  # a file that was written again is looked at again


@pytest.mark.parametrize("question", ["FROM range(3)", "FROM nowhere"])
def test_the_order_of_joins_is_ours_again_after_a_question_in_sql(repository, weekly, question):
    store = repository(view("need", weekly, ["customer_id", "week_id"]))
    with suppress(InvalidInput):
        answers(store, f"SELECT 1 AS customer_id, 1 AS week_id, TIMESTAMP '2020-09-16 12:00' AS event_timestamp {question}", "need:value")
    setting = open_session(store.config.offline_store).execute("SELECT current_setting('disabled_optimizers')").fetchall()
    assert setting == [("join_order,build_side_probe_side",)]


def test_a_week_without_its_marker_is_not_there(tmp_path, repository, weekly):
    store = repository(view("need", weekly, ["customer_id", "week_id"]))
    marked = view("marked", weekly, ["customer_id", "week_id"])
    marked.tags = {"marker": "manifest.json"}
    store.apply([marked])
    with pytest.raises(MissingInput, match="week_id 2"):
        answers(store, asked_of([2]), "marked:value")
    (tmp_path / "weekly" / "week_id=2" / "manifest.json").write_text("{}")
    assert answers(store, asked_of([2]), "marked:value")["value"].to_list() == [22, 12]


def test_a_partition_without_files_gives_nulls_beside_others(tmp_path, repository, weekly, monkeypatch):
    monkeypatch.setattr(_view_plan, "FEWEST_ROWS", 1)
    marked = view("marked", weekly, ["customer_id", "week_id"], types={"value": Int64})
    marked.tags = {"marker": "manifest.json"}
    for week in (1, 2):
        (tmp_path / "weekly" / f"week_id={week}" / "manifest.json").write_text("{}")
    (tmp_path / "weekly" / "week_id=2" / "shard=000.parquet").unlink()
    job = repository(marked).get_historical_features(entity_df=asked_of([2, 1]), features=["marked:value"])
    assert job.to_arrow()["value"].to_pylist() == [None, None, 21, 11]
    assert job.to_arrow().schema.field("value").type == "int64"
    assert "UNION ALL" in job.to_sql()


def test_all_partitions_have_the_type_of_the_first(tmp_path, repository, weekly, monkeypatch):
    monkeypatch.setattr(_view_plan, "FEWEST_ROWS", 1)
    narrow = tmp_path / "weekly" / "week_id=2" / "shard=000.parquet"
    pl.read_parquet(narrow, hive_partitioning=False).cast({"value": pl.Int16}).write_parquet(narrow)
    store = repository(view("need", weekly, ["customer_id", "week_id"]))
    job = store.get_historical_features(entity_df=asked_of([2, 1]), features=["need:value"])
    assert job.to_arrow()["value"].to_pylist() == [22, 12, 21, 11]
    assert {batch.schema.field("value").type for batch in job.to_record_batches()} == {"int64"}


def test_rows_without_the_key_of_the_partitions_stay(repository, weekly, monkeypatch):
    monkeypatch.setattr(_view_plan, "FEWEST_ROWS", 1)
    store = repository(view("need", weekly, ["customer_id", "week_id"]))
    asked = asked_of([2, 1]).with_columns(week_id=pl.when(pl.col("customer_id") == 1).then("week_id"))
    assert answers(store, asked, "need:value")["value"].to_list() == [None, 12, None, 11]


def test_a_key_stored_twice_in_one_partition_of_many_is_an_error(tmp_path, repository, weekly, monkeypatch):
    monkeypatch.setattr(_view_plan, "FEWEST_ROWS", 1)
    folder = tmp_path / "weekly" / "week_id=2"
    pl.read_parquet(folder / "shard=000.parquet", hive_partitioning=False).write_parquet(folder / "shard=001.parquet")
    with pytest.raises(RowCountMismatch, match="need"):
        answers(repository(view("need", weekly, ["customer_id", "week_id"])), asked_of([1, 2, 3]), "need:value")


def test_a_key_stored_twice_is_an_error(tmp_path, repository, weekly):
    folder = tmp_path / "weekly" / "week_id=2"
    pl.read_parquet(folder / "shard=000.parquet", hive_partitioning=False).write_parquet(folder / "shard=001.parquet")
    store = repository(view("need", weekly, ["customer_id", "week_id"]))
    job = store.get_historical_features(entity_df=asked_of([2]), features=["need:value"])
    for ask in (job.to_polars, job.to_df, lambda: job.sink_parquet(tmp_path / "out.parquet")):
        with pytest.raises(RowCountMismatch, match="need"):
            ask()
    assert not (tmp_path / "out.parquet").exists()
    assert answers(store, asked_of([1]), "need:value")["value"].to_list() == [21, 11]


def test_a_key_stored_twice_is_an_error_where_it_is_looked_up_once(tmp_path, repository, weekly, monkeypatch):
    monkeypatch.setattr(_sql, "ENOUGH_ROWS", 0)
    monkeypatch.setattr(_sql, "ROWS_PER_KEY", 0)
    folder = tmp_path / "weekly" / "week_id=2"
    pl.read_parquet(folder / "shard=000.parquet", hive_partitioning=False).write_parquet(folder / "shard=001.parquet")
    once = history(tmp_path / "a.parquet", customer_id=[1, 2], event_timestamp=[at(), at()], age=[30, 40])
    store = repository(
        view("need", weekly, ["customer_id", "week_id"]), view("ages", once, ["customer_id"], features=["age"], ttl=timedelta(days=99))
    )
    job = store.get_historical_features(entity_df=asked_of([1]), features=["need:value", "ages:age"])
    assert "SELECT DISTINCT" in job.to_sql()
    assert job.to_arrow()["age"].to_pylist() == [40, 30]
    with pytest.raises(RowCountMismatch, match=r"\(view need\)"):
        answers(store, asked_of([2]), "need:value", "ages:age")


def test_rows_that_no_moment_tells_apart_are_an_error(tmp_path, repository):
    path = history(tmp_path / "a.parquet", customer_id=[1, 1, 2], event_timestamp=[at(), at(), at()], value=[1, 2, 3])
    store = repository(view("visits", path, ["customer_id"]))
    with pytest.raises(RowCountMismatch, match="visits"):
        answers(store, table(customer_id=[1], event_timestamp=[at(1)]), "visits:value")
    assert answers(store, table(customer_id=[2], event_timestamp=[at(1)]), "visits:value")["value"].to_list() == [3]


def test_what_is_not_stored_is_named(tmp_path, repository):
    path = history(tmp_path / "a.parquet", customer_id=[1], event_timestamp=[at()], value=[1])
    store = repository(
        view("visits", path, ["customer_id"], features=["value", "gone"]), view("nowhere", tmp_path / "none.parquet", ["customer_id"])
    )
    asked = table(customer_id=[1], event_timestamp=[at(1)])
    with pytest.raises(MissingInput, match="no stored column gone"):
        answers(store, asked, "visits:gone")
    with pytest.raises(MissingInput, match="'nowhere' has no files"):
        answers(store, asked, "nowhere:value")
    with pytest.raises(InvalidInput, match="value would appear twice"):
        answers(store, asked.with_columns(value=1), "visits:value")


def test_without_an_entity_table_the_keys_of_a_period_are_meant(tmp_path, repository):
    path = history(tmp_path / "a.parquet", customer_id=[1, 1, 2, 3], event_timestamp=[at(0), at(5), at(5), at(500)], value=[1, 2, 3, 4])
    store = repository(view("visits", path, ["customer_id"]))
    job = store.get_historical_features(features=["visits:value"], start_date=at(-1), end_date=at(6))
    assert job.to_polars().select("customer_id", "value").rows() == [(1, 2), (2, 3)]
