"""Folders above a source's root are its address and no columns; those below it are partitions, decoded."""

import shutil
from glob import escape

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from feast import Entity, FeatureView, Field, FileSource, ValueType
from feast.types import Int64, String

from hm_pipeline.base.errors import MissingInput, SchemaViolation

from .conftest import at, open_repository, view, write_weeks

ROWS = pl.DataFrame({"customer_id": [1, 2], "week_id": [7, 7], "event_timestamp": [at()] * 2, "value": [10, 20]})
ODD = ["week_id=5", "value=3", "event_timestamp=2019-01-01", "customer_id=1", "a [1]", "per%20cent", "it's", 'quo"te', "#1 ?", "Größe *"]


def ask(store, feature="need:value", **keys):
    table = pl.DataFrame({**keys, "event_timestamp": [at(1)] * len(next(iter(keys.values())))})
    return store.get_historical_features(table, [feature]).to_polars()[feature.partition(":")[2]].to_list()


@pytest.mark.parametrize("folder", ODD)
def test_a_folder_above_the_source_is_no_column(tmp_path, folder):
    root = tmp_path / folder
    write_weeks(ROWS, root / "weekly")
    single = root / "weekly" / "week_id=7" / "shard=000.parquet"
    for place in (str(root / "weekly"), f"{escape(str(root))}/weekly/week_id=*/shard=*.parquet", str(single)):
        store = open_repository(tmp_path, [view("need", place, ["customer_id", "week_id"])])
        assert ask(store, customer_id=[2, 1], week_id=[7, 7]) == [20, 10]
        store.materialize(at(-1), at(1))
        assert store.get_online_features(["need:value"], {"customer_id": [2], "week_id": [7]}).to_dict()["value"] == [20]


def test_a_relative_source_starts_at_the_root_whatever_that_is_called(tmp_path):
    for name in ("week_id=5", "a [1]"):
        root = tmp_path / name
        write_weeks(ROWS, root / "weekly")
        store = open_repository(root, [view("need", "weekly/week_id=*/*.parquet", ["customer_id", "week_id"])], root=str(root))
        assert ask(store, customer_id=[2], week_id=[7]) == [20]


@pytest.mark.parametrize("above", ["plain", "week_id=5"])
@pytest.mark.parametrize("is_stored", [True, False])
def test_padded_and_escaped_partitions_are_decoded(tmp_path, above, is_stored):
    for week, shop in ((7, "N° 1"), (12, "a/b=c")):
        folder = tmp_path / above / f"week_id={week:03d}" / f"shop={shop.replace('/', '%2F').replace('=', '%3D').replace(' ', '%20')}"
        folder.mkdir(parents=True)
        rows = pl.DataFrame({"week_id": [week], "shop": [shop], "event_timestamp": [at()], "value": [week]})
        (rows if is_stored else rows.drop("week_id", "shop")).write_parquet(folder / "a.parquet")
    entities = [
        Entity(name="week", join_keys=["week_id"], value_type=ValueType.INT64),
        Entity(name="shop", join_keys=["shop"], value_type=ValueType.STRING),
    ]
    source = FileSource(name="s", path=str(tmp_path / above), timestamp_field="event_timestamp")
    schema = [Field(name="week_id", dtype=Int64), Field(name="shop", dtype=String), Field(name="value", dtype=Int64)]
    store = open_repository(tmp_path, [*entities, FeatureView(name="need", entities=entities, schema=schema, source=source)])
    assert ask(store, week_id=[12, 7, 7], shop=["a/b=c", "N° 1", "a/b=c"]) == [12, 7, None]
    with pytest.raises(MissingInput, match="no partition for week_id 8"):
        ask(store, week_id=[8], shop=["N° 1"])


def test_parts_of_other_types_are_read_as_what_holds_all(tmp_path, repository):
    kind = {"types": {"value": Int64, "word": String}}
    for place, (value, word) in enumerate([(pa.array([1], pa.int8()), pa.nulls(1)), (pa.array([2**40], pa.int64()), pa.array(["x"]))]):
        table = pa.table({"customer_id": [place + 1], "event_timestamp": [at()], "value": value, "word": word})
        pq.write_table(table, tmp_path / f"part{place}.parquet")
    store = repository(view("need", tmp_path / "part*.parquet", ["customer_id"], **kind))
    assert ask(store, customer_id=[1, 2]) == [1, 2**40]
    assert ask(store, feature="need:word", customer_id=[1, 2]) == [None, "x"]
    store.materialize(at(-1), at(1))
    assert store.get_online_features(["need:word"], {"customer_id": [1, 2]}).to_dict()["word"] == [None, "x"]
    alone = repository(view("alone", tmp_path / "part0.parquet", ["customer_id"], **kind))
    assert ask(alone, feature="alone:word", customer_id=[1]) == [None]
    pq.write_table(pa.table({"customer_id": [3], "event_timestamp": [at()], "value": [2.5], "word": ["y"]}), tmp_path / "part2.parquet")
    with pytest.raises(SchemaViolation, match="holds value as"):
        ask(store, customer_id=[1, 2])


def test_a_source_outside_of_the_root_is_refused(tmp_path):
    write_weeks(ROWS, tmp_path / "first" / "weekly")
    shutil.copytree(tmp_path / "first", tmp_path / "copied")
    views = [view("need", str(tmp_path / "first/weekly/*/*.parquet"), ["customer_id", "week_id"])]
    assert ask(open_repository(tmp_path / "first", views, root=str(tmp_path / "first")), customer_id=[2], week_id=[7]) == [20]
    copied = open_repository(tmp_path / "copied", views, root=str(tmp_path / "copied"))
    with pytest.raises(MissingInput, match="lies outside of"):
        ask(copied, customer_id=[2], week_id=[7])
    with pytest.raises(MissingInput, match="lies outside of"):
        copied.materialize(at(-1), at(1))
