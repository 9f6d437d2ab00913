"""Ingest: what becomes of hand-written files."""

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from hm_pipeline.base.contracts import Articles, Customers, Transactions
from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.base.files import content_hash
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.engine.shards import load_shards
from tests.datasets.kaggle.tiny_files import ADA, BOB, TRANSACTIONS, ZOE, bytes_of, run, tree, week, write
from tests.real import SAMPLE


@pytest.fixture
def home(tmp_path: Path) -> Path:
    run(write(tmp_path / "raw"), tmp_path / "home")
    return tmp_path / "home"


def test_a_week_holds_its_purchases_typed_and_sorted(home: Path) -> None:
    rows = [
        (104, -1, 108775015, date(2020, 9, 22), 25407, 1),
        (104, 1, 108775044, date(2020, 9, 22), 25424, 2),
        (104, 1, 108775044, date(2020, 9, 22), 25424, 2),
        (104, 2, 108775015, date(2020, 9, 16), 50000, 1),
    ]
    assert week(home, 104).rows() == rows
    assert week(home, 103).rows() == [(103, 1, 108775015, date(2020, 9, 9), 10000, 2)]
    Transactions.validate(week(home, 104))


def test_customers_keep_their_place_in_the_file(home: Path) -> None:
    customers = Home(home).dimension("customers").collect()
    Customers.validate(customers.drop("event_timestamp"))
    assert customers.columns[-1] == "event_timestamp"
    assert customers["event_timestamp"].unique().to_list() == [datetime(2018, 9, 19, tzinfo=UTC)]
    assert customers.select("customer_id", "customer_hex", "position", "age").rows() == [
        (-1, ZOE, 1, None),
        (1, ADA, 2, 21),
        (2, BOB, 0, 31),
    ]
    assert customers["is_fashion_news"].to_list() == [None, False, True]
    assert customers["is_active"].to_list() == [None, True, False]
    assert customers["fashion_news_frequency"].to_list() == [None, "Regularly", "NONE"]


def test_articles_keep_texts_with_line_breaks_and_lack_what_the_file_lacks(home: Path) -> None:
    articles = Home(home).dimension("articles").collect()
    Articles.validate(articles.drop("event_timestamp"))
    assert articles["detail_desc"].to_list() == ["Narrow straps,\nin jersey.", None]
    assert articles["colour_group_name"].null_count() == 2


def test_the_calendar_ends_with_the_serving_week(home: Path) -> None:
    calendar = Home(home).calendar
    assert (calendar.first_week, calendar.last_week) == (103, 105)


def test_fingerprints_are_contents(home: Path) -> None:
    manifest = Manifest.load(Home(home).folder("transactions", 104))
    assert manifest is not None
    assert manifest.fingerprint == manifest.content == content_hash(week(home, 104))


def test_nothing_but_tables_is_left(home: Path) -> None:
    assert sorted(path.name for path in home.iterdir()) == ["calendar.json", "shards.json", "tables"]


def test_twice_rewrites_nothing(home: Path, tmp_path: Path) -> None:
    before = tree(home)
    report = run(tmp_path / "raw", home)
    assert tree(home) == before
    assert (report.weeks_added, report.weeks_replaced, report.weeks_kept) == (0, 0, 2)


def test_the_order_of_the_rows_does_not_matter(home: Path, tmp_path: Path) -> None:
    head, *rows = TRANSACTIONS.splitlines()
    run(write(tmp_path / "other", transactions="\n".join([head, *reversed(rows)])), tmp_path / "home2")
    assert bytes_of(tmp_path / "home2") == bytes_of(home)


def test_columns_may_stand_in_any_order_with_others_between(home: Path, tmp_path: Path) -> None:
    columns = [line.split(",") for line in TRANSACTIONS.splitlines()]
    turned = "\r\n".join(",".join(["x", *reversed(line)]) for line in columns)
    run(write(tmp_path / "other", transactions="\ufeff" + turned), tmp_path / "home2")
    assert bytes_of(tmp_path / "home2") == bytes_of(home)


def test_the_channel_may_be_missing(tmp_path: Path) -> None:
    short = "\n".join(line.rpartition(",")[0] for line in TRANSACTIONS.splitlines())
    run(write(tmp_path / "raw", transactions=short), tmp_path / "home")
    assert week(tmp_path / "home", 104)["sales_channel_id"].to_list() == [None] * 4


def test_new_weeks_join_and_old_ones_stay(home: Path, tmp_path: Path) -> None:
    before = tree(home)
    new = f"t_dat,customer_id,article_id,price\n2020-10-08,{ADA},108775015,0.5\n"
    report = run(write(tmp_path / "new", transactions=new), home)
    assert (report.weeks_added, report.weeks_replaced, report.weeks_kept, report.rows) == (1, 0, 0, 1)
    assert (report.first_week, report.last_week) == (103, 108)
    assert Home(home).calendar.last_week == 108
    after = tree(home)
    assert {name: after[name] for name in before if name != "calendar.json"} == {
        name: stamp for name, stamp in before.items() if name != "calendar.json"
    }
    assert week(home, 105).is_empty()
    assert week(home, 107).height == 1


