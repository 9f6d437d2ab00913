"""Selection of the files of a source that a retrieval has to open.

A folder ``key=<value>`` of the source's path is a hive partition.  Where the key is one of the view's join keys, only
the partitions that the entity table names are listed, the others are never touched.  The rest of the path is an
ordinary glob pattern.  Paths and URIs are treated the same.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from glob import glob
from pathlib import Path
from typing import Any

from feast.data_format import ParquetFormat
from feast.infra.offline_stores.file_source import FileSource

from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.feast_duckdb.offline.layout import escaped, is_integer, literal_path, unescaped, value_of
from hm_pipeline.feast_duckdb.offline.remote_files import filesystem, is_remote, options_of

PARTITION = re.compile(r"^(?P<key>[^=*?\[]+)=\*$")
HINT = "write it, or leave its rows out of the entity table"


@dataclass(frozen=True)
class Source:
    """Location of a view's rows.

    Parameters
    ----------
    view
        Name of the view, for messages.
    path
        Absolute glob pattern, or a URI.
    keys
        Join keys, by their names in the source.
    marker
        Name of the file that a complete partition holds; a folder without one does not count as stored.
    options
        Connection options of the store behind a URI.
    """

    view: str
    path: str
    keys: tuple[str, ...]
    marker: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def source_of(stored: Any, view: str, keys: Sequence[str], root: Path | None, marker: str | None = None) -> Source:
    """Describe a Feast source.

    Parameters
    ----------
    root
        Folder that relative paths start from.
    marker
        That of the view; a tag of the source sets it as well.

    Raises
    ------
    InvalidInput
        If it is not made of parquet files.
    """
    if not isinstance(stored, FileSource) or not isinstance(stored.file_format or ParquetFormat(), ParquetFormat):
        raise InvalidInput(
            f"view {view!r} has a {type(stored).__name__}", where="feature store", hint="this store reads parquet files only"
        )
    path = str(stored.path).removeprefix("file://")
    if not is_remote(path):
        path = literal_path(path) if Path(path).is_absolute() else _below(root or Path(), path)
    return Source(view, path, tuple(keys), marker or (stored.tags or {}).get("marker"), options_of(stored) if is_remote(path) else {})


def local_path(stored: Any) -> Path | None:
    """Return the path of a Feast file source, nothing where it is a URI or no file."""
    path = str(getattr(stored, "path", "")).removeprefix("file://")
    return Path(unescaped(path)) if path and not is_remote(path) else None


def _below(root: Path, path: str) -> str:
    """Return a relative pattern from a folder on, whose name is none."""
    folder = str(root.absolute())
    return literal_path(f"{folder}/{path}") if (root / path).exists() else f"{escaped(folder)}/{path}"


def files_of(source: Source, values_of: Callable[[str], Sequence[object]]) -> list[str]:
    """List the files to open, in a fixed order.

    Parameters
    ----------
    values_of
        Returns the values that the entity table holds of one of the source's join keys.

    Returns
    -------
    list of str
        Glob patterns or escaped paths.  Empty where the partitions asked for hold no file.

    Raises
    ------
    MissingInput
        If a partition that the entity table names, or all of the source, is not there.
    """
    parts = _pattern(source).split("/")
    for place, part in enumerate(parts):
        match = PARTITION.match(part)
        if match and match["key"] in source.keys and not _is_left_to_duckdb(source):
            base, rest = "/".join(parts[:place]), "/".join(parts[place + 1 :])
            return _partitions(source, base, rest, match["key"], values_of(match["key"]))
    return all_files(source)


def all_files(source: Source) -> list[str]:
    """List every file of a source, in a fixed order."""
    if _is_left_to_duckdb(source):
        return [source.path]
    files = [escaped(file) for file in _matches(source, _pattern(source)) if _is_complete(source, file.rpartition("/")[0])]
    if not files:
        raise MissingInput(f"view {source.view!r} has no files", where=source.path, hint="write the table before it is read")
    return files


def _is_left_to_duckdb(source: Source) -> bool:
    if not is_remote(source.path) or filesystem(source.path, source.options) is not None:
        return False
    if source.marker:
        raise InvalidInput(
            "no package for fsspec reads it", where=source.path, hint="install one, such as s3fs: markers must be looked for"
        )
    return True


def _pattern(source: Source) -> str:
    files = filesystem(source.path, source.options) if is_remote(source.path) else None
    if not (files.isdir(source.path) if files else Path(unescaped(source.path)).is_dir()):
        return source.path
    folder = escaped(source.path.rstrip("/")) if files else source.path.rstrip("/")
    names = (child.rpartition("/")[2].partition("=")[0] for child in _matches(source, f"{folder}/*=*"))
    key = next((name for name in names if name in source.keys), None)
    return f"{folder}/**/*.parquet" if key is None else f"{folder}/{key}=*/**/*.parquet"


def _partitions(source: Source, base: str, rest: str, key: str, values: Sequence[object]) -> list[str]:
    files: list[str] = []
    missing: list[object] = []
    stored: dict[object, list[str]] = {}
    for folder in _matches(source, f"{base}/{key}=*"):
        stored.setdefault(_meant(value_of(f"{folder}/", key), values), []).append(folder)
    for value in values:
        folders = [folder for folder in stored.get(value if isinstance(value, int) else str(value), []) if _is_complete(source, folder)]
        found = [escaped(file) for folder in folders for file in _matches(source, f"{escaped(folder)}/{rest}")]
        if not folders or not (found or source.marker):  # a marked partition may be empty, an unmarked one was never written
            missing.append(value)
        files += found
    if missing:
        raise MissingInput(f"view {source.view!r} has no partition for {key} {', '.join(map(str, missing))}", where=source.path, hint=HINT)
    return files


def _meant(value: str | None, values: Sequence[object]) -> object:
    """Return what a folder's value is compared as: a number where numbers are asked for, however it is padded."""
    return int(value) if value is not None and is_integer(value) and all(isinstance(other, int) for other in values) else value


def _matches(source: Source, pattern: str) -> list[str]:
    if is_remote(pattern):
        files = filesystem(pattern, source.options)
        assert files is not None  # noqa: S101 - for the type checker, such sources are left to DuckDB
        return sorted(map(files.unstrip_protocol, files.glob(pattern)))
    return sorted(glob(pattern, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern


def _is_complete(source: Source, folder: str) -> bool:
    if not source.marker:
        return True
    marker = f"{folder}/{source.marker}"
    files = filesystem(folder, source.options) if is_remote(folder) else None
    return bool(files.exists(marker)) if files else Path(marker).exists()
