"""Whatever is wrong with a question or a table is said in one line; no column is null and no row gone without a word."""

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from feast import FeatureService
from feast.errors import FeatureServiceNotFoundException, FeatureViewNotFoundException

from hm_pipeline.base.errors import InvalidInput, MissingInput, SchemaViolation

from .conftest import at, open_repository, view, write_weeks


@pytest.fixture
def visits(tmp_path, repository):
    rows = pl.DataFrame({"customer_id": [1, 2], "event_timestamp": [at(), at()], "value": [10, 20], "undeclared": [1, 2]})
    rows.write_parquet(tmp_path / "a.parquet")
    return repository(view("visits", tmp_path / "a.parquet", ["customer_id"]))


def asked(keys, kind=pl.Int64, name="customer_id"):
    return pl.DataFrame({name: pl.Series(keys, dtype=kind), "event_timestamp": [at(1)] * len(keys)})


def ask(store, entity_table, *features):
    return store.get_historical_features(entity_df=entity_table, features=list(features) or ["visits:value"]).to_polars()


def test_an_unknown_feature_view_or_service(visits):
    with pytest.raises(KeyError, match="Feature undeclared not found in projection visits"):  # Feast's own word, before we are asked
        ask(visits, asked([1]), "visits:undeclared")
    with pytest.raises(FeatureViewNotFoundException, match="nowhere"):
        ask(visits, asked([1]), "nowhere:value")
    with pytest.raises(FeatureServiceNotFoundException, match="nonsense"):
        visits.get_feature_service("nonsense")


def test_a_column_that_is_called_like_a_feature(visits):
    with pytest.raises(InvalidInput, match="VALUE, value would appear twice"):  # DuckDB would rename one of them without a word
        ask(visits, asked([1]).with_columns(VALUE=1))


def test_a_service_from_before_its_view_changed(tmp_path, visits):
    wider = view("visits", tmp_path / "a.parquet", ["customer_id"], features=["value", "undeclared"])
    visits.apply([wider, FeatureService(name="old", features=[wider])])
    visits.apply([view("visits", tmp_path / "a.parquet", ["customer_id"])])
    with pytest.raises(ValueError, match="contains undeclared which the FeatureView doesn't have"):  # Feast's own word
        visits.get_historical_features(entity_df=asked([1]), features=visits.get_feature_service("old"))


@pytest.mark.parametrize(
    "table",
    [
        asked(["1"], pl.String),
        asked([1.0], pl.Float64),
        asked([True], pl.Boolean),
        asked([at()], pl.Datetime("us", "UTC")),
        asked([b"1"], pl.Binary),
    ],
    ids=lambda table: str(table.dtypes[0]),
)
def test_keys_that_could_only_be_compared_by_conversion(visits, table):
    with pytest.raises(InvalidInput, match=r"customer_id is .*, and view 'visits' stores it as BIGINT"):
        ask(visits, table)
    with pytest.raises(InvalidInput, match="cast customer_id to BIGINT"):
        ask(visits, table.to_pandas())


def test_narrower_keys_and_frames_without_keys_are_right(visits):
    for kind in (pl.Int8, pl.UInt32):
        assert ask(visits, asked([2, 1, 3], kind))["value"].to_list() == [20, 10, None]
    nameless = pd.DataFrame({"customer_id": [None, None], "event_timestamp": [at(1)] * 2})  # pandas knows no type for these
    assert ask(visits, nameless)["value"].to_list() == [None, None]


@pytest.mark.parametrize(
    "empty", [asked([]), asked([]).to_pandas(), asked([]).to_arrow(), pd.DataFrame({"customer_id": [], "event_timestamp": []})]
)
def test_an_empty_entity_table_gives_an_empty_typed_result(visits, empty):
    if isinstance(empty, pd.DataFrame):
        empty["event_timestamp"] = pd.to_datetime(empty["event_timestamp"], utc=True)
    result = ask(visits, empty)
    assert result.shape == (0, 3)
    assert result.schema["value"] == result.schema["customer_id"] == pl.Int64


def test_rows_without_a_moment(visits):
    table = pl.DataFrame({"customer_id": [1, 2], "event_timestamp": [at(1), None]})
    with pytest.raises(InvalidInput, match="1 of 2 rows have no event_timestamp"):
        ask(visits, table)
    with pytest.raises(InvalidInput, match="no column 'event_timestamp'"):
        ask(visits, table.select("customer_id"))
    with pytest.raises(InvalidInput, match="entity table"):
        ask(visits, asked([1]).with_columns(event_timestamp=pl.lit("last Wednesday")))


