"""Deliveries into a home that holds some: nothing is lost, nobody is merged, and what was wrong can be taken back."""

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from hm_pipeline.base.errors import HMError, InvalidInput, MissingInput, UnknownWeek
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.kaggle.lost_rows import FILE, LostRows
from hm_pipeline.datasets.kaggle.rejected_rows import FILE as REJECTED
from hm_pipeline.datasets.kaggle.rejected_rows import BadRows
from hm_pipeline.engine.home import Home
from tests.datasets.kaggle.tiny_files import ADA, BOB, CUSTOMERS, TRANSACTIONS, ZOE, bytes_of, run, tree, week, write

HEAD, *ROWS = TRANSACTIONS.splitlines(keepends=True)
TWIN = "f" * 48 + ADA[48:]


def purchases(*days: str, customer: str = ADA) -> str:
    return HEAD + "".join(f"{day},{customer},0108775015,0.01,2\n" for day in days)


def deliver(home: Path, folder: Path, transactions: str, **options: object):
    return ingest(write(folder, transactions=transactions), home, settings=Settings(), **options)


def take_back(home: Path, first: str, last: str, raw: Path | None = None):
    return ingest(raw, home, settings=Settings(), drop_weeks=(date.fromisoformat(first), date.fromisoformat(last)))


def test_a_week_cut_in_two_by_the_end_of_a_month_loses_nothing(tmp_path: Path) -> None:
    """Case F01: the second delivery names the other days of a week."""
    home = tmp_path / "home"
    deliver(home, tmp_path / "august", purchases("2020-08-25", "2020-08-26", "2020-08-27", "2020-08-27"))
    before = tree(home)
    with pytest.raises(LostRows, match=r"3 purchases .*week of 2020-08-26; listed in lost.parquet of the home.*--replace-weeks"):
        deliver(home, tmp_path / "september", purchases("2020-09-01", "2020-09-02"))
    after = tree(home)
    assert after.pop(FILE)
    assert after == before
    lost = pl.read_parquet(home / FILE)
    assert lost.select("week", "customer_id", "article_id", "t_dat", "rows").rows() == [
        (date(2020, 8, 26), ADA, 108775015, date(2020, 8, 26), 1),
        (date(2020, 8, 26), ADA, 108775015, date(2020, 8, 27), 2),
    ]


def test_weeks_are_replaced_where_it_is_asked_for(tmp_path: Path) -> None:
    home = tmp_path / "home"
    deliver(home, tmp_path / "august", purchases("2020-08-25", "2020-08-26", "2020-08-27"))
    with pytest.raises(LostRows):
        deliver(home, tmp_path / "september", purchases("2020-09-01", "2020-09-02"))
    report = deliver(home, tmp_path / "september", purchases("2020-09-01", "2020-09-02"), replace_weeks=True)
    assert (report.weeks_added, report.weeks_replaced, report.rows, report.rows_in_home) == (1, 1, 2, 3)
    assert week(home, 101)["t_dat"].to_list() == [date(2020, 9, 1)]
    assert not (home / FILE).exists()  # it belongs to the latest ingest


@pytest.mark.parametrize(
    "change", [("0.01,2", "0.02,2"), ("0.01,2", "0.01,1"), ("0.01,2", "0.01,"), (ADA, BOB), ("2020-09-09", "2020-09-10"), (ROWS[3], "")]
)
def test_a_row_is_lost_that_is_another_now_or_one_fewer(tmp_path: Path, change: tuple[str, str]) -> None:
    home = tmp_path / "home"
    deliver(home, tmp_path / "one", TRANSACTIONS)
    with pytest.raises(LostRows, match="1 purchase that the home holds is not"):
        deliver(home, tmp_path / "two", TRANSACTIONS.replace(*change, 1))


def test_rows_left_out_as_bad_are_rows_that_would_be_lost(tmp_path: Path) -> None:
    home = tmp_path / "home"
    deliver(home, tmp_path / "one", TRANSACTIONS)
    with pytest.raises(LostRows):
        deliver(home, tmp_path / "two", TRANSACTIONS.replace(",0.05,", ",x,"), skip_bad_rows=True)
    assert week(home, 104).height == 4


def test_a_file_that_is_gone_comes_back_by_the_same_rows_only(tmp_path: Path) -> None:
    home = tmp_path / "home"
    deliver(home, tmp_path / "one", TRANSACTIONS)
    (home / "tables/transactions/week_id=104/shard=000.parquet").unlink()
    with pytest.raises(InvalidInput, match="missing or corrupt"):
        deliver(home, tmp_path / "two", TRANSACTIONS + ROWS[0])
    deliver(home, tmp_path / "one", TRANSACTIONS)
    assert week(home, 104).height == 4


