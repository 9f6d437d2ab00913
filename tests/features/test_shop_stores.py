"""Feast's own methods on a home: by the shop's ids, and of the week that is served where none is given."""

import asyncio
import warnings

import polars as pl
import pyarrow as pa
import pytest

from hm_pipeline.base.errors import HMError, InvalidInput, MissingInput
from hm_pipeline.feast_duckdb.online.guarded_reads import NotServedOnline
from hm_pipeline.features.historical import open_store
from hm_pipeline.features.tables import feature_tables

from .online_home import CUTOFF, HEX, IDS, WEEK, serve
from .shop_home import ARTICLE_OF, CUSTOMER_OF, give_own_ids

FEATURES = ["activity:activity_count", "momentum:momentum_price", "customers:age"]
PAIR = {"customer_id": IDS[3], "article_id": 107}


@pytest.fixture(params=["kaggle", "own"])
def shop(request, home, url):
    """A served store and three ways to write the same pair."""
    serve(home, url)
    if request.param == "own":
        give_own_ids(home)
        texts = {"customer_id": "C003", "article_id": "DB-107"}
    else:
        texts = {"customer_id": HEX[3], "article_id": "0000000107"}
    return open_store(home.root, online_store=url), texts


def test_online_rows_are_found_by_the_shop_s_ids_and_bear_them(shop):
    store, texts = shop
    by_keys = store.get_online_features(FEATURES, [{**PAIR, "week_id": WEEK}]).to_dict()
    by_texts = store.get_online_features(FEATURES, [{**texts, "week_id": WEEK}]).to_dict()
    assert [by_keys.pop(name) + by_texts.pop(name) for name in PAIR] == [[PAIR[name], texts[name]] for name in PAIR]
    assert by_keys == by_texts
    assert any(value != [None] for name, value in by_keys.items() if name != "week_id")
    mixed = {name: [texts[name], PAIR[name]] for name in PAIR} | {"week_id": [WEEK] * 2}  # columns, as Feast's server hands on
    for name, (first, second) in store.get_online_features(FEATURES, mixed).to_dict().items():
        assert name in PAIR or first == second


def test_without_a_week_the_served_one_is_answered_and_named(shop):
    store, texts = shop
    found = store.get_online_features(FEATURES, [texts]).to_dict()
    assert found == store.get_online_features(FEATURES, [{**texts, "week_id": WEEK}]).to_dict()
    assert found["week_id"] == [WEEK]
    assert "week_id" not in store.get_online_features(FEATURES[2:], [texts]).to_dict()  # of a view without weeks


def test_asked_without_waiting_redis_answers_the_same(home, redis_server):
    serve(home, redis_server)
    store, rows = open_store(home.root, online_store=redis_server), [{"customer_id": HEX[3], "article_id": "0000000107"}]
    expected = store.get_online_features(FEATURES, rows).to_dict()

    async def look():
        try:
            assert (await store.get_online_features_async(FEATURES, rows)).to_dict() == expected
            with pytest.raises(InvalidInput, match="not served online: candidates"):
                await store.get_online_features_async(["candidates:strategy_count"], rows)
        finally:
            await store._provider.online_store._client_async.aclose()  # Feast leaves it to the end of the process

    asyncio.run(look())


def test_without_a_week_and_before_one_is_served_the_key_is_asked_for(home, url):
    with pytest.raises(MissingInput, match="lack week_id, which view 'activity' is keyed by"):
        open_store(home.root, online_store=url).get_online_features(FEATURES[:1], [{"customer_id": IDS[3]}])


@pytest.mark.parametrize(("name", "nobody"), [("customer_id", "0" * 64), ("customer_id", "nobody"), ("article_id", "x107")])
def test_an_id_that_the_shop_does_not_have_is_one_line(shop, name, nobody):
    store, texts = shop
    with pytest.raises(MissingInput, match=f"there is no {name.removesuffix('_id')} '{nobody}'"):
        store.get_online_features(FEATURES, [texts, {**texts, name: nobody}])
    table = pl.DataFrame([texts, {**texts, name: nobody}]).with_columns(week_id=WEEK, event_timestamp=pl.lit(CUTOFF))
    with pytest.raises(MissingInput, match=f"there is no {name.removesuffix('_id')} '{nobody}'"):
        store.get_historical_features(entity_df=table, features=FEATURES)


