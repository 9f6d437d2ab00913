"""Files of a shop in a folder or a zip, and their opening as text."""

import gzip
import zipfile
from collections.abc import Sequence
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.datasets.kaggle import csv_records
from hm_pipeline.datasets.kaggle.raw_files import names_of, open_zip
from hm_pipeline.datasets.shop.faults import Fault
from hm_pipeline.datasets.shop.table_schema import Table

SIGNS = "*?["
NAMED = 5  # files that a fault names
UTF8 = ("utf-8", "utf8")


def locate(raw: Path, table: Table, name: str) -> tuple[list[str], list[Fault]]:
    """Return the names of a table's files in a folder or zip, and what is wrong with them; raises as :func:`names_in`."""
    return choose(names_in(raw) if table.files else (), table, name, str(raw))


def choose(known: Sequence[str], table: Table, name: str, shown: str) -> tuple[list[str], list[Fault]]:
    """Return those of some names that are a table's files, and what is wrong with them; ``shown`` is where they lie."""
    found, faults = list[str](), list[Fault]()
    for pattern in table.files:
        matches = sorted(other for other in known if fnmatch(other, pattern) or other.endswith(f"/{pattern}"))
        is_pattern = any(sign in pattern for sign in SIGNS)
        if not matches:
            hint = f"name one of {', '.join(sorted(known)[:NAMED]) or 'none'} under {name}.files of the schema"
            faults.append(Fault(pattern, f"no such file in {shown}", hint))
        elif len(matches) > 1 and not is_pattern:
            faults.append(Fault(pattern, f"there are two: {', '.join(matches)}", "remove one, or name it with its folder"))
        found += matches
    return list(dict.fromkeys(found)), faults


def names_in(raw: Path) -> list[str]:
    """Return the names of all files in a folder or zip.

    Raises
    ------
    MissingInput
        If there is none.
    InvalidInput
        If it is neither.
    """
    if not raw.exists():
        raise MissingInput("no such file or folder", where=str(raw), hint="give the folder or zip of the shop's files")
    if raw.is_dir():
        return [path.relative_to(raw).as_posix() for path in raw.rglob("*") if path.is_file()]
    if not zipfile.is_zipfile(raw):
        raise InvalidInput("is neither a folder nor a .zip", where=str(raw), hint="give the folder or zip of the files")
    with open_zip(raw) as archive:
        return names_of(archive)


def unpacked(raw: Path, name: str, scratch: Path) -> Path:
    """Return the path of a file, taken out of its zip where it is in one."""
    if raw.is_dir():
        return raw / name
    with open_zip(raw) as archive:
        return Path(archive.extract(name, scratch))


def is_utf8(encoding: str) -> bool:
    """Return whether an encoding is UTF-8."""
    return encoding.lower().replace("_", "-") in UTF8


def open_text(path: Path, encoding: str) -> TextIO:
    """Open a file, plain or .gz, as text with its line ends as they are; a byte order mark is no part of it."""
    return csv_records.open_text(path, encoding="utf-8-sig" if is_utf8(encoding) else encoding)


def line_of_bad_byte(path: Path, encoding: str) -> int:
    """Return the first line that is not written in an encoding, 0 where there is none."""
    with _bytes(path) as file:
        for line, data in enumerate(file, start=1):
            try:
                data.decode(encoding)
            except UnicodeError:
                return line
    return 0


def line_of_utf8(path: Path, encoding: str) -> int:
    """Return the first line beyond ASCII of a file that is UTF-8 where single bytes are named: they would be read as other letters."""
    if len(bytes(range(128, 256)).decode(encoding, "replace")) != 128:
        return 0  # of several bytes, such as UTF-16
    found = 0
    with _bytes(path) as file:
        for line, data in enumerate(file, start=1):
            try:
                data.decode("utf-8")
            except UnicodeError:
                return 0
            found = found or (0 if data.isascii() else line)
    return found


def line_of_nul(path: Path) -> int:
    """Return the first line of a file with a NUL character, 0 where there is none."""
    with _bytes(path) as file:
        if not any(b"\0" in block for block in iter(partial(file.read, 1 << 20), b"")):
            return 0
        file.seek(0)
        return next(line for line, data in enumerate(file, start=1) if b"\0" in data)


def _bytes(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb"))