def test_an_id_that_ends_like_a_stored_one_is_refused_as_within_one_file(tmp_path: Path) -> None:
    """Case F05: by the last 16 digits, the stored customer's purchases would be another's."""
    home = tmp_path / "home"
    run(write(tmp_path / "one"), home)
    before = tree(home)
    customers = CUSTOMERS.replace(ADA, TWIN)
    with pytest.raises(BadRows, match=f"'{TWIN}' shares its last 16 digits with {ADA}, which the home holds .*line 4"):
        run(write(tmp_path / "two", customers=customers, transactions=purchases("2020-09-23", customer=TWIN)), home)
    assert pl.read_parquet(home / REJECTED)["line"].to_list() == [4]
    (home / REJECTED).unlink()
    assert tree(home) == before


def test_the_same_customer_may_come_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run(write(tmp_path / "one"), home)
    assert run(write(tmp_path / "two", customers=f"customer_id,age\n{ADA},40\n", transactions=purchases("2020-09-23")), home).customers == 3
    assert Home(home).dimension("customers").filter(customer_hex=ADA).collect()["age"].to_list() == [40]


def test_what_a_delivery_has_no_column_for_stays(tmp_path: Path) -> None:
    home = tmp_path / "home"
    run(write(tmp_path / "one"), home)
    articles = "article_id,product_code,product_type_no,product_type_name\n108775044,108775,254,Top\n108775099,108775,254,Top\n"
    two = write(tmp_path / "two", customers=f"customer_id\n{ADA}\n", articles=articles, transactions=purchases("2020-09-23"))
    ingest(two, home, settings=Settings(), replace_types=True)
    ada = Home(home).dimension("customers").filter(customer_hex=ADA).collect()
    assert ada.select("age", "club_member_status", "is_active", "is_fashion_news").rows() == [(21, "PRE-CREATE", True, False)]
    stored = Home(home).dimension("articles").collect()
    assert stored.select("article_id", "prod_name", "product_type_no").rows() == [
        (108775015, "Strap top", 253),
        (108775044, "Strap top", 254),
        (108775099, None, 254),
    ]


def test_a_wrong_year_is_taken_back(tmp_path: Path) -> None:
    """Case F17: one purchase dated a year late left 52 empty weeks and the wrong serving week for ever."""
    right, home = purchases("2020-09-01", "2020-09-08", "2020-09-15"), tmp_path / "home"
    deliver(home, tmp_path / "typo", right.replace("2020-09-15", "2021-09-15"))
    deliver(home, tmp_path / "right", right)
    assert Home(home).calendar.last_week == 157
    report = take_back(home, "2021-09-15", "2021-09-15")
    assert (report.weeks_dropped, report.rows, report.rows_in_home, report.last_week) == (1, 0, 3, 104)
    deliver(tmp_path / "home2", tmp_path / "right", right)
    assert bytes_of(home) == bytes_of(tmp_path / "home2")


def test_a_wrong_year_is_taken_back_and_mended_in_one_go(tmp_path: Path) -> None:
    right, home = purchases("2020-09-01", "2020-09-08", "2020-09-15"), tmp_path / "home"
    deliver(home, tmp_path / "typo", right.replace("2020-09-15", "2021-09-15"))
    take_back(home, "2020-09-16", "2021-09-21", write(tmp_path / "right", transactions=right))
    deliver(tmp_path / "home2", tmp_path / "right", right)
    assert bytes_of(home) == bytes_of(tmp_path / "home2")


def test_first_weeks_are_given_up_and_weeks_in_the_middle_become_empty(tmp_path: Path) -> None:
    home = tmp_path / "home"
    deliver(home, tmp_path / "one", purchases("2020-08-25", "2020-09-08", "2020-09-15", "2020-09-22"))
    take_back(home, "2020-09-09", "2020-09-15")
    assert (Home(home).calendar.first_week, Home(home).calendar.last_week) == (100, 105)
    assert week(home, 103).is_empty()
    take_back(home, "2020-08-19", "2020-09-01")
    assert (Home(home).calendar.first_week, Home(home).calendar.last_week) == (102, 105)
    assert sorted(path.name for path in (home / "tables/transactions").iterdir()) == ["week_id=102", "week_id=103", "week_id=104"]
    assert Home(home).dimension("customers").collect().height == 3


