"""Look-ups that Feast answers with nulls or a traceback: views that are not online, and keys that are not given."""

import warnings

import polars as pl
import pytest
from feast import FeatureService

from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.feast_duckdb.online.guarded_reads import NotServedOnline
from hm_pipeline.feast_duckdb.online.store import TYPE as ONLINE

from .conftest import at, open_repository, view

KEY = {"customer_id": 1, "week_id": 2}


@pytest.fixture
def store(tmp_path):
    """A store of one view that is online, and of two that are not."""
    pl.DataFrame({"customer_id": [1], "week_id": [2], "value": [3], "event_timestamp": [at()]}).write_parquet(tmp_path / "a.parquet")
    keys = ["customer_id", "week_id"]
    views = {name: view(name, "a.parquet", keys) for name in ("visits", "pairs", "types")}
    for name in ("pairs", "types"):
        views[name].online = False
    services = [
        FeatureService(name="mixed", features=[views["pairs"], views["visits"].with_name("seen"), views["types"].with_name("t")]),
        FeatureService(name="offline", features=[views["pairs"], views["types"].with_name("t")]),
    ]
    store = open_repository(tmp_path, [*views.values(), *services], online=ONLINE)
    store.materialize(at(-1), at(1), feature_views=["visits"])
    return store


def asked(store, features, rows=(KEY,), *, full=True):
    features = store.get_feature_service(features) if isinstance(features, str) else features
    return store.get_online_features(features=features, entity_rows=list(rows), full_feature_names=full).to_dict()


def test_a_service_answers_for_its_views_that_are_online_and_names_the_others(store):
    with pytest.warns(NotServedOnline, match="left out of the answer: pairs, types; ask") as told:
        found = asked(store, "mixed")
    assert found == {"customer_id": [1], "week_id": [2], "seen__value": [3]}
    assert [warning.filename for warning in told] == [__file__]  # where Feast was asked, not inside of it
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert asked(store, ["visits:value"], full=False)["value"] == [3]


@pytest.mark.parametrize("features", ["offline", ["pairs:value", "types:value"]])
def test_a_look_up_of_nothing_that_is_online_is_refused(store, features):
    with pytest.raises(InvalidInput, match="not served online: pairs, types"):
        asked(store, features)


@pytest.mark.parametrize("key", KEY)
def test_a_join_key_that_is_not_given_is_named(store, key):
    rows = [{name: value for name, value in KEY.items() if name != key}]
    with pytest.raises(MissingInput, match=f"lack {key}, which view 'visits' is keyed by"):
        asked(store, ["visits:value"], rows)
    with pytest.raises(MissingInput, match="lack customer_id, week_id"):
        asked(store, ["visits:value"], [{"article_id": 7}])


def test_a_view_whose_rows_are_gone_is_named(store, tmp_path):
    (tmp_path / "online.db").unlink()
    with pytest.raises(MissingInput, match="nothing of view 'visits' is online"):
        asked(store, ["visits:value"])


def test_a_key_that_nobody_has_is_null(store):
    assert asked(store, ["visits:value"], [{**KEY, "customer_id": 9}, KEY])["visits__value"] == [None, 3]


def test_an_alias_of_a_join_key_is_a_join_key(store):
    visits = store.get_feature_view("visits").with_join_key_map({"customer_id": "friend_id"}).with_name("of_a_friend")
    store.apply([FeatureService(name="friends", features=[visits])])
    rows = [{"friend_id": 1, "week_id": 2}]
    assert asked(store, "friends", rows)["of_a_friend__value"] == [3]
    with pytest.raises(MissingInput, match="lack friend_id"):
        asked(store, "friends")
