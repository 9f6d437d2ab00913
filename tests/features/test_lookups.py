"""What is served is found by the ids of the raw files, and what is not there is told in one line."""

import shutil
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.features.historical import open_store
from hm_pipeline.features.online_load import online_tables, tables_of
from hm_pipeline.features.online_lookup import look_up
from hm_pipeline.features.store import config

from .online_home import CUSTOMERS, CUTOFF, HEX, IDS, WEEK, make_home, serve


def test_a_lookup_by_hex_gives_the_customers_in_order(home, url):
    serve(home, url)
    store = open_store(home.root, online_store=url)
    found = look_up(store, customers=[HEX[7], HEX[3]])
    table = next(table for table in online_tables() if table.name == "rankings")
    files = sorted(home.folder(table.table, WEEK).glob("*.parquet"))
    stored = pl.concat([pl.read_parquet(file, hive_partitioning=False) for file in files])
    expected = pl.DataFrame({"customer_id": [IDS[7], IDS[3]]}).join(stored, on="customer_id", how="left", maintain_order="left")
    assert found["customer_id"].to_list() == [IDS[7], IDS[3]]
    assert found["ranking_articles"].to_list() == expected["ranking_articles"].to_list()
    assert look_up(store, articles=["0000000103"], features=["momentum:momentum"])["article_id"].to_list() == [103]
    assert look_up(store, customers=np.array(IDS[3:5])).equals(look_up(store, customers=HEX[3:5]))


def test_what_cannot_be_looked_up_is_one_line(home, url):
    store = open_store(home.root, online_store=url)
    with pytest.raises(MissingInput, match=r"nothing is served yet.*hm run --week"):
        look_up(store, customers=HEX[:1])
    serve(home, url)
    with pytest.raises(MissingInput, match=f"customer {'0' * 64} is not served"):
        look_up(store, customers=[HEX[0], "0" * 64])
    with pytest.raises(InvalidInput, match="'nobody' is no customer"):
        look_up(store, customers=["nobody"])
    with pytest.raises(InvalidInput, match="no rows"):
        look_up(store)
    with pytest.raises(MissingInput, match=f"customer {'0' * 64} is not served"):  # though the article is known
        look_up(store, customers=["0" * 64], articles=[103], features=["activity:activity_count", "momentum:momentum"])
    with pytest.raises(MissingInput, match=r"no service 'nonsense'.*lookbook"):
        look_up(store, customers=HEX[:1], features="nonsense")


def test_a_look_up_proves_the_whole_id(home, url):
    serve(home, url)
    store = open_store(home.root, online_store=url)
    other = f"{7:048x}{HEX[3][-16:]}"
    with pytest.raises(MissingInput, match=f"there is no customer '{other}'"):
        look_up(store, customers=[HEX[0], other])
    assert look_up(store, customers=[f" {HEX[3].upper()} "]).equals(look_up(store, customers=[IDS[3]]))


@pytest.mark.parametrize("article", [103.5, "103.5", Decimal("103.5"), True, None, "1_03", 2.0**60, float("nan"), "103x", [103]])
def test_an_id_that_is_no_whole_number_is_refused(online, article):
    with pytest.raises(InvalidInput, match="is no article"):
        look_up(online, articles=[article], features=["momentum:momentum"])
    if not isinstance(article, str | None | list):
        with pytest.raises(InvalidInput, match="is no customer"):
            look_up(online, customers=[article])
        with pytest.raises(InvalidInput, match="is not an integer"):
            online.get_online_features(["momentum:momentum"], {"article_id": [103, article], "week_id": [WEEK] * 2})
    numbers = look_up(online, articles=[103, 103.0, "0000000103", Decimal(103), np.int32(103)], features=["momentum:momentum"])
    assert numbers["article_id"].to_list() == [103] * 5


@pytest.fixture(scope="module")
def online(tmp_path_factory):
    """The store of a home whose week is served from SQLite."""
    home = make_home(tmp_path_factory.mktemp("online") / "home")
    serve(home)
    return open_store(home.root, online_store="")


