"""Which files of a source a retrieval has to open.

A folder ``key=<value>`` of the source's path is a hive partition.  Where the key is one of the view's join keys, only
the partitions that the entity table names are listed, the others are never touched.  The rest of the path is an
ordinary glob pattern.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from hm_pipeline.errors import MissingInput

PARTITION = re.compile(r"^(?P<key>[^=*?\[]+)=\*$")
REMEDY = "materialise it, or run `hm run --week` for it"


@dataclass(frozen=True)
class Source:
    """Where a view's rows are stored.

    Parameters
    ----------
    view
        Name of the view, for messages.
    path
        Absolute glob pattern, or a URI, which DuckDB resolves by itself.
    keys
        Join keys, by their names in the source.
    marker
        Name of the file that a whole partition holds; a folder without one does not count as stored.
    """

    view: str
    path: str
    keys: tuple[str, ...]
    marker: str | None = None


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
        If a partition that the entity table names, or the whole source, is not there.
    """
    if "://" in source.path:
        return [source.path]
    pattern = _pattern(source)
    parts = Path(pattern).parts
    for place, part in enumerate(parts):
        match = PARTITION.match(part)
        if match and match["key"] in source.keys:
            base, rest = str(Path(*parts[:place])), str(Path(*parts[place + 1 :]))
            return _partitions(source, base, rest, {match["key"]: values_of(match["key"])})
    return all_files(source)


def all_files(source: Source) -> list[str]:
    """List every file of a source, in a fixed order."""
    if "://" in source.path:
        return [source.path]
    pattern = _pattern(source)
    files = [_escaped(file) for file in _matches(pattern) if _is_whole(Path(file).parent, source.marker)]
    if not files:
        raise MissingInput(f"view {source.view!r} has no files", where=source.path, remedy="write the table before it is read")
    return files


def is_partitioned(files: Sequence[str]) -> bool:
    """Tell whether the folders of the files spell out columns."""
    return any("=" in part for file in files[:1] for part in Path(file).parts[:-1])


def _pattern(source: Source) -> str:
    folder = Path(source.path)
    if not folder.is_dir():
        return source.path
    partitions = (child.name.partition("=")[0] for child in sorted(folder.iterdir()) if "=" in child.name)
    key = next((key for key in partitions if key in source.keys), None)
    return str(folder / "**" / "*.parquet") if key is None else str(folder / f"{key}=*" / "**" / "*.parquet")


def _partitions(source: Source, base: str, rest: str, wanted: Mapping[str, Sequence[object]]) -> list[str]:
    ((key, values),) = wanted.items()
    files: list[str] = []
    missing: list[object] = []
    for value in values:
        folders = [folder for folder in _matches(f"{base}/{key}={value}") if _is_whole(Path(folder), source.marker)]
        if not folders:
            missing.append(value)
        for folder in folders:
            files += map(_escaped, _matches(f"{_escaped(folder)}/{rest}"))
    if missing:
        raise MissingInput(
            f"view {source.view!r} has no partition for {key} {', '.join(map(str, missing))}", where=source.path, remedy=REMEDY
        )
    return files


def _matches(pattern: str) -> list[str]:
    return sorted(glob(pattern, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern


def _escaped(path: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", path)


def _is_whole(folder: Path, marker: str | None) -> bool:
    return folder.is_dir() and (marker is None or (folder / marker).exists())
