"""Files that are not what they should be: how each is spoilt, the words it must be met with, and the rows at fault."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from hm_pipeline.base.contracts import RAW_ARTICLES
from tests.datasets.kaggle.tiny_files import ADA, AR, BOB, CU, TRANSACTIONS, TX, ZOE

Change = Callable[[Path], object]


class Bad(NamedTuple):
    """How the files are spoilt, words of the complaint, and lines of the rejected rows."""

    change: Change
    words: list[str]
    lines: list[int] = []  # noqa: RUF012  never changed


def swap(file: str, old: str, new: str) -> Change:
    def change(raw: Path) -> None:
        text = (raw / file).read_text()
        assert old in text
        (raw / file).write_text(text.replace(old, new, 1))

    return change


def replace(file: str, content: str | bytes) -> Change:
    return lambda raw: (raw / file).write_bytes(content.encode() if isinstance(content, str) else content)


def cut_gz(raw: Path) -> None:
    rows = TRANSACTIONS + TRANSACTIONS.partition("\n")[2] * 4000
    (raw / (TX + ".gz")).write_bytes(gzip.compress(rows.encode())[:-400])
    (raw / TX).unlink()


def link(to: str) -> Change:
    def change(raw: Path) -> None:
        (raw / TX).unlink()
        (raw / TX).symlink_to(to)

    return change


def folder(raw: Path) -> None:
    (raw / TX).unlink()
    (raw / TX).mkdir()


DAY, HEAD = "2020-09-09", TRANSACTIONS.partition("\n")[0]
# What makes a row of purchases bad: `--skip-bad-rows` leaves these out.
BAD_ROWS: dict[str, Bad] = {
    "no date": Bad(swap(TX, DAY, "2020-09-3x"), [TX, "column t_dat", "line 4", "'2020-09-3x'", "not a date"], [4]),
    "no such day": Bad(swap(TX, DAY, "2020-02-30"), ["line 4", "'2020-02-30'", "not a date"], [4]),
    "a date in another order": Bad(swap(TX, DAY, "09/09/2020"), ["'09/09/2020'", "YYYY-MM-DD"], [4]),
    "a time of day": Bad(swap(TX, DAY, DAY + " 12:00"), [f"'{DAY} 12:00'", "not a date"], [4]),
    "an empty date": Bad(swap(TX, DAY, ""), ["line 4", "empty", "not a date"], [4]),
    "before the epoch": Bad(swap(TX, DAY, "2018-09-18"), ["line 4", "2018-09-18", "--epoch"], [4]),
    "in the future": Bad(swap(TX, DAY, "2999-09-09"), ["line 4", "'2999-09-09'", "future"], [4]),
    "no price": Bad(swap(TX, "0.01", "cheap"), ["column price", "line 4", "'cheap'", "not a number"], [4]),
    "a decimal comma": Bad(swap(TX, "0.01", '"0,01"'), ["column price", "line 4", "'0,01'"], [4]),
    "an empty price": Bad(swap(TX, "0.01", ""), ["column price", "line 4", "empty"], [4]),
    "not a number": Bad(swap(TX, "0.01", "nan"), ["column price", "line 4", "'nan'"], [4]),
    "an endless price": Bad(swap(TX, "0.01", "inf"), ["column price", "line 4", "'inf'"], [4]),
    "a negative price": Bad(swap(TX, "0.01", "-0.01"), ["column price", "line 4", "'-0.01'", "negative"], [4]),
    "a huge price": Bad(swap(TX, "0.01", "99999"), ["column price", "line 4", "'99999'"], [4]),
    "a short customer id": Bad(swap(TX, ADA, "abc"), ["column customer_id", "line 2", "'abc'", "64 hex digits"], [2]),
    "an empty customer id": Bad(swap(TX, ADA, ""), ["column customer_id", "line 2", "empty"], [2]),
    "no hex customer id": Bad(swap(TX, ADA, "z" * 64), ["column customer_id", "line 2", "64 hex digits"], [2]),
    "a customer id in capitals": Bad(swap(TX, ZOE, ZOE.upper()), ["line 6", "lower case"], [6]),
    "an article that is no number": Bad(swap(TX, "0108775015", "top"), ["column article_id", "line 3", "'top'"], [3]),
    "a negative article": Bad(swap(TX, "0108775015", "-108775015"), ["column article_id", "line 3"], [3]),
    "an article with too many digits": Bad(swap(TX, "0108775015", "1" * 20), ["column article_id", "line 3"], [3]),
    "an empty article": Bad(swap(TX, "0108775015", ""), ["column article_id", "line 3", "empty"], [3]),
    "a channel that is no number": Bad(swap(TX, "0.01,2", "0.01,web"), ["column sales_channel_id", "line 4", "'web'"], [4]),
    "a row cut short": Bad(replace(TX, TRANSACTIONS[:-30]), [TX, "line 6", "fields"], [6]),
    "a row too long": Bad(swap(TX, "0.01,2", "0.01,2,3"), ["line 4", "6 fields, not 5"], [4]),
    "the header again": Bad(swap(TX, "2020-09-22," + ZOE, f"{HEAD}\n2020-09-22,{ZOE}"), ["line 6", "'t_dat'"], [6]),
    "letters of another alphabet": Bad(swap(TX, "0.01,2", "0.01,\u0662"), ["line 4", "sales_channel_id"], [4]),
    "bytes that are no text": Bad(replace(TX, TRANSACTIONS.encode().replace(b"0.01,2", b"0.01,\xff")), ["line 4"], [4]),
    "an open quote": Bad(swap(TX, "0.01,2", '"0.01,2'), [TX, "line 4", "quote", "not closed"], [4]),
    "two open quotes": Bad(replace(TX, TRANSACTIONS.replace(",0.0254237288135593", ',"0.02')), [TX, "line 2", "quote"], [2, 5]),
    "a quote in the middle": Bad(swap(TX, "0.01,2", '"0.0"1,2'), [TX, "line 4", "quote is closed before"], [4]),
    "an endless line": Bad(swap(TX, "0.01,2", "0.01," + "2" * 2_100_000), [TX, "line 4", "2,000,000 characters"], [4]),
    "an article with a fraction": Bad(
        swap(TX, "0108775015,0.01", "0108775014.5,0.01"), ["line 4", "'0108775014.5'", "not an integer"], [4]
    ),
    "a channel with a fraction": Bad(swap(TX, "0.01,2", "0.01,1.6"), ["column sales_channel_id", "line 4", "'1.6'"], [4]),
    "two bad rows": Bad(replace(TX, TRANSACTIONS.replace(",0.0254237288135593", ",x")), ["line 2", "2 such rows"], [2, 5]),
}
# What makes a whole file unusable.
BAD_FILES: dict[str, Bad] = {
    "a table is missing": Bad(lambda raw: (raw / AR).unlink(), ["articles.csv is missing"]),
    "a dangling link": Bad(link("nowhere"), [TX, "missing", "link", "nowhere"]),
    "a link to itself": Bad(link(TX), [TX, "missing"]),
    "a folder for a file": Bad(folder, [TX, "missing"]),
    "a column is missing": Bad(swap(TX, "price", "prize"), [TX, "'price'"]),
    "a column in capitals": Bad(swap(TX, "price", "Price"), [TX, "'price'"]),
    "an id column is missing": Bad(swap(CU, "customer_id", "id"), [CU, "'customer_id'"]),
    "a column stands twice": Bad(swap(TX, "sales_channel_id", "price"), [TX, "'price'", "twice"]),
    "semicolons": Bad(replace(TX, TRANSACTIONS.replace(",", ";")), [TX, "comma"]),
    "no header": Bad(replace(TX, TRANSACTIONS.partition("\n")[2]), [TX, "'t_dat'"]),
    "an empty file": Bad(replace(TX, ""), [TX, "empty"]),
    "an empty customers file": Bad(replace(CU, ""), [CU, "empty"]),
    "no transactions": Bad(replace(TX, HEAD + "\n"), [TX, "no purchases"]),
    "no articles": Bad(replace(AR, ",".join(RAW_ARTICLES.required) + "\n"), [AR, "no rows"]),
    "only strangers": Bad(replace(TX, TRANSACTIONS.replace("0108", "0208")), ["no purchase"]),
    "a customer twice": Bad(swap(CU, ZOE, BOB), [CU, "line 3", BOB, "twice"], [3]),
    "an id of a customer that is no hex": Bad(swap(CU, ZOE, "zoe"), [CU, "line 3", "'zoe'", "64 hex digits"], [3]),
    "two ids that end alike": Bad(swap(CU, ZOE, "d" + ADA[1:]), [CU, "shares its last 16 digits"], [3, 4]),
    "an age that is no number": Bad(swap(CU, "30.6", "old"), [CU, "column age", "line 2", "'old'"], [2]),
    "a negative age": Bad(swap(CU, "30.6", "-3"), [CU, "column age", "line 2", "'-3'"], [2]),
    "a flag that is no number": Bad(swap(CU, "1.0,,ACTIVE", "yes,,ACTIVE"), [CU, "column FN", "line 2", "'yes'"], [2]),
    "an article twice": Bad(swap(AR, "0108775044", "0108775015"), [AR, "line 4", "twice"], [4]),
    "an article id that is no number": Bad(swap(AR, "0108775044", "x1"), [AR, "column article_id", "line 4", "'x1'"], [4]),
    "a type that is no number": Bad(swap(AR, "253", "vest"), [AR, "column product_type_no", "line 3", "'vest'"], [3]),
    "a row of articles cut short": Bad(swap(AR, ",253,Vest top,\n", "\n"), [AR, "line 4", "fields"], [4]),
    "a gz cut short": Bad(cut_gz, ["transactions_train.csv.gz", "cannot be read"]),
    "no gz": Bad(lambda raw: (raw / AR).rename(raw / (AR + ".gz")), ["articles.csv.gz", "cannot be read"]),
    "no text": Bad(replace(TX, b"\xff\xfe\x00"), [TX, "cannot be read"]),
    "a spreadsheet": Bad(replace(CU, b"PK\x03\x04" + bytes(range(256)) * 20), [CU, "cannot be read"]),
}
