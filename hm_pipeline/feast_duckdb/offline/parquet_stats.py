"""Files that may hold a requested key, and the number of rows beside it, by the statistics in the files' footers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from hm_pipeline.feast_duckdb.offline.entities import Entities, fetch
from hm_pipeline.feast_duckdb.offline.file_cache import cached_by_mtime
from hm_pipeline.feast_duckdb.offline.layout import listed, unescaped
from hm_pipeline.feast_duckdb.offline.remote_files import is_remote
from hm_pipeline.feast_duckdb.offline.schemas import Types
from hm_pipeline.feast_duckdb.offline.sql_text import literal
from hm_pipeline.feast_duckdb.offline.types import INTEGERS

RowGroup = tuple[str, int, dict[str, tuple[int, int]]]  # file, rows, and each key's least and greatest value


def rows_by_file(entities: Entities, files: Sequence[str], keys: Mapping[str, str], types: Types) -> dict[str, int] | None:
    """Return the rows of the row groups that may hold a key asked for, by file; files without any are left out.

    Parameters
    ----------
    keys
        Entity column by source column.

    Returns
    -------
    dict or None
        Nothing where the footers are far away, or have no statistics of the keys.
    """
    integers = {key: column for key, column in keys.items() if types.get(key) in INTEGERS and entities.is_integer(column)}
    spans = {key: entities.span(column) for key, column in integers.items()}
    if not spans or None in spans.values() or any(map(is_remote, files)):
        return None
    groups = cached_by_mtime(f"row groups by {sorted(spans)}", files, lambda: _row_groups(entities.connection, files, list(spans)))
    rows: Counter[str] = Counter()
    for file, count, held in groups or ():
        if all(low <= spans[key][1] and spans[key][0] <= high for key, (low, high) in held.items()):  # type: ignore[index]
            rows[file] += count
    return dict(rows) if groups is not None else None


def _row_groups(connection: Any, files: Sequence[str], keys: Sequence[str]) -> list[RowGroup] | None:
    columns = "file_name, row_group_id, row_group_num_rows, path_in_schema, stats_min_value, stats_max_value"
    named = ", ".join(map(literal, keys))
    try:
        found = fetch(connection, f"SELECT {columns} FROM parquet_metadata({listed(files)}) WHERE path_in_schema IN ({named})")
    except duckdb.Error:  # reading the rows raises with the fault
        return None
    patterns = {unescaped(file): file for file in files}
    groups: dict[tuple[str, int], RowGroup] = {}
    for file, number, rows, key, low, high in found:
        _, _, held = groups.setdefault((file, number), (patterns[file], rows, {}))
        if low is not None and high is not None:
            held[key] = (int(low), int(high))
    counted = {file for file, _ in groups}
    return list(groups.values()) if counted == patterns.keys() else None
