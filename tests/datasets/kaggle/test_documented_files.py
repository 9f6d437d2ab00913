"""What docs/data.md says of the files, sentence by sentence: read with the right value, or refused in one line with its place."""

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from hm_pipeline.base.contracts import RAW_TABLES, RawTable
from hm_pipeline.base.errors import HMError, InvalidInput
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.kaggle.rejected_rows import FILE
from hm_pipeline.engine.home import Home
from tests.datasets.kaggle.bad_files import replace, swap
from tests.datasets.kaggle.tiny_files import ADA, AR, ARTICLES, BOB, CU, CUSTOMERS, FILES, TRANSACTIONS, TX, ZOE, bytes_of, run, week, write

Change = Callable[[Path], object]


def each_file(change: Callable[[str], str | bytes]) -> Change:
    def spoil(raw: Path) -> None:
        for file, text in FILES.items():
            found = change(text)
            (raw / file).write_bytes(found if isinstance(found, bytes) else found.encode())

    return spoil


def packed(pack: Callable[[Path], object]) -> Change:
    def change(raw: Path) -> None:
        for file in FILES:
            pack(raw / file)
            (raw / file).unlink()

    return change


def gz(path: Path) -> None:
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))


def single_zip(path: Path) -> None:
    """Pack a file as Kaggle hands out a single one."""
    with zipfile.ZipFile(path.with_name(path.name + ".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, path.name)


def turned(text: str) -> str:
    """Turn the columns round, another one and an empty name in front."""
    rows = [line.split(",") for line in text.replace('"Narrow straps,\nin jersey."', "Narrow").splitlines()]
    return "\n".join(",".join(["" if number == 0 else str(number), "x y", *reversed(row)]) for number, row in enumerate(rows))


def ends(head: str, rows: str) -> Callable[[str], bytes]:
    def change(text: str) -> bytes:
        first, _, rest = text.partition("\n")
        return (first + head + rest.replace("\n", rows)).encode()

    return change


def mixed(text: str) -> bytes:
    first, *rows = text.splitlines()
    return "".join(row + ("\n", "\r\n")[number % 2] for number, row in enumerate([first, *rows])).encode()


def floats(raw: Path) -> None:
    """Write ids and numbers as pandas does for a column that once held a gap."""
    for old, new in (("0108775044,", "108775044.0,"), ("0108775015,", "108775015.0,"), (",108775,", ",108775.0,"), (",253,", ",253.0,")):
        for file in (AR, TX):
            (raw / file).write_text((raw / file).read_text().replace(old, new))


SHORT = ARTICLES.replace('"Narrow straps,\nin jersey."', "Narrow")
# Changes after which the home is, byte by byte, that of the files as they were.
READ: dict[str, Change] = {
    "CRLF": each_file(lambda text: text.replace("\n", "\r\n").replace("straps,\r\n", "straps,\n")),
    "a byte order mark": each_file(lambda text: "\ufeff" + text),
    "empty lines": each_file(lambda text: text.replace("\n", "\n\n").replace("straps,\n\n", "straps,\n")),
    "no end of the last line": each_file(lambda text: text.rstrip("\n")),
    "quoted fields": replace(TX, "\n".join(",".join(f'"{field}"' for field in line.split(",")) for line in TRANSACTIONS.splitlines())),
    "article ids without their leading zero": replace(TX, TRANSACTIONS.replace(",0108", ",108")),
    "numbers with .0": floats,
    "a head with CRLF and rows with LF": replace(TX, ends("\r\n", "\n")(TRANSACTIONS)),
    "a head with LF and rows with CRLF": replace(TX, ends("\n", "\r\n")(TRANSACTIONS)),
    "every other line with CRLF": replace(TX, mixed(TRANSACTIONS)),
    "customers with mixed line ends": replace(CU, mixed(CUSTOMERS)),
    "articles with a head of CRLF": replace(AR, ends("\r\n", "\n")(ARTICLES)),
    "None or NONE": replace(CU, CUSTOMERS.replace("None", "NONE")),
    "gz": packed(gz),
    "Kaggle's single files": packed(single_zip),
    "a column of ones": replace(TX, TRANSACTIONS.replace("\n", ",1\n").replace("id,1\n", "id,quantity\n", 1)),
    "a column of ones as floats": replace(TX, TRANSACTIONS.replace("\n", ",1.0\n").replace("id,1.0\n", "id, QTY\n", 1)),
    "columns named like ours": replace(
        TX, TRANSACTIONS.replace("\n", ",1,2,3,4,5\n").replace("1,2,3,4,5", 'week_id,fault,hm_line,at_row,"a""b"', 1)
    ),
    "other columns with quotes": replace(TX, TRANSACTIONS.replace("\n", ',5" heel\n').replace('5" heel', "note", 1)),
}


@pytest.mark.parametrize("name", READ)
def test_files_that_are_the_same(tmp_path: Path, name: str) -> None:
    raw = write(tmp_path / "raw")
    run(raw, tmp_path / "home")
    READ[name](raw)
    assert run(raw, tmp_path / "home2").rejected == {}
    assert bytes_of(tmp_path / "home2") == bytes_of(tmp_path / "home")


@pytest.mark.parametrize("file", [CU, AR, TX])
def test_columns_in_another_order_among_others(tmp_path: Path, file: str) -> None:
    run(write(tmp_path / "raw", articles=SHORT), tmp_path / "home")
    replace(file, turned({**FILES, AR: SHORT}[file]))(tmp_path / "raw")
    run(tmp_path / "raw", tmp_path / "home2")
    assert bytes_of(tmp_path / "home2") == bytes_of(tmp_path / "home")


@pytest.mark.parametrize("table", RAW_TABLES, ids=lambda table: table.file)
def test_optional_columns_may_be_missing_or_empty(tmp_path: Path, table: RawTable) -> None:
    values = {"customer_id": ADA, "t_dat": "2020-09-22", "price": "0.01", "article_id": "0108775015", "product_type_name": "Vest"}
    few = {CU: f"customer_id\n{ADA}\n", AR: ARTICLES, TX: f"t_dat,customer_id,article_id,price\n2020-09-22,{ADA},108775015,0.01\n"}
    homes = []
    for state, names in (("missing", table.required), ("empty", (*table.required, *table.optional))):
        row = [("" if name in table.optional else values.get(name, "1")) for name in names]
        raw = write(tmp_path / state)
        for file, text in {**few, table.file: ",".join(names) + "\n" + ",".join(row) + "\n"}.items():
            replace(file, text)(raw)
        run(raw, tmp_path / f"home-{state}")
        homes.append(bytes_of(tmp_path / f"home-{state}"))
    assert homes[0] == homes[1]


def test_a_zip_of_kaggles_single_files(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw")
    run(raw, tmp_path / "home")
    packed(single_zip)(raw)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for file in FILES:
            archive.write(raw / f"{file}.zip", f"data/{file}.zip")
    run(tmp_path / "all.zip", tmp_path / "home2")
    assert bytes_of(tmp_path / "home2") == bytes_of(tmp_path / "home")


def test_a_single_zip_that_holds_something_else(tmp_path: Path) -> None:
    raw = write(tmp_path / "raw")
    with zipfile.ZipFile(raw / f"{TX}.zip", "w") as archive:
        archive.writestr("other.csv", "x")
    (raw / TX).unlink()
    with pytest.raises(InvalidInput, match=f"holds no {TX} .*zip {TX} alone"):
        run(raw, tmp_path / "home")


def test_an_article_that_doubles_cannot_hold_is_read_to_its_last_digit(tmp_path: Path) -> None:
    long = "123456789012345677"
    raw = write(tmp_path / "raw", articles=ARTICLES.replace("0108775044", long), transactions=TRANSACTIONS.replace("0108775044", long))
    run(raw, tmp_path / "home")
    assert week(tmp_path / "home", 104)["article_id"].to_list() == [108775015, int(long), int(long), 108775015]


def with_units(values: str, name: str = "quantity") -> str:
    head, *rows = TRANSACTIONS.splitlines()
    return "\n".join([f"{name},{head}", *(f"{value},{row}" for value, row in zip(values.split(), rows, strict=True))])


@pytest.mark.parametrize(("values", "line"), [("1 2 1 1 1", 3), ("1 1 -1 1 1", 4), ("0 1 1 1 1", 2), ("1 1 1 1 1.5", 6), ("1 x 1 1 1", 3)])
@pytest.mark.parametrize("name", ["quantity", "Qty", "units"])
def test_a_quantity_other_than_one_is_a_fault_of_its_row(tmp_path: Path, values: str, line: int, name: str) -> None:
    raw, home = write(tmp_path / "raw", transactions=with_units(values, name)), tmp_path / "home"
    with pytest.raises(HMError, match=rf"is not 1 \({TX}, column {name}, line {line}\): write one line per unit, leave returns out"):
        run(raw, home)
    report = ingest(raw, home, settings=Settings(), skip_bad_rows=True)
    assert (report.rows, report.rejected) == (4, {f"{name} is not 1": 1})
    assert pl.read_parquet(home / FILE).select("line", "column").rows() == [(line, name)]


@pytest.mark.parametrize("file", [TX, CU, AR])
def test_columns_that_contradict_each_other(tmp_path: Path, file: str) -> None:
    name = {TX: "price", CU: "age", AR: "product_code"}[file]
    raw = write(tmp_path / "raw")
    text = FILES[file].replace(",", f", {name.title()},", 1)
    replace(file, text)(raw)
    with pytest.raises(InvalidInput, match=f"columns '{name}' and ' {name.title()}' contradict each other \\({file}\\)"):
        run(raw, tmp_path / "home")


ROW = '0108775015,108775,Strap top,253,Vest top,"Narrow straps,\nin jersey."\n'
# Faults of the catalogue and of the customers: no row of them is ever left out.
REFUSED: dict[str, tuple[Change, str]] = {
    "a text of 3 MB": (swap(AR, "Narrow", "x" * 3_000_000), r"the row has 3,000,0\d\d characters.*articles.csv, line 2\): shorten it"),
    "a quote that is never closed": (
        swap(AR, "Strap top,253,Vest top,\n", '"Strap top,253,Vest top,\n'),
        "not closed .*articles.csv, line 4",
    ),
    "a quote that swallows a row": (swap(AR, ROW, ROW.replace("Strap", '"Strap')), r"quote .*\(articles.csv, line 2\)"),
    "a quote within a text": (swap(AR, ",\nin jersey", ',"\nin jersey'), r"has 1 fields, not the 6 .*articles.csv, line 3"),
    "bytes that are no text": (replace(AR, ARTICLES.encode().replace(b"Strap top,253", b"\xe4rm,253", 1)), "no UTF-8 text .*line 2.*UTF-8"),
    "a type with a fraction": (swap(AR, "253", "253.5"), "product_type_no '253.5' is not an integer .*line 3"),
    "an id with a fraction": (swap(AR, "0108775044", "108775044.5"), "article_id '108775044.5' is not an integer .*line 4"),
    "a negative id": (swap(AR, "0108775044", "-108775044"), "article_id '-108775044' is not a number of up to 18 digits .*line 4"),
    "the same id twice, once with .0": (swap(AR, "0108775044", "108775015.0"), "occurs twice"),
    "a long line of customers": (swap(CU, "PRE-CREATE", "x" * 3_000_000), r"the row has 3,000,0\d\d characters.*customers.csv, line 4"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_fault_of_the_catalogue_or_of_the_customers(tmp_path: Path, name: str) -> None:
    change, words = REFUSED[name]
    raw = write(tmp_path / "raw")
    change(raw)
    with pytest.raises(InvalidInput, match=words) as told:
        ingest(raw, tmp_path / "home", settings=Settings(), skip_bad_rows=True)
    assert len(str(told.value)) < 500
    assert [path.name for path in (tmp_path / "home").iterdir()] == [FILE]


def test_a_stray_quote_hides_no_purchase(tmp_path: Path) -> None:
    """A quote of line 2 is closed in line 4: a reader that allows line breaks takes the three lines for one purchase."""
    head, *rows = TRANSACTIONS.splitlines()
    rows[0] += ',"sale'
    rows[2] += ',x"'
    text = "\n".join([head + ",note", *(row if row.count(",") == 5 else row + "," for row in rows)]) + "\n"
    raw, home = write(tmp_path / "raw", transactions=text), tmp_path / "home"
    with pytest.raises(InvalidInput, match=rf"a quote is opened and not closed in its line \({TX}, line 2\)"):
        run(raw, home)
    report = ingest(raw, home, settings=Settings(), skip_bad_rows=True)
    assert (report.rows, sum(report.rejected.values())) == (4, 1)


def test_strangers_are_listed_with_their_line_although_empty_lines_stand_between(tmp_path: Path) -> None:
    text = TRANSACTIONS.replace("\n", "\n\n") + f"2020-09-17,{'d' * 64},0108775044,0.02,1\n"
    run(write(tmp_path / "raw", transactions=text), tmp_path / "home")
    assert pl.read_parquet(tmp_path / "home" / FILE)["line"].to_list() == [13]


def test_the_same_row_twice_is_two_units(tmp_path: Path) -> None:
    run(write(tmp_path / "raw"), tmp_path / "home")
    assert week(tmp_path / "home", 104).filter(article_id=108775044).height == 2


def test_a_customer_of_whom_nothing_is_known(tmp_path: Path) -> None:
    run(write(tmp_path / "raw", customers=f"customer_id,FN,Active\n{BOB},,\n{ADA},0,1\n{ZOE},1,\n"), tmp_path / "home")
    flags = Home(tmp_path / "home").dimension("customers").sort("position").select("is_fashion_news", "is_active").collect()
    assert flags.rows() == [(None, None), (False, True), (True, False)]
