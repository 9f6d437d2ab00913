"""Sources behind a URI, paths that need quoting, and names that do."""

import fsspec
import polars as pl
import pytest
from feast import Field
from feast.infra.offline_stores.file_source import SavedDatasetFileStorage
from feast.on_demand_feature_view import on_demand_feature_view
from feast.types import Int64

from hm_pipeline.base.errors import InvalidInput, MissingInput

from .conftest import STOCK_WARNING, at, view

ROWS = pl.DataFrame({"customer_id": [1, 2] * 2, "week_id": [1, 1, 2, 2], "event_timestamp": [at()] * 4, "value": [11, 21, 12, 22]})


@pytest.fixture
def bucket():
    """A file system that is not the disk: fsspec's own, in memory, under DuckDB as s3fs would be."""
    files = fsspec.filesystem("memory", use_listings_cache=False)
    yield files
    files.rm("/shop", recursive=True)


def put(files, path, rows, marker=True):
    with files.open(f"/shop/{path}", "wb") as target:
        rows.write_parquet(target)
    if marker:
        files.pipe(f"/shop/{path.rpartition('/')[0]}/whole.json", b"{}")


def ask(store, *weeks, feature="need:value"):
    asked = pl.DataFrame({"customer_id": [2, 1] * len(weeks), "week_id": sorted(weeks * 2), "event_timestamp": [at(1)] * 2 * len(weeks)})
    return store.get_historical_features(entity_df=asked, features=[feature]).to_polars()["value"].to_list()


@pytest.fixture
def remote(bucket, repository):
    for week in (1, 2):
        put(bucket, f"need/week_id={week}/shard=000.parquet", ROWS.filter(week_id=week), marker=week == 1)
    need, marked = (view(name, "memory://shop/need/week_id=*/shard=*.parquet", ["customer_id", "week_id"]) for name in ("need", "marked"))
    marked.tags = {"marker": "whole.json"}
    return repository(need, view("folder", "memory://shop/need", ["customer_id", "week_id"]), marked)


def test_a_uri_is_read_like_a_path(bucket, remote):
    assert ask(remote, 1, 2) == ask(remote, 1, 2, feature="folder:value") == [21, 11, 22, 12]
    bucket.pipe("/shop/need/week_id=2/shard=000.parquet", b"of another week, never opened")
    assert ask(remote, 1) == [21, 11]
    with pytest.raises(InvalidInput, match="week_id=2"):
        ask(remote, 2)
    with pytest.raises(MissingInput, match="week_id 3"):
        ask(remote, 1, 3)


def test_a_uri_is_listed_anew_and_by_its_markers(bucket, remote):
    with pytest.raises(MissingInput, match="week_id 2"):
        ask(remote, 2, feature="marked:value")
    bucket.pipe("/shop/need/week_id=2/whole.json", b"{}")
    assert ask(remote, 2, feature="marked:value") == [22, 12]


@STOCK_WARNING
def test_rows_are_saved_at_a_uri(bucket, remote):
    asked = ROWS.drop("value")
    job = remote.get_historical_features(entity_df=asked, features=["need:value"])
    job.persist(SavedDatasetFileStorage(path="memory://shop/saved.parquet"))
    with bucket.open("/shop/saved.parquet") as saved:
        assert pl.read_parquet(saved).equals(ROWS.select("customer_id", "week_id", "event_timestamp", "value"))


@STOCK_WARNING
@pytest.mark.filterwarnings("ignore:On demand feature view is an experimental:RuntimeWarning")
def test_on_demand_features_are_saved_at_a_uri_too(bucket, repository):
    put(bucket, "a.parquet", ROWS.filter(week_id=1), marker=False)
    source = view("visits", "memory://shop/a.parquet", ["customer_id"])

    @on_demand_feature_view(sources=[source], schema=[Field(name="double", dtype=Int64)], mode="pandas")
    def twice(inputs):
        return (inputs[["value"]] * 2).rename(columns={"value": "double"})

    job = repository(source, twice).get_historical_features(ROWS.filter(week_id=1).drop("value"), ["visits:value", "twice:double"])
    job.persist(SavedDatasetFileStorage(path="memory://shop/saved.parquet"))
    with bucket.open("/shop/saved.parquet") as saved:
        assert pl.read_parquet(saved)["double"].to_list() == [22, 42]


def test_a_uri_that_nothing_installed_reads(repository):
    lost, marked = (view(name, "gdrive2://shop/need/*.parquet", ["customer_id"]) for name in ("lost", "marked"))
    marked.tags = {"marker": "whole.json"}
    store = repository(lost, marked)
    for name in ("lost", "marked"):
        with pytest.raises(InvalidInput, match="gdrive2"):
            ask(store, 1, feature=f"{name}:value")


def test_file_uris_and_relative_paths(tmp_path, repository):
    ROWS.filter(week_id=1).write_parquet(tmp_path / "a.parquet")
    store = repository(view("uri", f"file://{tmp_path}/a.parquet", ["customer_id"]), view("relative", "a.parquet", ["customer_id"]))
    assert ask(store, 1, feature="uri:value") == ask(store, 1, feature="relative:value") == [21, 11]


@pytest.mark.parametrize("name", ["it's", 'say "so"', "a;b--", "naïve 衣", "a*b", "[1]", "select", "__at"])
def test_names_and_folders_of_any_kind(tmp_path, repository, name):
    folder = tmp_path / name
    folder.mkdir()
    ROWS.filter(week_id=1).rename({"value": name, "event_timestamp": f"{name} at"}).write_parquet(folder / f"{name}.parquet")
    pattern = str(folder / f"{name}.parquet").replace("[", "[[]").replace("*", "[*]")
    store = repository(view("visits", pattern, ["customer_id"], features=[name], timestamp=f"{name} at"))
    asked = pl.DataFrame({"customer_id": [2, 1], f"{name}?": ["x", "y"], "event_timestamp": [at(1)] * 2})
    result = store.get_historical_features(entity_df=asked, features=[f"visits:{name}"]).to_polars()
    assert result.columns == ["customer_id", f"{name}?", "event_timestamp", name]
    assert result[name].to_list() == [21, 11]
