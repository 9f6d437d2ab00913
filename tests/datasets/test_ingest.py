"""Ingest: what becomes of hand-written files, and that bad ones leave no trace."""

import gzip
import hashlib
import shutil
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from hm_pipeline.contracts import RAW_ARTICLES, Articles, Customers, Transactions
from hm_pipeline.datasets.kaggle import IngestReport, ingest
from hm_pipeline.errors import BadInput, HMError, MissingInput
from hm_pipeline.settings import Settings
from hm_pipeline.shards import load_shards
from hm_pipeline.tables import Home, Manifest, content_hash

SAMPLE = Path(__file__).parents[2].parent / "shared/real/h-and-m-sample"
ZOE, ADA, BOB = ("a" * 48 + "ffffffffffffffff", "0" * 63 + "1", "0" * 63 + "2")  # in signed numbers: -1, 1, 2
CUSTOMERS = f"""customer_id,FN,Active,club_member_status,fashion_news_frequency,age,postal_code
{BOB},1.0,,ACTIVE,None,30.6,p
{ZOE},,,,,,q
{ADA},,1.0,PRE-CREATE,Regularly,21,p
"""
ARTICLES = (
    "article_id,product_code,prod_name,product_type_no,product_type_name,detail_desc\n"
    '0108775015,108775,Strap top,253,Vest top,"Narrow straps,\nin jersey."\n'
    "0108775044,108775,Strap top,253,Vest top,\n"
)
TRANSACTIONS = f"""t_dat,customer_id,article_id,price,sales_channel_id
2020-09-22,{ADA},0108775044,0.0254237288135593,2
2020-09-16,{BOB},0108775015,0.05,1
2020-09-09,{ADA},0108775015,0.01,2
2020-09-22,{ADA},0108775044,0.0254237288135593,2
2020-09-22,{ZOE},0108775015,0.0254067,1
"""
FILES = {"transactions_train.csv": TRANSACTIONS, "customers.csv": CUSTOMERS, "articles.csv": ARTICLES}
Change = Callable[[Path], object]


