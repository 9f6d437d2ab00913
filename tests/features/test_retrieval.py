"""One call gives every feature of a service; registering twice changes nothing."""

from datetime import UTC, datetime
from pathlib import Path

import dataframely as dy
import numpy as np
import polars as pl
import pytest
from feast.repo_config import load_repo_config
from polars.testing import assert_frame_equal

from hm_pipeline.base.calendar import REFERENCE
from hm_pipeline.base.contracts import ArticleWeek, CustomerWeek, Pair
from hm_pipeline.base.errors import InvalidInput, MissingInput, RowCountMismatch
from hm_pipeline.engine.partition_files import PartitionWriter
from hm_pipeline.features import store as repository
from hm_pipeline.features.feast_objects import KEYS, FeatureTable, build
from hm_pipeline.features.historical import feature_names, fetch, open_store
from hm_pipeline.features.registration import apply
from hm_pipeline.features.streaming import stream

REPOSITORY = Path(__file__).parents[2] / "feature_repo"
WEEKS = (100, 101, 102)


class Style(Pair):
    style = dy.Float32()
    style_rank = dy.Int16()


class Need(CustomerWeek):
    need = dy.Float32()


class Season(ArticleWeek):
    season = dy.Float64()


class Colour(dy.Schema):
    article_id = dy.Int64(primary_key=True)
    colour = dy.Int64()


TABLES = (
    FeatureTable("colour", "articles", Colour, "What it looks like."),
    FeatureTable("need", "signal/need", Need, "Who needs something.", ("ranking", "signals")),
    FeatureTable("season", "signal/season", Season, "When it is worn."),
    FeatureTable("style", "signal/style", Style, "What suits whom."),
)


def _rows(table: FeatureTable, week: int | None) -> pl.DataFrame:
    drawn = np.random.default_rng([week or 0, len(table.name)])
    keys = {"customer_id": range(-20, 20), "article_id": range(100, 130), "week_id": [week]}
    rows = pl.DataFrame({"week_id": [0]}).select()
    for key in table.keys:
        column = pl.DataFrame({key: list(keys[key])}, schema={key: pl.Int64})
        rows = column if rows.is_empty() else rows.join(column, how="cross")
    rows = rows.sample(fraction=0.7, seed=week or 0) if len(table.keys) == 3 else rows
    values = {name: pl.Series(drawn.integers(-100, 100, rows.height)).cast(column.dtype) for name, column in table.features.items()}
    moment = REFERENCE.cutoff(week) if week else datetime(1970, 1, 1, tzinfo=UTC)
    return rows.with_columns(**values, event_timestamp=pl.lit(moment)).sort(table.keys)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    root = tmp_path_factory.mktemp("home")
    for table in TABLES:
        for week in WEEKS if table.is_weekly else (None,):
            writer = PartitionWriter(root / "tables" / table.table / (f"week_id={week}" if week else ""))
            rows = _rows(table, week)
            half = rows.height // 2
            writer.finish([writer.write(rows[:half], 0), writer.write(rows[half:], 1)], fingerprint="x")
    return root


@pytest.fixture(scope="module")
def store(home):
    return open_store(home, TABLES)


@pytest.fixture(scope="module")
def pairs():
    drawn = np.random.default_rng(5)
    columns = {"customer_id": drawn.integers(-25, 25, 500), "week_id": drawn.choice(WEEKS, 500), "article_id": drawn.integers(95, 135, 500)}
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.Int64))


def test_features_equal_those_of_plain_joins(store, pairs):
    expected = pairs
    for table in (TABLES[3], TABLES[1], TABLES[2], TABLES[0]):
        weeks = WEEKS if table.is_weekly else (None,)
        stored = pl.concat([_rows(table, week) for week in weeks]).drop("event_timestamp")
        expected = expected.join(stored, on=table.keys, how="left", maintain_order="left")
    result = fetch(store, pairs, service="ranking", calendar=REFERENCE)
    assert result.equals(expected)
    assert result.columns[3:] == feature_names(store, "ranking") == ["style", "style_rank", "need", "season", "colour"]
    assert 0 < result["style"].null_count() < result.height
    shards = [pairs[:100], pairs[100:], pairs[:0]]
    streamed = pl.concat(pl.DataFrame(batch) for batch in stream(store, shards, service="ranking", calendar=REFERENCE))
    assert streamed.columns == [*KEYS, *feature_names(store, "ranking")]
    assert_frame_equal(streamed, result, check_row_order=False)


