"""Plan of a view: what is known before it is joined, and whether that can be done partition by partition."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from hm_pipeline.feast_duckdb.offline.entities import Entities
from hm_pipeline.feast_duckdb.offline.layout import Layout, is_integer, value_of
from hm_pipeline.feast_duckdb.offline.schemas import Types
from hm_pipeline.feast_duckdb.offline.types import INTEGERS

MOST_PARTITIONS = 100  # each is a part of the statement
FEWEST_ROWS = 10_000  # of a partition, mean; below, opening its files takes longer than a larger hash table


@dataclass(frozen=True)
class ViewPlan:
    """Plan of one view: how it is read and joined.

    Parameters
    ----------
    view
        Name of the view.
    way
        How its row is found, see ``_joins``.
    keys
        Entity column by source column.
    features
        Source column by result column.
    timestamp, created
        Source columns.
    ttl
        How long a row holds; forever where not given.
    files
        Files to read; none gives nulls of ``null_types``.
    types
        DuckDB type by source column.
    layout, is_mixed
        How the files are read.
    rows
        By file, rows of the row groups that may hold a key asked for; nothing where that is not known.
    """

    view: str
    way: Literal["exact", "asof", "known"]
    keys: dict[str, str]
    features: dict[str, str]
    timestamp: str
    created: str | None
    ttl: timedelta | None
    files: list[str]
    types: Types
    null_types: dict[str, str] = field(default_factory=dict)
    layout: Layout = field(default_factory=Layout)
    is_mixed: bool = False
    rows: dict[str, int] | None = None

    @property
    def table(self) -> str:
        """The files' rows, as SQL."""
        return self.layout.read(self.files, is_mixed=self.is_mixed)

    @property
    def most_rows(self) -> int:
        """Most rows that may be read; none where that is not known."""
        return sum(self.rows[file] for file in self.files) if self.rows else 0

    def files_by_value(self, column: str) -> dict[object, list[str]] | None:
        """Return the files by the value of an entity column in their folders, as integers; nothing where a folder has none."""
        key = next((key for key, asked in self.keys.items() if asked == column and self.types.get(key) in INTEGERS), None)
        if self.way != "exact" or not self.files or key not in self.layout.keys:
            return None
        files: dict[object, list[str]] = {}
        for file in self.files:
            value = value_of(file, key)
            if value is None or not is_integer(value):
                return None
            files.setdefault(int(value), []).append(file)
        return files


def shared_partition(entities: Entities, plans: Sequence[ViewPlan]) -> str | None:
    """Return the entity column by which views are partitioned, nothing where to join them partition by partition is no gain."""
    for column in entities.types:
        if entities.is_integer(column) and any(plan.files_by_value(column) for plan in plans):
            most = min(MOST_PARTITIONS, entities.rows // FEWEST_ROWS)
            return column if entities.is_complete(column) and 1 < len(entities.values(column)) <= most else None
    return None