def test_a_copied_home_answers_for_itself(home, url, tmp_path):
    serve(home, url)
    copied = tmp_path / "week_id=5 [copy]"
    shutil.copytree(home.root, copied)
    store = open_store(copied, online_store="")
    table = next(table for table in online_tables() if table.name == "rankings")
    files = list((copied / "tables" / table.table).rglob("*.parquet"))
    for file in files:
        pl.read_parquet(file, hive_partitioning=False, glob=False).with_columns(ranking_articles=pl.lit([1, 2])).write_parquet(file)
    asked = pl.DataFrame({"customer_id": IDS[:2], "week_id": [WEEK] * 2, "event_timestamp": [CUTOFF] * 2})
    found = store.get_historical_features(asked, ["rankings:ranking_articles"]).to_polars()
    assert found["ranking_articles"].to_list() == [[1, 2]] * 2


def test_a_registry_of_an_older_version_is_made_anew(home, url, tmp_path):
    store = open_store(home.root, online_store=url)
    views = store.list_feature_views()
    for view in views:  # as they were registered once: by absolute paths
        view.batch_source.file_options.uri = f"{home.root}/{view.batch_source.path}"
    store.apply(views)
    copied = tmp_path / "copied"
    shutil.copytree(home.root, copied)
    store.config.offline_store.root = str(copied)
    asked = pl.DataFrame({"customer_id": IDS[:2], "week_id": [WEEK] * 2, "event_timestamp": [CUTOFF] * 2})
    with pytest.raises(MissingInput, match="lies outside of"):
        store.get_historical_features(asked, ["rankings:ranking_articles"])
    paths = {view.batch_source.path for view in open_store(copied, online_store=url).list_feature_views()}
    assert all(path.startswith("tables/") for path in paths)


def test_a_redis_that_does_not_answer_is_one_line(home):
    with pytest.raises(InvalidInput, match=r"Redis does not answer.*unset HM_ONLINE_STORE"):
        tables_of(open_store(home.root, online_store="redis://127.0.0.1:1"))
    with pytest.raises(InvalidInput, match="no address of a Redis server"):
        config(home.root, online_store="http://127.0.0.1:1")
    with pytest.raises(InvalidInput, match="no address of a Redis server"):
        config(home.root, online_store="redis://shop:port")
    with pytest.raises(InvalidInput, match="comma"):
        config(home.root, online_store="redis://me:a%2Cb@shop:7000")


def test_the_address_of_redis_is_spelt_as_feast_wants_it(tmp_path):
    written = config(tmp_path, online_store="redis://me:se%40cret@shop:7000/3").online_store
    assert written.connection_string == "shop:7000,db=3,username=me,password=se@cret"
    assert written.skip_dedup


SEEN = ["seen_article:seen_rank", "seen_article:seen_type_prob", "seen_article:seen_price_ratio"]


def test_features_of_the_request_are_the_same_offline_and_online(home, url):
    serve(home, url)
    store = open_store(home.root, online_store=url)
    listed = look_up(store, customers=HEX)
    places = [number % 6 for number in range(CUSTOMERS)]  # the sixth is in no list
    request = {
        "seen_article_id": [([*ids, 0])[place] for ids, place in zip(listed["ranking_articles"].to_list(), places, strict=True)],
        "seen_type_no": [([*ids, 0])[place] for ids, place in zip(listed["needed_types"].to_list(), places, strict=True)],
        "seen_price": [2.5] * CUSTOMERS,
    }
    online = look_up(store, customers=HEX, features=SEEN, request=request)
    pairs = zip(listed["ranking_articles"].to_list(), request["seen_article_id"], strict=True)
    first = [ids.index(seen) + 1 if seen in ids else None for ids, seen in pairs]
    assert online["seen_rank"].to_list() == first
    assert 0 < online["seen_rank"].null_count() < CUSTOMERS
    assert 0 < online["seen_price_ratio"].null_count() < CUSTOMERS
    asked = pl.DataFrame({"customer_id": IDS, "week_id": [WEEK] * CUSTOMERS, **request})
    moment = pl.lit(CUTOFF)
    offline = pl.DataFrame(store.get_historical_features(asked.with_columns(event_timestamp=moment), SEEN).to_polars())
    for name in (feature.rpartition(":")[2] for feature in SEEN):
        assert offline[name].to_list() == online[name].to_list()
