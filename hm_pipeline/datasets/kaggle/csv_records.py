"""Reader of raw CSV files record by record, in plain Python, with line numbers and with records that cannot be taken apart.

The slow and exact way, gone where the fast one saw that something is wrong.  A record of customers and articles may
hold line breaks inside quotes; a purchase is one line.  Independent of the meaning of the fields.
"""

import csv
import gzip
import io
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple, TextIO

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.datasets.kaggle.raw_files import DOWNLOAD

LONGEST = 2_000_000  # bytes of a record, DuckDB's own limit: what is longer is a quote that was never closed
SHOWN = 2_000  # characters of a record that cannot be taken apart
NO_TEXT = "bytes that are no UTF-8 text"
UNCLOSED, MISPLACED = "a quote is opened and not closed", "a quote is closed before its field ends"
csv.field_size_limit(min(sys.maxsize, 2**31 - 1))  # ours is LONGEST, and is reported with its line


class Record(NamedTuple):
    """One record: the lines on which it begins and ends, its fields, and what is wrong where it has none."""

    begin: int
    line: int
    fields: list[str]
    fault: str = ""
    text: str = ""


def open_text(path: Path, errors: str = "strict", encoding: str = "utf-8-sig") -> TextIO:
    """Open a raw file as text, unpacked."""
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path), encoding=encoding, errors=errors, newline="")
    return path.open(encoding=encoding, errors=errors, newline="")


def count_quotes(path: Path) -> int:
    """Return how many quotes stand in a file."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as data:
        return sum(block.count(b'"') for block in iter(partial(data.read, 1 << 20), b""))


@contextmanager
def _read(path: Path) -> Iterator[TextIO]:
    """Open a file, bytes that are no text kept as surrogates, and translate what a damaged one raises."""
    try:
        with open_text(path, errors="surrogateescape") as text:
            yield text
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(path, str(error)) from error


def first_line(path: Path) -> Record:
    """Return the first line of a file.

    Raises
    ------
    InvalidInput
        If it is no text.
    """
    with _read(path) as text:
        line = next(_lines(text), (1, ""))[1]
    if not _is_text(line) or "\0" in line or len(line) > LONGEST:
        raise damaged(path, "its first line is no text")
    return _split(1, line)


def _lines(text: TextIO) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers, without their ends; one that is too long keeps its beginning only."""
    number, line = 0, text.readline(LONGEST + 1)
    while line:
        number += 1
        rest = line
        while rest and not rest.endswith(("\n", "\r")):
            rest = text.readline(LONGEST)
        yield number, line.rstrip("\r\n") if len(line) <= LONGEST else line
        line = text.readline(LONGEST + 1)


def _is_text(line: str) -> bool:
    return line.isascii() or not any("\udc80" <= letter <= "\udcff" for letter in line)


def _shown(line: str) -> str:
    return line[:SHOWN].encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _split(number: int, line: str) -> Record:
    """Take one line apart."""
    if not _is_text(line):
        return Record(number, number, [], f"the line holds {NO_TEXT}", _shown(line))
    if '"' not in line:
        return Record(number, number, line.split(",") if line else [])
    try:
        return Record(number, number, next(csv.reader([line], strict=True), []))
    except csv.Error as error:
        fault = UNCLOSED + " in its line" if "unexpected end" in str(error) else MISPLACED
        return Record(number, number, [], fault, _shown(line))


def line_records(path: Path) -> Iterator[Record]:
    """Yield the records below the first line of a file in which each is one line; empty lines are none.

    Raises
    ------
    InvalidInput
        If the file cannot be read to its end.
    """
    with _read(path) as text:
        lines = _lines(text)
        next(lines, None)
        for number, line in lines:
            if len(line) > LONGEST:
                yield Record(number, number, [], f"the line has more than {LONGEST:,} characters", _shown(line))
            elif line:
                yield _split(number, line)


def records(path: Path) -> Iterator[Record]:
    """Yield the records below the first line of a file whose fields may hold line breaks; one whose quotes do not fit is the last.

    Raises
    ------
    InvalidInput
        If the file cannot be read to its end.
    """
    with _read(path) as text:
        reader = csv.reader(text, strict=True)
        begin = 1
        try:
            for number, fields in enumerate(reader):
                if number and fields:
                    yield _checked(Record(begin, reader.line_num, fields))
                begin = reader.line_num + 1
        except csv.Error as error:
            yield Record(begin, reader.line_num, [], UNCLOSED if "unexpected end" in str(error) else MISPLACED)


def _checked(record: Record) -> Record:
    size = sum(map(len, record.fields))
    if size > LONGEST:
        fault = f"the row has {size:,} characters, more than {LONGEST:,}"
    elif not all(map(_is_text, record.fields)):
        fault = f"the row holds {NO_TEXT}"
    else:
        return record
    return record._replace(fields=[], fault=fault, text=_shown(as_line(record.fields)))


def records_at(path: Path, rows: Sequence[int]) -> list[tuple[int, str]]:
    """Return the line on which each of the rows ends, counted from 1, and its text; rows are counted from 0 and ascend."""
    wanted = iter(rows)
    row = next(wanted, None)
    found: list[tuple[int, str]] = []
    for number, record in enumerate(records(path)):
        if number == row:
            found.append((record.line, record.text or as_line(record.fields)))
            row = next(wanted, None)
        if row is None:
            break
    return found


def as_line(record: Sequence[str]) -> str:
    """Return the fields of a row as they stand in a file."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(record)
    return line.getvalue()


def damaged(path: Path, why: str) -> InvalidInput:
    """Return the error of a file that cannot be read to its end."""
    return InvalidInput(f"cannot be read, {why}", where=path.name, hint=DOWNLOAD)
