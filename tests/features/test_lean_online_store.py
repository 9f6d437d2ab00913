"""Our SQLite store answers to the letter what Feast's own answers of the same file."""

import pytest
from feast import FeatureStore, RepoConfig

from hm_pipeline.features.materialise import online_tables
from hm_pipeline.features.registry import LOOKBOOK
from hm_pipeline.features.repository import PROJECT
from hm_pipeline.features.retrieval import open_store

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


def test_what_is_missing_is_answered_as_by_feast(home):
    serve(home)
    said = []
    for store in (open_store(home.root, online_store=""), stock_store(home)):
        for entities in ({"customer_id": IDS[:2]}, {"week_id": [WEEK]}, {"customer_id": [], "week_id": []}):
            try:
                said.append(store.get_online_features(CUSTOMERS[:1], entities).to_dict())
            except Exception as error:  # noqa: BLE001 - whatever it is
                said.append((type(error), str(error)))
    assert said[:3] == said[3:]
