"""Partition columns from the folders of a source: those below its root name partitions, those above it are part of its address."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from glob import has_magic
from pathlib import Path
from urllib.parse import unquote

from hm_pipeline.feast_duckdb.offline.remote_files import is_remote
from hm_pipeline.feast_duckdb.offline.sql_text import literal, quoted
from hm_pipeline.feast_duckdb.offline.types import INTEGERS, TEXTS

FOLDER = re.compile(r"^(?P<key>[^=]+)=(?P<value>.*)$")
ESCAPES = re.compile(r"\[[*?\[]\]")  # of what would be a pattern otherwise
NULL = "__HIVE_DEFAULT_PARTITION__"
FILE = "\x01file"  # no column of a table that was ever written bears it


@dataclass(frozen=True)
class Layout:
    """Partition columns of a source.

    Parameters
    ----------
    keys
        Names of the columns that folders below the root spell out, outermost first.
    types
        DuckDB type of each.
    is_clear
        No folder above the root looks like a partition, so that DuckDB's own reading is right.
    """

    keys: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict, hash=False)
    is_clear: bool = True

    def read(self, files: Sequence[str], *, is_mixed: bool = False) -> str:
        """Return the table that files hold, as SQL.

        Parameters
        ----------
        is_mixed
            The files do not hold their columns in one type: each is read as the narrowest that holds all.
        """
        union = ", union_by_name = true" if is_mixed else ""
        if not self.keys or not self.is_clear:
            plain = f"read_parquet({listed(files)}, hive_partitioning = false{union}"
            return f"{plain})" if not self.keys else self._computed(f"{plain}, filename = {literal(FILE)})")
        types = ", ".join(f"{literal(key)}: {kind}" for key, kind in self.types.items())
        return f"read_parquet({listed(files)}, hive_partitioning = true, hive_types = {{{types}}}{union})"

    def _computed(self, table: str) -> str:
        """Return a table with the partition columns that its files' folders spell out below the root, in place of its own."""
        columns = []
        for key in self.keys:
            found = f"regexp_extract({quoted(FILE)}, {literal(f'.*/{re.escape(key)}=([^/]*)/')}, 1)"
            value = f"nullif(url_decode({found}), {literal(NULL)})"
            columns.append(f"CAST({value} AS {self.types[key]}) AS {quoted(key)}")
        left = ", ".join(map(literal, (*self.keys, FILE)))
        return f"(SELECT COLUMNS(lambda name: name NOT IN ({left})), {', '.join(columns)} FROM {table})"


def layout_of(pattern: str, files: Sequence[str], known: Mapping[str, str]) -> Layout:
    """Return the layout of a source.

    Parameters
    ----------
    pattern
        Absolute path, glob pattern or URI of the source, or the folder that holds it.
    files
        Its files, as patterns.
    known
        Types that keys of the entity table have: text stays text, and integers may have leading zeros.
    """
    parts = pattern.rstrip("/").split("/")
    count = next((place for place, part in enumerate(parts) if has_magic(ESCAPES.sub("", part))), None)
    if count is None:
        is_folder = bool(files) and len(files[0].split("/")) > len(parts)
        count = len(parts) if is_folder else len(parts) - 1
    example = files[0] if files else pattern
    folders = [match["key"] for part in example.split("/")[count:-1] if (match := FOLDER.match(part))]
    types = {key: _type(values_of(files, key), known.get(key, "")) for key in folders}
    return Layout(tuple(folders), types, not any("=" in part for part in parts[:count]))


def values_of(files: Sequence[str], key: str) -> list[str | None]:
    """Return the values of a key in the folders of files, decoded."""
    return [value_of(file, key) for file in files]


def _type(values: Sequence[str | None], asked: str) -> str:
    if asked in INTEGERS and all(value is None or is_integer(value) for value in values):
        return "BIGINT"
    return "VARCHAR" if asked in TEXTS else type_of(values)


def value_of(file: str, key: str) -> str | None:
    """Return the value of a key in its deepest folder, decoded.

    Examples
    --------
    >>> value_of("/a/week_id=5/b/week_id=07/f.parquet", "week_id"), value_of("/a/shop=N%C2%BA%201/f.parquet", "shop")
    ('07', 'Nº 1')
    """
    found = [part.partition("=")[2] for part in file.split("/")[:-1] if part.partition("=")[0] == key and "=" in part]
    return None if not found or found[-1] == NULL else unquote(unescaped(found[-1]))


def type_of(values: Sequence[str | None]) -> str:
    """Return the DuckDB type that partition values are read as; numbers with leading zeros are texts.

    Examples
    --------
    >>> type_of(["7", "-12"]), type_of(["07", "12"]), type_of(["2020-09-23"])
    ('BIGINT', 'VARCHAR', 'DATE')
    """
    known = {value for value in values if value is not None}
    if known and all(re.fullmatch(r"0|-?[1-9][0-9]{0,17}", value) for value in known):
        return "BIGINT"
    kinds = {_moment_of(value) for value in known}
    return kinds.pop() if len(kinds) == 1 else "VARCHAR"


def is_integer(value: str) -> bool:
    """Return whether a partition value is an integer, leading zeros or not."""
    return re.fullmatch(r"-?[0-9]{1,18}", value) is not None


def listed(files: Sequence[str]) -> str:
    """Return a list of files as DuckDB writes it."""
    return f"[{', '.join(map(literal, files))}]"


def escaped(path: str) -> str:
    """Return a pattern that matches a path alone."""
    return re.sub(r"([*?\[])", r"[\1]", path)


def literal_path(path: str) -> str:
    """Return a pattern that matches a path alone where it is that of a file or a folder; other patterns as they are."""
    return escaped(path) if not is_remote(path) and has_magic(path) and Path(path).exists() else path


def unescaped(pattern: str) -> str:
    """Return the path that a pattern was made of."""
    return re.sub(r"\[([*?\[])\]", r"\1", pattern)


def _moment_of(value: str) -> str:
    with suppress(ValueError):
        if date.fromisoformat(value).isoformat() == value:
            return "DATE"
    with suppress(ValueError):
        if datetime.fromisoformat(value).isoformat(" ") == value:
            return "TIMESTAMP"
    return "VARCHAR"
