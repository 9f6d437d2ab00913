"""Bad deliveries at the command: a line for each fault, exit code 1, and the home as it was, to the byte and the moment."""

import zipfile

import polars as pl
import pytest

from hm_pipeline.datasets.kaggle.lost_rows import FILE as LOST
from hm_pipeline.engine.home import Home
from tests.datasets.kaggle import tiny_files
from tests.datasets.kaggle.tiny_files import tree
from tests.datasets.shop.bad_deliveries import BAD, CONTRADICTIONS, HEAD, ROWS
from tests.datasets.shop.shop_files import GOODS, ORDERS, write


@pytest.fixture
def home(hm_ingest, tmp_path):
    """A home that holds the usual delivery."""
    raw, schema = write(tmp_path / "good")
    assert hm_ingest(tmp_path / "home", raw, "--schema", schema) == (0, [])
    return tmp_path / "home"


@pytest.mark.parametrize("name", [*BAD, *CONTRADICTIONS])
def test_a_bad_delivery_leaves_the_home_as_it_was(hm_ingest, home, tmp_path, name):
    files, change, expected = {**BAD, **CONTRADICTIONS}[name]
    before = tree(home)
    raw, schema = write(tmp_path / "bad", files, change)
    code, lines = hm_ingest(home, raw, "--schema", schema)
    assert code == 1
    assert lines
    assert all(line.startswith("hm: ") for line in lines)
    assert any(expected in line for line in lines), lines
    after = tree(home)
    assert (after.pop(LOST, None) is not None) == (name == "a week with fewer rows")  # the list of what would be lost
    assert after == before


@pytest.mark.parametrize("name", BAD)
def test_a_bad_first_delivery_leaves_no_home(hm_ingest, tmp_path, name):
    files, change, expected = BAD[name]
    raw, schema = write(tmp_path / "bad", files, change)
    code, lines = hm_ingest(tmp_path / "deep" / "home", raw, "--schema", schema)
    assert code == 1
    assert any(expected in line for line in lines), lines
    assert not (tmp_path / "deep").exists()


def test_a_zip_with_a_broken_member(hm_ingest, home, tmp_path):
    path, before = tmp_path / "all.zip", tree(home)
    raw, schema = write(tmp_path / "good")
    with zipfile.ZipFile(path, "w") as archive:
        for file in raw.iterdir():
            archive.write(file, file.name)
    path.write_bytes(path.read_bytes().replace(b"K1;A-1", b"K1;A-9", 1))
    code, lines = hm_ingest(home, path, "--schema", schema)
    assert (code, len(lines)) == (1, 1)
    assert "all.zip" in lines[0]
    assert "cannot be unpacked, Bad CRC-32 for file 'orders.csv'" in lines[0]
    assert tree(home) == before


@pytest.mark.parametrize("text", ["", "- a\n", "transactions: [", "currency: EUR\n"])
def test_a_schema_that_is_none(hm_ingest, home, tmp_path, text):
    before, (raw, schema) = tree(home), write(tmp_path / "good")
    schema.write_text(text)
    code, lines = hm_ingest(home, raw, "--schema", schema)
    assert (code, len(lines)) == (1, 1)
    assert str(schema) in lines[0]
    assert tree(home) == before


def test_a_delivery_that_came_already_changes_nothing(hm_ingest, home, tmp_path):
    before, (raw, _) = tree(home), write(tmp_path / "good")
    assert hm_ingest(home, raw) == (0, [])
    tables = {name: state for name, state in tree(home).items() if name.startswith("tables/")}
    assert tables == {name: state for name, state in before.items() if name.startswith("tables/")}


def test_what_would_be_lost_is_listed_in_the_shop_s_ids(hm_ingest, home, tmp_path):
    raw, _ = write(tmp_path / "bad", {"orders.csv": HEAD + ROWS[0]})
    assert hm_ingest(home, raw)[0] == 1
    assert pl.read_parquet(home / LOST).select("customer_id", "article_id", "rows").rows() == [("K2", "B-2", 1)]


def test_types_are_replaced_where_it_is_asked_for(hm_ingest, home, tmp_path):
    raw, _ = write(tmp_path / "new", {"goods.csv": GOODS.replace("Hosen", "Sakkos")})
    assert hm_ingest(home, raw)[0] == 1
    assert hm_ingest(home, raw, "--replace-types") == (0, [])
    assert set(Home(home).dimension("articles").collect()["product_type_name"]) == {"R\u00f6cke", "Sakkos"}