def test_the_days_of_a_serving_week_are_taken_back(tmp_path: Path) -> None:
    """The serving week is the same before and after, and its rows must not come back with the next delivery."""
    home = tmp_path / "home"
    deliver(home, tmp_path / "one", purchases("2020-09-08", "2020-09-15", "2020-09-16"))
    assert Home(home).calendar.cut_short
    report = take_back(home, "2020-09-16", "2020-09-16")
    assert (report.last_week, report.cut_short, report.rows_in_home) == (104, "", 2)
    deliver(tmp_path / "home2", tmp_path / "two", purchases("2020-09-08", "2020-09-15"))
    assert bytes_of(home) == bytes_of(tmp_path / "home2")


def test_a_week_taken_back_comes_again_with_other_rows(tmp_path: Path) -> None:
    home = tmp_path / "home"
    deliver(home, tmp_path / "one", purchases("2020-09-08", "2020-09-15", "2020-09-22"))
    report = take_back(home, "2020-09-09", "2020-09-22", write(tmp_path / "two", transactions=purchases("2020-09-22", customer=ZOE)))
    assert (report.weeks_dropped, report.rows_in_home) == (2, 2)
    assert week(home, 103).is_empty()
    assert week(home, 104)["customer_id"].to_list() == [-1]


@pytest.mark.parametrize(
    ("first", "last", "error", "words"),
    [
        ("2020-09-16", "2020-09-09", InvalidInput, "2020-09-16 comes after 2020-09-09"),
        ("2020-09-01", "2020-09-09", UnknownWeek, "2020-09-01 lies outside the data .* 2020-09-09 to 2020-09-29"),
        ("2020-09-09", "2020-09-30", UnknownWeek, "2020-09-30 lies outside the data"),
        ("2020-09-09", "2020-09-22", InvalidInput, "no purchase of the home would be left"),
    ],
)
def test_a_range_that_cannot_be_taken_back(tmp_path: Path, first: str, last: str, error: type[HMError], words: str) -> None:
    home = tmp_path / "home"
    run(write(tmp_path / "raw"), home)
    before = tree(home)
    with pytest.raises(error, match=words):
        take_back(home, first, last)
    assert tree(home) == before


def test_nothing_can_be_taken_back_from_a_home_without_data(tmp_path: Path) -> None:
    with pytest.raises(MissingInput, match="no data ingested yet"):
        take_back(tmp_path / "home", "2020-09-09", "2020-09-09")
    assert not (tmp_path / "home").exists()


def test_what_was_made_for_weeks_taken_back_goes_with_them(tmp_path: Path) -> None:
    home = tmp_path / "home"
    deliver(home, tmp_path / "one", purchases("2020-09-01", "2020-09-08", "2020-09-15", "2020-09-22"))
    kept = {"history/x/week_id=103": "", "rankings/week_id=103": "buyers:1", "submission/week_id=104": "everyone:1"}
    gone = {
        "labels/week_id=104": "buyers:1",
        "scoreboard/week_id=104": "",
        "history/x/week_id=101": "",
        "history/x/week_id=105": "everyone:1",
    }
    for name, audience in {**kept, **gone}.items():
        (home / "tables" / name).mkdir(parents=True)
        manifest = {"fingerprint": "x", "receipts": [], "audience": audience}
        (home / "tables" / name / "manifest.json").write_text(json.dumps(manifest))
    (home / "models/search/week_id=104").mkdir(parents=True)
    (home / "models/search/week_id=105").mkdir(parents=True)
    ingest(None, home, settings=Settings(), drop_weeks=(date(2020, 9, 16), date(2020, 9, 22)))
    take_back(home, "2020-09-01", "2020-09-01")
    left = {path.relative_to(home / "tables").as_posix() for path in (home / "tables").glob("**/week_id=*")}
    assert left == {*kept, "transactions/week_id=102", "transactions/week_id=103"}
    assert [path.name for path in (home / "models/search").iterdir()] == ["week_id=104"]


def test_a_home_keeps_its_epoch_without_being_told_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    deliver(home, tmp_path / "one", purchases("2020-09-13", "2020-09-20"), epoch=date(2020, 9, 7))
    deliver(home, tmp_path / "two", purchases("2020-09-27"))
    assert Home(home).calendar.epoch == date(2020, 9, 7)
    assert Home(home).calendar.last_week == 3
