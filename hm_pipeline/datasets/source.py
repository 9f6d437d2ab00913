"""Find the three raw files of a data set in a folder or a zip, and read their heads.

What stands in the files beyond the names of their columns is not known here.
"""

import csv
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from hm_pipeline.contracts import RAW_TABLES, RawTable
from hm_pipeline.errors import BadInput, MissingInput

SUFFIXES = ("", ".gz")
LAYOUT = "give a folder or a .zip that holds " + ", ".join(table.file for table in RAW_TABLES) + " (plain or .gz)"


def locate(raw: Path, scratch: Path) -> dict[str, Path]:
    """Return the path of each raw file by its name.

    Parameters
    ----------
    raw
        A folder, or a zip that is unpacked; the files may lie in a subfolder of it.
    scratch
        Folder that takes what a zip holds; made when needed.

    Raises
    ------
    MissingInput
        If the path or one of the files is not there.
    BadInput
        If it is neither a folder nor a zip, or a damaged one.
    """
    found = chosen(raw)
    return found if raw.is_dir() else _unpack(raw, scratch)


def chosen(raw: Path) -> dict[str, Path]:
    """Return the file that holds each raw file, by its name, nothing unpacked: of a zip it is the zip; raises as :func:`locate`."""
    if not raw.exists():
        raise MissingInput("no such file or folder", where=str(raw), remedy=LAYOUT)
    if raw.is_dir():
        names = [path.relative_to(raw).as_posix() for path in raw.rglob("*") if path.is_file() or _refuse_dangling(path)]
        return {file: raw / name for file, name in _choose(names, raw).items()}
    if raw.suffix.lower() != ".zip":
        raise BadInput("is neither a folder nor a .zip", where=str(raw), remedy=LAYOUT)
    with _opened(raw) as archive:
        return dict.fromkeys(_choose(_members(archive), raw), raw)


def _refuse_dangling(path: Path) -> bool:
    if path.is_symlink() and any(path.name == table.file + suffix for table in RAW_TABLES for suffix in SUFFIXES):
        raise MissingInput(f"{path.name} is missing", where=f"link to {path.readlink()}", remedy="put the file there, or mend the link")
    return False


def _choose(names: Iterable[str], raw: Path) -> dict[str, str]:
    ordered = sorted(names, key=lambda name: (name.count("/"), name))  # the least nested, then plain before .gz
    found_of: dict[str, str] = {}
    for table in RAW_TABLES:
        wanted = {table.file + suffix for suffix in SUFFIXES}
        found = next((name for name in ordered if name.rpartition("/")[2] in wanted), None)
        if found is None:
            raise MissingInput(f"{table.file} is missing", where=str(raw), remedy=LAYOUT)
        found_of[table.file] = found
    return found_of


def _unpack(raw: Path, scratch: Path) -> dict[str, Path]:
    with _opened(raw) as archive:
        names = _choose(_members(archive), raw)
        return {file: Path(archive.extract(name, scratch)) for file, name in names.items()}


def _members(archive: zipfile.ZipFile) -> list[str]:
    return [info.filename for info in archive.infolist() if not info.is_dir()]


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise BadInput(f"cannot be unpacked, {error}", where=str(path), remedy="download it again, it is damaged or cut short") from error


def open_text(path: Path, errors: str = "strict") -> TextIO:
    """Open a raw file as text, unpacked."""
    if path.suffix == ".gz":
        return io.TextIOWrapper(gzip.open(path), encoding="utf-8-sig", errors=errors, newline="")
    return path.open(encoding="utf-8-sig", errors=errors, newline="")


def read_header(path: Path, table: RawTable) -> list[str]:
    """Return the names of a file's columns, in its order.

    Raises
    ------
    MissingInput
        If a required column is not among them.
    BadInput
        If the file is empty, damaged, or names a column twice.
    """
    try:
        with open_text(path, errors="backslashreplace") as text:
            names = next(csv.reader(text), [])
    except (OSError, EOFError, zlib.error, csv.Error) as error:
        raise damaged(path, str(error)) from error
    if any("\\x" in name or "\0" in name for name in names):
        raise damaged(path, "its first line is no text")
    if not names:
        raise BadInput("the file is empty", where=path.name, remedy=f"its first line must name the columns {', '.join(table.required)}")
    for name in table.required:
        if name not in names:
            raise MissingInput(
                f"column {name!r} is missing", where=path.name, remedy=f"separate by commas; it needs {', '.join(table.required)}"
            )
    for name in names:
        if names.count(name) > 1:
            raise BadInput(f"column {name!r} stands there twice", where=path.name, remedy="keep one of them")
    return names


def records_at(path: Path, rows: Sequence[int]) -> list[tuple[int, str]]:
    """Return the line on which each of the rows ends, counted from 1, and its text; rows are counted from 0 and ascend."""
    found: list[tuple[int, str]] = []
    with open_text(path, errors="backslashreplace") as text:
        records = csv.reader(text)
        next(records, None)
        filled = (record for record in records if record)  # empty lines are no records
        for row, record in enumerate(filled):
            if row == rows[len(found)]:
                found.append((records.line_num, as_line(record)))
                if len(found) == len(rows):
                    break
    return found


def ragged_rows(path: Path, width: int) -> list[int]:
    """Return the rows, counted from 0, that have not so many fields."""
    with open_text(path, errors="backslashreplace") as text:
        filled = (record for record in csv.reader(text) if record)
        next(filled, None)
        return [row for row, record in enumerate(filled) if len(record) != width]


def as_line(record: Sequence[str]) -> str:
    """Return the fields of a row as they stand in a file."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(record)
    return line.getvalue()


def damaged(path: Path, why: str) -> BadInput:
    """Return the error of a file that cannot be read to its end."""
    return BadInput(f"cannot be read, {why}", where=path.name, remedy="download it again, it is damaged or cut short")
