"""What is known of a view before it is joined, and whether that can be done partition by partition."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

from hm_pipeline.features._entities import Entities
from hm_pipeline.features._schemas import Types
from hm_pipeline.features._types import INTEGERS

MOST_PARTITIONS = 100  # each is a part of the statement
FEWEST_ROWS = 10_000  # of a partition, mean; below, opening its files takes longer than a larger hash table


@dataclass(frozen=True)
class ViewPlan:
    """How one view is read and joined.

    Parameters
    ----------
    view
        Name of the view.
    way
        How its row is found, see above.
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
    rows: dict[str, int] | None = None

    @property
    def most_rows(self) -> int:
        """How many rows may be read; none where that is not known."""
        return sum(self.rows[file] for file in self.files) if self.rows else 0

    def is_partitioned_by(self, column: str) -> bool:
        """Tell whether each file holds one value of an entity column, in whole numbers, as its folder says."""
        return self.way == "exact" and bool(self.files) and all(self._value(file, column) is not None for file in self.files)

    def of_partition(self, column: str, value: object) -> "ViewPlan":
        """Return the plan for the rows that hold a value of an entity column."""
        return replace(self, files=[file for file in self.files if self._value(file, column) == value])

    def _value(self, file: str, column: str) -> int | None:
        for key, asked in self.keys.items():
            found = re.search(f"/{re.escape(key)}=(-?[0-9]+)/", file) if asked == column and self.types[key] in INTEGERS else None
            if found:
                return int(found[1])
        return None


def shared_partition(entities: Entities, plans: Sequence[ViewPlan]) -> str | None:
    """Return the entity column by which views are partitioned, nothing where to join them partition by partition is no gain."""
    for column in entities.types:
        if entities.is_integer(column) and any(plan.is_partitioned_by(column) for plan in plans):
            most = min(MOST_PARTITIONS, entities.rows // FEWEST_ROWS)
            return column if entities.is_complete(column) and 1 < len(entities.values(column)) <= most else None
    return None