def test_a_type_that_was_unknown_may_become_known(hm_ingest, tmp_path):
    raw, schema = write(tmp_path / "one", {"goods.csv": GOODS.replace("Hosen", "")})
    assert hm_ingest(tmp_path / "home", raw, "--schema", schema) == (0, [])
    raw, _ = write(tmp_path / "two")
    assert hm_ingest(tmp_path / "home", raw) == (0, [])


def test_twenty_changed_types_are_listed_and_the_others_counted(hm_ingest, tmp_path):
    goods = "what;title;kind\nA-1;Rock;R\nB-2;Hose;H\n" + "".join(f"N-{number};x;old\n" for number in range(30))
    raw, schema = write(tmp_path / "one", {"goods.csv": goods})
    assert hm_ingest(tmp_path / "home", raw, "--schema", schema) == (0, [])
    raw, _ = write(tmp_path / "two", {"goods.csv": goods.replace("old", "new")})
    code, lines = hm_ingest(tmp_path / "home", raw)
    assert (code, len(lines)) == (1, 21)
    assert lines[0].startswith("hm: goods.csv, line 4, column kind: 'new' is another type of article 'N-0' than 'old'")
    assert "10 more articles are of another type" in lines[-1]


def test_types_of_kaggle_s_articles_do_not_change_either(hm_ingest, tmp_path):
    home, raw = tmp_path / "home", tiny_files.write(tmp_path / "raw")
    assert hm_ingest(home, raw) == (0, [])
    before = tree(home / "tables")
    tiny_files.write(raw, articles=tiny_files.ARTICLES.replace("253", "254"))
    code, lines = hm_ingest(home, raw)
    assert (code, len(lines)) == (1, 1)
    assert "product_type_no 254 is another type than 253 of article 108775015 (articles.csv, column product_type_no, line 3)" in lines[0]
    assert "2 such rows are listed in rejected.parquet" in lines[0]
    assert tree(home / "tables") == before
    assert hm_ingest(home, raw, "--replace-types") == (0, [])


def test_a_shop_s_schema_is_refused_on_a_home_in_kaggle_s_layout(hm_ingest, tmp_path):
    home = tmp_path / "home"
    assert hm_ingest(home, tiny_files.write(tmp_path / "kaggle")) == (0, [])
    before, (raw, schema) = tree(home), write(tmp_path / "shop")
    code, lines = hm_ingest(home, raw, "--schema", schema)
    assert (code, len(lines)) == (1, 1)
    assert "the home was filled in Kaggle's layout" in lines[0]
    assert tree(home) == before


def test_files_of_months_may_share_a_week(hm_ingest, tmp_path):
    files = {"orders.csv": None, "orders.1.csv": HEAD + ROWS[0], "orders.2.csv": HEAD + ROWS[1]}
    raw, schema = write(tmp_path / "months", files, {"transactions.files": "orders.*.csv"})
    assert hm_ingest(tmp_path / "home", raw, "--schema", schema) == (0, [])
    assert ORDERS.count("\n") == 5


def test_files_of_one_name_in_two_folders_are_two_files(hm_ingest, tmp_path):
    files = {"orders.csv": None, "a/orders.csv": HEAD + ROWS[0], "b/orders.csv": HEAD + ROWS[1].replace("7,08", "x")}
    raw, schema = write(tmp_path / "bad", files, {"transactions.files": "*/orders.csv"})
    code, lines = hm_ingest(tmp_path / "home", raw, "--schema", schema)
    assert (code, len(lines)) == (1, 1)
    assert lines[0].startswith("hm: b/orders.csv, line 2, column money: 'x' is not a number")


def test_numbers_of_parquet_are_numbers_whatever_the_schema_s_decimal(hm_ingest, tmp_path):
    rows = pl.read_csv(ORDERS.encode(), separator=";", infer_schema=False)
    rows = rows.with_columns(money=pl.lit(7.08), n=pl.col("n").cast(pl.Int64))
    files, change = {"orders.csv": None}, {"transactions.files": "orders.parquet"}
    raw, schema = write(tmp_path / "new", files, change)
    rows.write_parquet(raw / "orders.parquet")
    assert hm_ingest(tmp_path / "home", raw, "--schema", schema) == (0, [])
    prices = pl.scan_parquet(tmp_path / "home/tables/transactions/*/*.parquet", hive_partitioning=False).select("price").collect()
    assert prices["price"].unique().to_list() == [7_080_000]