@pytest.mark.parametrize(("name", "number"), [("customer_id", 3), ("article_id", 7)])
def test_an_integer_of_a_shop_with_ids_of_its_own_is_a_key_of_the_tables_or_refused(home, name, number):
    serve(home)
    give_own_ids(home)
    store = open_store(home.root)
    with pytest.raises(MissingInput, match=rf"there is no {name.removesuffix('_id')} {number} .*own ids as texts"):
        store.get_online_features(FEATURES, [{**PAIR, name: number}])
    table = pl.DataFrame({**PAIR, name: number}).with_columns(week_id=WEEK, event_timestamp=pl.lit(CUTOFF))
    with pytest.raises(MissingInput, match=f"there is no {name.removesuffix('_id')} {number} "):
        store.get_historical_features(entity_df=table, features=FEATURES)


FRAMES = {"polars": lambda table: table, "lazy": pl.DataFrame.lazy, "pandas": pl.DataFrame.to_pandas, "arrow": pl.DataFrame.to_arrow}


@pytest.mark.parametrize("kind", FRAMES)
def test_an_entity_table_may_hold_the_shop_s_ids(shop, kind):
    store, texts = shop
    keys = pl.DataFrame([PAIR, {**PAIR, "customer_id": IDS[5]}]).with_columns(week_id=WEEK, event_timestamp=pl.lit(CUTOFF), other=1)
    own = dict(zip(CUSTOMER_OF.values(), CUSTOMER_OF, strict=True)) if texts["customer_id"] == "C003" else dict(zip(IDS, HEX, strict=True))
    asked = keys.with_columns(customer_id=pl.Series([own[key] for key in keys["customer_id"]]), article_id=pl.lit(texts["article_id"]))
    expected = store.get_historical_features(entity_df=keys, features=FEATURES).to_polars()
    found = store.get_historical_features(entity_df=FRAMES[kind](asked), features=FEATURES).to_polars()
    assert expected["customer_id"].to_list() == [IDS[3], IDS[5]]
    assert expected["activity_count"].null_count() < 2
    assert found.select(expected.columns).equals(expected)


def test_texts_in_sql_are_refused_with_the_way_that_works(shop):
    store, texts = shop
    statement = f"SELECT '{texts['customer_id']}' AS customer_id, {WEEK} AS week_id, TIMESTAMPTZ '{CUTOFF}' AS event_timestamp"
    with pytest.raises(InvalidInput, match="ids of the shop are taken from frames, not from SQL"):
        store.get_historical_features(entity_df=statement, features=FEATURES[:1])


def test_every_service_answers_or_names_what_it_leaves_out(shop):
    store, texts = shop
    offline = {table.name for table in feature_tables() if not table.is_online}
    for service in store.list_feature_services():
        views = {projection.name for projection in service.feature_view_projections}
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            found = store.get_online_features(service, [texts]).to_dict()
        left_out = [str(warning.message) for warning in told if warning.category is NotServedOnline]
        assert len(left_out) == bool(views & offline)
        assert all(name in left_out[0] for name in views & offline)
        expected = {feature.name for part in service.feature_view_projections if part.name not in offline for feature in part.features}
        assert found.keys() == {*expected, "customer_id", "article_id", "week_id"}


@pytest.mark.parametrize("rows", [[], {}])
def test_no_rows_are_refused_by_one_line(shop, rows):
    with pytest.raises(InvalidInput, match="there are none"):
        shop[0].get_online_features(FEATURES, rows).to_dict()


def test_rows_of_no_length_are_refused_by_feast(shop):
    with pytest.raises((HMError, ValueError, IndexError)):
        shop[0].get_online_features(FEATURES, {"customer_id": []}).to_dict()


def test_missing_ids_are_left_as_they_are(shop):
    store, texts = shop
    table = pa.table({"customer_id": [texts["customer_id"], None], "week_id": [WEEK] * 2, "event_timestamp": [CUTOFF] * 2})
    found = store.get_historical_features(entity_df=table, features=FEATURES[:1]).to_polars()
    assert found["customer_id"].to_list() == [IDS[3], None]
    assert found["activity_count"][1] is None


def test_all_articles_of_a_shop_are_found(shop):
    store, texts = shop
    own = [*ARTICLE_OF] if texts["article_id"] == "DB-107" else [f"{key:010}" for key in ARTICLE_OF.values()]
    found = store.get_online_features(FEATURES[1:2], {"article_id": own}).to_dict()
    assert found == store.get_online_features(FEATURES[1:2], {"article_id": [*ARTICLE_OF.values()]}).to_dict() | {"article_id": own}