def write(folder: Path, **changed: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in FILES.items():
        (folder / file).write_text(changed.get(file.partition(".")[0].removesuffix("_train"), text))
    return folder


def run(raw: Path, home: Path, **fields: int) -> IngestReport:
    return ingest(raw, home, settings=Settings(**fields))


def tree(folder: Path) -> dict[str, tuple[str, int]]:
    """Every file with its bytes and its time of writing."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for path in files}


def bytes_of(folder: Path) -> dict[str, str]:
    return {name: digest for name, (digest, _) in tree(folder).items()}


def week(home: Path, week_id: int) -> pl.DataFrame:
    return Home(home).weekly("transactions", Transactions).at(week_id).collect()


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
    customers = Home(home).static("customers").collect()
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
    articles = Home(home).static("articles").collect()
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


@pytest.mark.parametrize("nested", ["", "h-and-m/"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("zipped", [False, True])
def test_packing_does_not_matter(home: Path, tmp_path: Path, nested: str, suffix: str, zipped: bool) -> None:
    folder = write(tmp_path / "packed" / nested)
    if suffix:
        for path in list(folder.iterdir()):
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
    raw = tmp_path / "packed"
    if zipped:
        raw = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", raw))
    run(raw, tmp_path / "home2")
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
    known = Home(home).static("customers").collect().sort("position")["customer_hex"].to_list()
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
    assert rejected.select("file", "line", "article_id").rows() == [
        ("transactions_train.csv", 7, "0108775044"),
        ("transactions_train.csv", 8, "0999999999"),
    ]
    assert [reason.split()[1] for reason in rejected["reason"]] == ["customer", "article"]


def test_a_stranger_whose_id_ends_like_a_customers_is_a_stranger(tmp_path: Path) -> None:
    more = TRANSACTIONS + f"2020-09-17,{'d' + ADA[1:]},0108775044,0.02,1\n"
    assert run(write(tmp_path / "raw", transactions=more), tmp_path / "home").rejected


def test_another_epoch_shifts_the_weeks_and_a_home_keeps_its_own(home: Path, tmp_path: Path) -> None:
    ingest(tmp_path / "raw", tmp_path / "home2", settings=Settings(), epoch=date(2020, 9, 7))
    assert Home(tmp_path / "home2").calendar.first_week == 0
    before = tree(home)
    with pytest.raises(BadInput, match="counts weeks from 2018-09-19"):
        ingest(tmp_path / "raw", home, settings=Settings(), epoch=date(2020, 9, 7))
    assert tree(home) == before


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    ingest(write(tmp_path / "raw"), tmp_path / "home", settings=Settings(), progress=lambda *what: told.append(what))
    assert ("customers", 1, 1) in told
    assert told[-1] == ("transactions", 2, 2)


def swap(file: str, old: str, new: str) -> Change:
    return lambda raw: (raw / file).write_text((raw / file).read_text().replace(old, new, 1))


def replace(file: str, text: str) -> Change:
    return lambda raw: (raw / file).write_text(text)


def cut_gz(raw: Path) -> None:
    path = raw / "transactions_train.csv"
    rows = TRANSACTIONS + TRANSACTIONS.partition("\n")[2] * 4000
    (raw / "transactions_train.csv.gz").write_bytes(gzip.compress(rows.encode())[:-400])
    path.unlink()


TX, CU, AR = "transactions_train.csv", "customers.csv", "articles.csv"
BAD: dict[str, tuple[Change, type[HMError], list[str]]] = {
    "a table is missing": (lambda raw: (raw / AR).unlink(), MissingInput, ["articles.csv is missing"]),
    "a column is missing": (swap(TX, "price", "prize"), MissingInput, [TX, "'price'"]),
    "an id column is missing": (swap(CU, "customer_id", "id"), MissingInput, [CU, "'customer_id'"]),
    "a column stands twice": (swap(TX, "sales_channel_id", "price"), BadInput, [TX, "'price'", "twice"]),
    "semicolons": (replace(TX, TRANSACTIONS.replace(",", ";")), MissingInput, [TX, "comma"]),
    "no date": (swap(TX, "2020-09-09", "2020-09-3x"), BadInput, [TX, "column t_dat", "line 4", "'2020-09-3x'", "not a date"]),
    "no such day": (swap(TX, "2020-09-09", "2020-02-30"), BadInput, ["line 4", "'2020-02-30'", "not a date"]),
    "an empty date": (swap(TX, "2020-09-09", ""), BadInput, ["line 4", "empty", "not a date"]),
    "before the epoch": (swap(TX, "2020-09-09", "2018-09-18"), BadInput, ["line 4", "2018-09-18", "--epoch"]),
    "no price": (swap(TX, "0.01", "cheap"), BadInput, ["column price", "line 4", "'cheap'", "not a number"]),
    "an empty price": (swap(TX, "0.01", ""), BadInput, ["column price", "line 4", "empty"]),
    "not a number": (swap(TX, "0.01", "nan"), BadInput, ["column price", "line 4", "'nan'"]),
    "a negative price": (swap(TX, "0.01", "-0.01"), BadInput, ["column price", "line 4", "'-0.01'", "negative"]),
    "a huge price": (swap(TX, "0.01", "99999"), BadInput, ["column price", "line 4", "'99999'"]),
    "a short customer id": (swap(TX, ADA, "abc"), BadInput, ["column customer_id", "line 2", "'abc'", "64 hex digits"]),
    "no hex customer id": (swap(TX, ADA, "z" * 64), BadInput, ["column customer_id", "line 2", "64 hex digits"]),
    "an article that is no number": (swap(TX, "0108775015", "top"), BadInput, ["column article_id", "line 3", "'top'"]),
    "a channel that is no number": (swap(TX, "0.01,2", "0.01,web"), BadInput, ["column sales_channel_id", "line 4", "'web'"]),
    "a row cut short": (replace(TX, TRANSACTIONS[:-30]), BadInput, [TX, "line 6"]),
    "an empty file": (replace(TX, ""), BadInput, [TX, "empty"]),
    "an empty customers file": (replace(CU, ""), BadInput, [CU, "empty"]),
    "no transactions": (replace(TX, TRANSACTIONS.partition("\n")[0] + "\n"), BadInput, [TX, "no purchases"]),
    "no articles": (replace(AR, ",".join(RAW_ARTICLES.required) + "\n"), BadInput, [AR, "no rows"]),
    "only strangers": (replace(TX, TRANSACTIONS.replace("0108", "0208")), BadInput, ["no purchase"]),
    "a customer twice": (swap(CU, ZOE, BOB), BadInput, [CU, "line 3", BOB, "twice"]),
    "an id of a customer that is no hex": (swap(CU, ZOE, "zoe"), BadInput, [CU, "line 3", "'zoe'", "64 hex digits"]),
    "two ids that end alike": (swap(CU, ZOE, "d" + ADA[1:]), BadInput, [CU, "share their last 16 digits"]),
    "an age that is no number": (swap(CU, "30.6", "old"), BadInput, [CU, "column age", "line 2", "'old'"]),
    "a negative age": (swap(CU, "30.6", "-3"), BadInput, [CU, "column age", "line 2", "'-3'"]),
    "an article twice": (swap(AR, "0108775044", "0108775015"), BadInput, [AR, "line 4", "twice"]),
    "an article id that is no number": (swap(AR, "0108775044", "x1"), BadInput, [AR, "column article_id", "line 4", "'x1'"]),
    "a type that is no number": (swap(AR, "253", "vest"), BadInput, [AR, "column product_type_no", "line 3", "'vest'"]),
    "a gz cut short": (cut_gz, BadInput, ["transactions_train.csv.gz", "cannot be read"]),
    "no gz": (lambda raw: (raw / AR).rename(raw / (AR + ".gz")), BadInput, ["articles.csv.gz", "cannot be read"]),
    "no text": (lambda raw: (raw / TX).write_bytes(b"\xff\xfe\x00"), BadInput, [TX, "cannot be read"]),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("there", [False, True], ids=["new home", "old home"])
def test_bad_input_is_one_line_and_leaves_no_trace(tmp_path: Path, name: str, there: bool) -> None:
    change, kind, words = BAD[name]
    raw, home = write(tmp_path / "raw"), tmp_path / "deep" / "home"
    if there:
        run(raw, home)
    before = tree(tmp_path / "deep")
    change(raw)
    with pytest.raises(kind) as caught:
        run(raw, home)
    message = str(caught.value)
    assert "\n" not in message
    assert [word for word in words if word not in message] == [], message
    assert str(tmp_path / "deep") not in message
    assert tree(tmp_path / "deep") == before
    assert there or not (tmp_path / "deep").exists()


def test_a_path_that_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match="no such file or folder"):
        run(tmp_path / "nowhere", tmp_path / "home")
    note = tmp_path / "note.txt"
    note.write_text("hello")
    with pytest.raises(BadInput, match=r"neither a folder nor a \.zip"):
        run(note, tmp_path / "home")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("spoil", ["no zip", "cut short", "wrong checksum", "no articles"])
def test_a_damaged_zip(tmp_path: Path, spoil: str) -> None:
    write(tmp_path / "raw")
    path = tmp_path / "raw.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in FILES:
            if not (spoil == "no articles" and file == AR):
                archive.write(tmp_path / "raw" / file, file)
    whole = path.read_bytes()
    spoilt = {"no zip": b"hello", "cut short": whole[: len(whole) // 2], "wrong checksum": whole.replace(b"0.01,2", b"0.99,2")}
    path.write_bytes(spoilt.get(spoil, whole))
    with pytest.raises(HMError) as caught:
        run(path, tmp_path / "home")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "home").exists()


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
    customers = Home(tmp_path / "home").static("customers").sort("position").collect()
    assert customers["customer_hex"].is_sorted()
    assert week(tmp_path / "home", 104).height > 100_000