def test_a_week_that_changed_is_replaced(home: Path, tmp_path: Path) -> None:
    more = TRANSACTIONS + f"2020-09-17,{BOB},0108775044,0.02,1\n"
    report = run(write(tmp_path / "new", transactions=more), home)
    assert (report.weeks_replaced, report.weeks_kept) == (1, 1)
    assert week(home, 104).height == 5


def test_customers_and_articles_who_are_no_longer_in_the_files_stay(home: Path, tmp_path: Path) -> None:
    new = "c" * 64
    customers = "customer_id\n" + f"{new}\n{ADA}\n"
    transactions = f"t_dat,customer_id,article_id,price\n2020-09-23,{BOB},108775015,0.5\n"
    report = run(write(tmp_path / "new", customers=customers, transactions=transactions), home)
    known = Home(home).dimension("customers").collect().sort("position")["customer_hex"].to_list()
    assert known == [new, ADA, BOB, ZOE]
    assert (report.customers, report.rejected) == (4, {})


def test_shards_are_cut_at_the_first_ingest_and_stay(tmp_path: Path) -> None:
    run(write(tmp_path / "raw"), tmp_path / "home", customers_per_shard=2)
    shards = load_shards(tmp_path / "home/shards.json")
    assert len(shards) == 2
    run(tmp_path / "raw", tmp_path / "home", shards=3)
    assert load_shards(tmp_path / "home/shards.json") == shards
    run(tmp_path / "raw", tmp_path / "home3", shards=3)
    assert len(load_shards(tmp_path / "home3/shards.json")) == 3


def test_purchases_of_strangers_are_listed_not_lost(tmp_path: Path) -> None:
    more = TRANSACTIONS + f"2020-09-17,{'d' * 64},0108775044,0.02,1\n2020-09-18,{BOB},0999999999,0.02,1\n"
    report = run(write(tmp_path / "raw", transactions=more), tmp_path / "home")
    assert report.rows == 5
    assert sorted(report.rejected.values()) == [1, 1]
    rejected = pl.read_parquet(tmp_path / "home/rejected.parquet")
    assert rejected.select("file", "line", "column", "row").rows() == [
        ("transactions_train.csv", 7, "customer_id", f"2020-09-17,{'d' * 64},0108775044,0.02,1"),
        ("transactions_train.csv", 8, "article_id", f"2020-09-18,{BOB},0999999999,0.02,1"),
    ]
    assert [reason.split()[1] for reason in rejected["reason"]] == ["customer", "article"]


def test_a_stranger_whose_id_ends_like_a_customers_is_a_stranger(tmp_path: Path) -> None:
    more = TRANSACTIONS + f"2020-09-17,{'d' + ADA[1:]},0108775044,0.02,1\n"
    assert run(write(tmp_path / "raw", transactions=more), tmp_path / "home").rejected


def test_another_epoch_shifts_the_weeks_and_a_home_keeps_its_own(home: Path, tmp_path: Path) -> None:
    ingest(tmp_path / "raw", tmp_path / "home2", settings=Settings(), epoch=date(2020, 9, 7))
    assert Home(tmp_path / "home2").calendar.first_week == 0
    before = tree(home)
    with pytest.raises(InvalidInput, match="counts weeks from 2018-09-19"):
        ingest(tmp_path / "raw", home, settings=Settings(), epoch=date(2020, 9, 7))
    assert tree(home) == before


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    ingest(write(tmp_path / "raw"), tmp_path / "home", settings=Settings(), progress=lambda *what: told.append(what))
    assert ("customers", 1, 1) in told
    assert told[-1] == ("transactions", 2, 2)


def test_a_killed_ingest_is_cleaned_up(home: Path, tmp_path: Path) -> None:
    (home / ".ingest/tables").mkdir(parents=True)
    (home / ".ingest/tables/half.parquet").write_bytes(b"half")
    run(tmp_path / "raw", home)
    assert not (home / ".ingest").exists()


@pytest.mark.real
@pytest.mark.skipif(not SAMPLE.exists(), reason="the real H&M sample is not beside the checkout")
def test_the_real_sample(tmp_path: Path) -> None:
    report = run(SAMPLE, tmp_path / "home")
    assert (report.customers, report.articles, report.rows, report.rejected) == (57_407, 105_542, 130_588, {})
    assert (report.first_week, report.last_week, report.weeks_added) == (0, 105, 105)
    customers = Home(tmp_path / "home").dimension("customers").sort("position").collect()
    assert customers["customer_hex"].is_sorted()
    assert week(tmp_path / "home", 104).height > 100_000
