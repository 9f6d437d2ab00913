"""Locations of the three raw files of a data set, in a folder or a zip.

Independent of the content of the files.
"""

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hm_pipeline.base.contracts import RAW_TABLES
from hm_pipeline.base.errors import InvalidInput, MissingInput

SUFFIXES = ("", ".gz", ".zip")
LAYOUT = "give a folder or a .zip that holds " + ", ".join(table.file for table in RAW_TABLES) + " (plain, .gz or .zip)"
DOWNLOAD = "download it again, it is damaged or cut short"


def locate(raw: Path, scratch: Path) -> dict[str, Path]:
    """Return the path of each raw file by its name.

    Parameters
    ----------
    raw
        A folder, or a zip that is unpacked; the files may lie in a subfolder of it, each plain, as .gz, or as a zip of its
        own, as Kaggle hands out a single file.
    scratch
        Folder that takes what a zip holds; made when needed.

    Raises
    ------
    MissingInput
        If the path or one of the files is not there.
    InvalidInput
        If it is neither a folder nor a zip, or a damaged one.
    """
    found = chosen(raw)
    return _unzipped(found, scratch) if raw.is_dir() else _unpack(raw, scratch)


def chosen(raw: Path) -> dict[str, Path]:
    """Return the file that holds each raw file, by its name, nothing unpacked: of a zip it is the zip; raises as :func:`locate`."""
    if not raw.exists():
        raise MissingInput("no such file or folder", where=str(raw), hint=LAYOUT)
    if raw.is_dir():
        names = [path.relative_to(raw).as_posix() for path in raw.rglob("*") if path.is_file() or _refuse_dangling(path)]
        return {file: raw / name for file, name in choose(names, str(raw)).items()}
    if raw.suffix.lower() != ".zip":
        raise InvalidInput("is neither a folder nor a .zip", where=str(raw), hint=LAYOUT)
    with open_zip(raw) as archive:
        return dict.fromkeys(choose(names_of(archive), str(raw)), raw)


def _refuse_dangling(path: Path) -> bool:
    if path.is_symlink() and any(path.name == table.file + suffix for table in RAW_TABLES for suffix in SUFFIXES):
        raise MissingInput(f"{path.name} is missing", where=f"link to {path.readlink()}", hint="put the file there, or fix the link")
    return False


def choose(names: Iterable[str], shown: str) -> dict[str, str]:
    """Return the name of each raw file by its name, among all names; raises where one is missing from what is shown as ``shown``."""
    ordered = sorted(names, key=lambda name: (name.count("/"), name))  # the least nested, then plain before .gz before .zip
    found_of: dict[str, str] = {}
    for table in RAW_TABLES:
        wanted = {table.file + suffix for suffix in SUFFIXES}
        found = next((name for name in ordered if name.rpartition("/")[2] in wanted), None)
        if found is None:
            raise MissingInput(f"{table.file} is missing", where=shown, hint=LAYOUT)
        found_of[table.file] = found
    return found_of


def _unpack(raw: Path, scratch: Path) -> dict[str, Path]:
    with open_zip(raw) as archive:
        names = choose(names_of(archive), str(raw))
        found = {file: Path(archive.extract(name, scratch)) for file, name in names.items()}
    return _unzipped(found, scratch)


def _unzipped(files: Mapping[str, Path], scratch: Path) -> dict[str, Path]:
    """Unpack those files that are a zip of their own."""
    return {file: _unzip(path, file, scratch / f"{file}-unzipped") if path.suffix == ".zip" else path for file, path in files.items()}


def _unzip(path: Path, file: str, scratch: Path) -> Path:
    with open_zip(path) as archive:
        names = [name for name in names_of(archive) if name.rpartition("/")[2] in (file, f"{file}.gz")]
        if not names:
            raise InvalidInput(f"holds no {file}", where=str(path), hint=f"zip {file} alone, under its own name")
        return Path(archive.extract(min(names, key=lambda name: (name.count("/"), name)), scratch))


def names_of(archive: zipfile.ZipFile) -> list[str]:
    """Return the names of the files in a zip."""
    return [info.filename for info in archive.infolist() if not info.is_dir()]


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip, and translate what a damaged one raises.

    Raises
    ------
    InvalidInput
        If it cannot be unpacked.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise InvalidInput(f"cannot be unpacked, {error}", where=str(path), hint=DOWNLOAD) from error