def test_moments_written_as_text_are_read(visits):
    assert ask(visits, asked([1]).with_columns(event_timestamp=pl.lit("2020-09-16 13:00:00")))["value"].to_list() == [10]


WEEKS = pl.DataFrame({"customer_id": [1, 1], "week_id": [1, 2], "event_timestamp": [at(), at()], "value": [1, 2]})


@pytest.fixture
def weekly(tmp_path, repository):
    return repository(view("need", write_weeks(WEEKS, tmp_path / "weekly"), ["customer_id", "week_id"]))


def weeks_asked(*weeks, kind=pl.Int64):
    return asked([1] * len(weeks)).with_columns(week_id=pl.Series(weeks, dtype=kind))


def test_a_missing_or_emptied_partition(tmp_path, weekly):
    with pytest.raises(MissingInput, match="'need' has no partition for week_id 3"):
        ask(weekly, weeks_asked(1, 3), "need:value")
    (tmp_path / "weekly" / "week_id=2" / "shard=000.parquet").unlink()
    with pytest.raises(MissingInput, match="week_id 2"):
        ask(weekly, weeks_asked(1, 2), "need:value")
    with pytest.raises(InvalidInput, match="integers"):
        ask(weekly, weeks_asked(1.0, kind=pl.Float64), "need:value")


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: b"not parquet", lambda data: data[:-20], lambda data: data[:4] + b"\0" * 40 + data[44:]]
)
def test_a_corrupt_partition_is_named(tmp_path, weekly, damage):
    rows = pl.concat([WEEKS.filter(week_id=2).with_columns(customer_id=pl.lit(key, pl.Int64)) for key in range(500)])
    rows.write_parquet(tmp_path / "weekly" / "week_id=2" / "shard=001.parquet")
    (tmp_path / "weekly" / "week_id=2" / "shard=000.parquet").unlink()
    path = tmp_path / "weekly" / "week_id=2" / "shard=001.parquet"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InvalidInput, match=r"need.*write the table"):
        ask(weekly, weeks_asked(1, 2), "need:value")
    assert ask(weekly, weeks_asked(1), "need:value")["value"].to_list() == [1]


@pytest.mark.parametrize(
    ("later", "message"),
    [
        (WEEKS.with_columns(pl.col("value").cast(pl.Float64) + 0.5), "holds value as DOUBLE here and as BIGINT elsewhere"),
        (WEEKS.with_columns(pl.col("value").cast(pl.String)), "holds value as VARCHAR here"),
        (WEEKS.drop("value"), "no stored column value"),
        (WEEKS.drop("customer_id"), "no stored column customer_id"),
    ],
)
def test_partitions_that_disagree(tmp_path, weekly, later, message):
    write_weeks(later.filter(week_id=2), tmp_path / "weekly")
    with pytest.raises((SchemaViolation, MissingInput), match=message):
        ask(weekly, weeks_asked(1, 2), "need:value")


def test_integers_of_several_widths_agree(tmp_path, weekly):
    write_weeks(WEEKS.filter(week_id=1).with_columns(pl.col("value").cast(pl.Int16)), tmp_path / "weekly")
    assert ask(weekly, weeks_asked(2, 1), "need:value")["value"].to_list() == [2, 1]


@pytest.mark.parametrize("kind", [pl.String, pl.Float64, pl.Boolean, pl.Datetime("us"), pl.List(pl.Int64)], ids=str)
def test_a_registry_from_before_the_tables_changed(tmp_path, visits, kind):
    stored = pl.read_parquet(tmp_path / "a.parquet").drop("value")
    stored.with_columns(value=pl.Series([None, None], dtype=kind)).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(SchemaViolation, match="value is declared Int64 and stored as"):
        ask(visits, asked([1]))
    stored.write_parquet(tmp_path / "a.parquet")
    with pytest.raises(MissingInput, match=r"no stored column value.*register it again"):
        ask(visits, asked([1]))


def test_a_source_that_is_not_parquet(tmp_path, visits):
    table = pa.table({"customer_id": [1]})
    with pytest.raises(InvalidInput, match="is no entity table"):
        ask(visits, [table])
    (tmp_path / "a.parquet").write_text("customer_id,value\n1,2\n")
    with pytest.raises(InvalidInput, match=r"a\.parquet"):
        ask(visits, asked([1]))


@pytest.mark.parametrize("wrong", [{"threads": 0}, {"memory_limit": "much"}, {"memory": "4GB"}])
def test_settings_of_the_store_that_make_no_sense(tmp_path, visits, wrong):
    with pytest.raises((InvalidInput, ValueError), match=next(iter(wrong))):
        ask(open_repository(tmp_path, visits.list_feature_views(), **wrong), asked([1]))
