"""Our SQLite store answers to the letter what Feast's own answers of the same file."""

import os
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Int64

import hm_pipeline.feast_duckdb.online.connection_pool as readers
from hm_pipeline.base.errors import MissingInput
from hm_pipeline.feast_duckdb.online.store import ENOUGH_KEYS, TYPE
from hm_pipeline.features.historical import open_store
from hm_pipeline.features.online_load import online_tables
from hm_pipeline.features.store import PROJECT
from hm_pipeline.features.tables import LOOKBOOK

from .online_home import ARTICLES, IDS, WEEK, serve

STRANGER = 2**61 + 1
CUSTOMERS = [f"{table.name}:{name}" for table in online_tables() if "customer_id" in table.keys for name in table.features]
PAIRS = [f"{table.name}:{name}" for table in online_tables() for name in list(table.features)[:2]]


def stock_store(home):
    root = home.root.absolute()
    return FeatureStore(
        config=RepoConfig(
            project=PROJECT,
            provider="local",
            registry=str(root / "feast" / "registry.db"),
            online_store={"type": "sqlite", "path": str(root / "feast" / "online.db")},
            entity_key_serialization_version=3,
            repo_path=root,
        )
    )


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(
    ("features", "asked"),
    [
        (CUSTOMERS, {"customer_id": [*IDS, STRANGER, IDS[0], IDS[0]]}),
        (CUSTOMERS[1:2], {"customer_id": [IDS[3]]}),
        (PAIRS, {"customer_id": [*IDS[:40], STRANGER], "article_id": [*range(100, 100 + ARTICLES), 7]}),
    ],
)
def test_answers_are_those_of_feasts_own_store(home, features, asked, full):
    serve(home)
    entities = {**asked, "week_id": [WEEK] * len(asked["customer_id"])}
    ours, stock = open_store(home.root, online_store=""), stock_store(home)
    found, expected = (store.get_online_features(features, entities, full_feature_names=full) for store in (ours, stock))
    assert type(ours._provider.online_store) is not type(stock._provider.online_store)
    assert found.proto == expected.proto
    assert found.to_dict() == expected.to_dict()
    assert any(value is not None for values in expected.to_dict().values() for value in values)


def test_a_service_is_answered_alike_and_another_week_not_at_all(home):
    serve(home)
    ours, stock = open_store(home.root, online_store=""), stock_store(home)
    for week in (WEEK, WEEK + 1):
        entities = {"customer_id": IDS, "week_id": [week] * len(IDS)}
        found, expected = (store.get_online_features(store.get_feature_service(LOOKBOOK), entities).to_dict() for store in (ours, stock))
        assert found == expected
    assert set(found["ranking_articles"]) == {None}


MISSING = [{"customer_id": ids, "week_id": [WEEK] * len(ids)} for ids in ([], [STRANGER], [None, IDS[0]])]


def test_what_is_missing_is_answered_as_by_feast(home):
    serve(home)
    said = []
    for store in (open_store(home.root, online_store=""), stock_store(home)):
        for entities in MISSING:
            try:
                said.append(store.get_online_features(CUSTOMERS[:1], entities).to_dict())
            except Exception as error:  # noqa: BLE001 - whatever it is
                said.append((type(error), str(error)))
    assert said[: len(MISSING)] == said[len(MISSING) :]


def test_a_view_with_texts_for_keys_is_read_beside_the_others(tmp_path: Path) -> None:
    kinds = {"number": ValueType.INT64, "text": ValueType.STRING}
    now, rows = pd.Timestamp.now(tz="UTC"), ENOUGH_KEYS + 5
    keys = {"number": list(range(rows)), "text": [f"t{row}" for row in range(rows)]}
    answers = []
    for kind in (TYPE, "sqlite"):
        online = {"type": kind, "path": str(tmp_path / "online.db")}
        store = FeatureStore(config=RepoConfig(project="p", provider="local", registry=str(tmp_path / "r.db"), online_store=online))
        for name, key_type in kinds.items():
            entity = Entity(name=name, join_keys=[name], value_type=key_type)
            source = FileSource(path=str(tmp_path / "none.parquet"), timestamp_field="at")
            view = FeatureView(
                name=f"of_{name}", entities=[entity], ttl=timedelta(0), schema=[Field(name=f"{name}_x", dtype=Int64)], source=source
            )
            store.apply([entity, view])
            if kind == TYPE:
                store.write_to_online_store(view.name, pd.DataFrame({name: keys[name], f"{name}_x": range(rows), "at": now}))
        orders = (["of_number:number_x", "of_text:text_x"], ["of_text:text_x", "of_number:number_x"])
        answers += [store.get_online_features(features, keys).proto for features in orders]
    assert answers[:2] == answers[2:]
    assert all(value.int64_val == row for row, value in enumerate(answers[0].results[-1].values))


def test_readers_answer_in_order_and_hand_on_what_went_wrong(tmp_path: Path) -> None:
    asked = readers.ConnectionPool(lambda: readers.sqlite3.connect(tmp_path / "some.db", check_same_thread=False))

    def ask(number: int) -> readers.Read:
        return lambda connection: connection.execute(f"SELECT {number}").fetchone()[0]

    def wrong(connection: readers.sqlite3.Connection) -> None:
        connection.execute("SELECT nothing")

    for beside in (False, True):
        assert list(asked.answers([ask(number) for number in range(20)], beside=beside)) == list(range(20))
        with pytest.raises(readers.sqlite3.OperationalError, match="nothing"):
            list(asked.answers([ask(1), wrong, ask(2)], beside=beside))
        assert list(asked.answers([], beside=beside)) == []
    asked.close()


def test_a_process_that_was_forked_reads_by_itself(home, monkeypatch):
    serve(home)
    store = open_store(home.root, online_store="")
    entities = {"customer_id": IDS, "week_id": [WEEK] * len(IDS)}
    before = store.get_online_features(CUSTOMERS, entities).to_dict()
    inherited = store._provider.online_store._readers
    parent = os.getpid()
    monkeypatch.setattr(readers.os, "getpid", lambda: parent + 1)
    assert store.get_online_features(CUSTOMERS, entities).to_dict() == before
    assert store._provider.online_store._readers is not inherited


def test_a_file_that_is_removed_is_read_no_longer(home):
    serve(home)
    store = open_store(home.root, online_store="")
    entities = {"customer_id": IDS, "week_id": [WEEK] * len(IDS)}
    assert store.get_online_features(CUSTOMERS, entities).to_dict()
    store._provider.online_store.teardown(store.config, [], [])
    assert not (home.root / "feast" / "online.db").exists()
    with pytest.raises(MissingInput, match="nothing of view 'activity' is online"):
        store.get_online_features(CUSTOMERS, entities)