def test_a_statement_names_the_pairs_as_well(home, store, pairs):
    pairs.write_parquet(home / "pairs.parquet")
    statement = f"SELECT * FROM read_parquet('{home / 'pairs.parquet'}')"
    expected = fetch(store, pairs, service="signals", calendar=REFERENCE)
    assert fetch(store, statement, service="signals", calendar=REFERENCE).equals(expected)


def test_registering_twice_changes_nothing(home, store):
    before = (home / "feast" / "registry.db").read_bytes()
    assert not apply(store, build(TABLES))
    assert (home / "feast" / "registry.db").read_bytes() == before


def test_what_is_no_longer_declared_is_removed(tmp_path):
    store = open_store(tmp_path, TABLES)
    assert apply(store, build(TABLES[:2]))
    assert sorted(view.name for view in store.list_feature_views()) == ["colour", "need"]
    assert feature_names(store, "ranking") == ["need", "colour"]
    assert apply(store, build(TABLES))
    assert feature_names(store, "signals") == ["need"]


def test_what_is_not_there_is_named(store, pairs):
    with pytest.raises(MissingInput, match="no partition for week_id 55"):
        fetch(store, pairs.with_columns(week_id=pl.lit(55, pl.Int64)), service="ranking", calendar=REFERENCE)
    with pytest.raises(MissingInput, match="choose from: ranking, signals"):
        fetch(store, pairs, service="nonsense", calendar=REFERENCE)
    with pytest.raises(MissingInput, match="lack article_id"):
        fetch(store, pairs.drop("article_id"), service="ranking", calendar=REFERENCE)


def test_a_home_must_exist(tmp_path):
    with pytest.raises(MissingInput, match="hm ingest"):
        open_store(tmp_path / "nowhere")


@pytest.mark.parametrize("kind", ["dask", "file"])
def test_stores_that_give_wrong_answers_are_refused(tmp_path, kind):
    with pytest.raises(InvalidInput, match="silently"):
        open_store(tmp_path, offline_store=kind)


def test_the_ray_store_is_refused():
    class Settings:
        class offline_store:  # noqa: N801 - stands for Feast's settings
            type = "feast.infra.offline_stores.contrib.ray_offline_store.ray.RayOfflineStore"

    with pytest.raises(InvalidInput, match="nulls silently"):
        repository.refuse_wrong_answers(Settings)


def test_the_repository_says_what_the_code_says(tmp_path, monkeypatch):
    monkeypatch.setenv("HM_HOME", str(tmp_path))
    written = load_repo_config(REPOSITORY, REPOSITORY / "feature_store.yaml")
    ours = repository.config(tmp_path)
    for part in ("project", "provider", "offline_store", "online_store", "entity_key_serialization_version"):
        assert getattr(written, part) == getattr(ours, part)
    assert written.batch_engine_config == ours.batch_engine_config
    assert Path(written.registry.path) == Path()  # that of the home
    assert repository.guard_repository(REPOSITORY) == tmp_path
    assert (tmp_path / "feast" / "registry.db").exists()


def test_a_key_in_two_shards_is_an_error(tmp_path, pairs):
    need = TABLES[1]
    for week in WEEKS:
        writer = PartitionWriter(tmp_path / "tables" / need.table / f"week_id={week}")
        writer.finish([writer.write(_rows(need, week), index) for index in (0, 1)], fingerprint="x")
    with pytest.raises(RowCountMismatch, match="need"):
        fetch(open_store(tmp_path, [need]), pairs, service="ranking", calendar=REFERENCE)


def test_a_registry_that_was_cut_short_is_registered_anew(tmp_path: Path) -> None:
    whole = {view.name for view in open_store(tmp_path, TABLES).list_feature_views()}
    registry = tmp_path / "feast" / "registry.db"
    registry.write_bytes(registry.read_bytes()[:-5])
    with pytest.raises(MissingInput, match="cannot be read"):
        open_store(tmp_path)
    assert {view.name for view in open_store(tmp_path, TABLES).list_feature_views()} == whole
