"""Sample of a shop's file: how it is written, and what its columns look like."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

import polars as pl

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.datasets.shop.files import open_text
from hm_pipeline.datasets.shop.shop_file import PARQUET

ROWS = 20_000
CHECKED = 2_000  # values of a column that are looked at
SEPARATORS = ",;\t|"
FORMATS = (
    "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y%m%d", "%d.%m.%y", "%m/%d/%y",
)  # fmt: skip
TIMES = ("", " %H:%M", " %H:%M:%S", "T%H:%M", "T%H:%M:%S", " %H:%M:%S.%f", "T%H:%M:%S.%f", "T%H:%M:%S%z", " %H:%M:%S%z")
NUMBER, COMMA = re.compile(r"[+-]?\d+([.]\d+)?"), re.compile(r"[+-]?\d{1,3}(\.?\d{3})*(,\d+)?|[+-]?\d+,\d+")


@dataclass(frozen=True)
class Column:
    """Column of a sample.

    Parameters
    ----------
    values
        Distinct values, trimmed, none of them empty.
    is_unique
        Whether no value stands there twice.
    date_format
        Format of all its values as days or moments, empty where there is none.
    remark
        What leaves the format open.
    """

    name: str
    values: frozenset[str]
    is_unique: bool
    date_format: str
    remark: str
    is_number: bool
    has_comma: bool
    is_whole: bool
    largest: float


@dataclass(frozen=True)
class Sample:
    """First rows of a file, and how it is written."""

    path: Path
    size: int
    separator: str
    encoding: str
    columns: tuple[Column, ...]

    @property
    def days(self) -> bool:
        """Whether a column holds days."""
        return any(column.date_format for column in self.columns)


def samples(raw: Path) -> list[Sample]:
    """Return a sample of every CSV and Parquet file below a folder.

    Raises
    ------
    MissingInput
        If there is no such folder.
    """
    if not raw.is_dir():
        raise MissingInput("no such folder", where=str(raw), hint="give the folder of the shop's files")
    paths = sorted(
        path for path in raw.rglob("*") if path.is_file() and path.name.removesuffix(".gz").endswith((".csv", ".tsv", ".txt", PARQUET))
    )
    return [sample for path in paths if (sample := _sample(path))]


def _sample(path: Path) -> Sample | None:
    if path.suffix == PARQUET:
        rows = pl.read_parquet(path, n_rows=ROWS, glob=False, hive_partitioning=False)
        columns = tuple(_column(name, rows[name].cast(pl.String, strict=False).to_list()) for name in rows.columns)
        return Sample(path, path.stat().st_size, ",", "utf-8", columns)
    encoding = _encoding(path)
    with open_text(path, encoding) as text:
        first = next(csv.reader(text, delimiter="\n"), None)
    if not first:
        return None
    separator = max(SEPARATORS, key=first[0].count)
    with open_text(path, encoding) as text:
        lines = csv.reader(text, delimiter=separator)
        header = next(lines)
        rows_read = [row for row in islice(lines, ROWS) if len(row) == len(header)]
    columns = tuple(_column(name, [row[place] for row in rows_read]) for place, name in enumerate(header) if name.strip())
    return Sample(path, path.stat().st_size, separator, encoding, columns)


def _encoding(path: Path) -> str:
    for encoding in ("utf-8", "utf-16", "cp1252"):
        try:
            with open_text(path, encoding) as text:
                while text.read(1 << 20):
                    pass
        except (UnicodeError, EOFError):
            continue
        return encoding
    return "latin-1"


def _column(name: str, texts: Sequence[str | None]) -> Column:
    given = [text.strip() for text in texts if text and text.strip()]
    checked = given[:CHECKED]
    formats = [found for day in FORMATS for time in TIMES if checked and (found := day + time) and _all_written(checked, found)]
    is_plain = bool(checked) and all(NUMBER.fullmatch(text) for text in checked)
    is_comma = bool(checked) and not is_plain and all(COMMA.fullmatch(text) for text in checked)
    numbers = [float(text.replace(".", "").replace(",", ".") if is_comma else text) for text in checked] if is_plain or is_comma else []
    formats = [] if is_plain and not all(len(text) == 8 and text[:2] in ("19", "20") for text in checked) else formats
    return Column(
        name,
        frozenset(given),
        len(set(given)) == len(given) > 0,
        formats[0] if formats else "",
        f"{' or '.join(formats[:2])}: the days leave it open" if len(formats) > 1 else "",
        bool(numbers),
        is_comma and any("," in text for text in checked),
        all(number.is_integer() for number in numbers),
        max(map(abs, numbers), default=0.0),
    )


def _all_written(texts: Sequence[str], date_format: str) -> bool:
    try:
        for text in texts:
            datetime.strptime(text, date_format)  # noqa: DTZ007 - only the way of writing is looked at
    except ValueError:
        return False
    return True
