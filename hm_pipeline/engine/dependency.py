"""Reads of a step: which weeks of which tables its body may open."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Dependency:
    """Weeks of another table that a step reads, as offsets from its own week; ``first=None`` is since the beginning.

    Parameters
    ----------
    of_audience
        Only rows of the shard's customers are read.
    """

    name: str
    first: int | None = 0
    last: int = 0
    of_audience: bool = False

    def weeks(self, week_id: int, first_week: int) -> range:
        """Return the weeks that are read for one week."""
        first = first_week if self.first is None else week_id + self.first
        return range(max(first, first_week), week_id + self.last + 1)


def at(name: str, *, back: int = 0, of_audience: bool = False) -> Dependency:
    """Read a table at the week itself, and so many weeks back."""
    return Dependency(name, -back, 0, of_audience)


def after(name: str) -> Dependency:
    """Read a dimension as it was known when the week had passed: what was bought in it is described, be it new or not."""
    return Dependency(name, 0, 1)


def before(name: str, weeks: int | None = None, *, of_audience: bool = False) -> Dependency:
    """Read a table before the week, all of it or the last so many weeks."""
    return Dependency(name, None if weeks is None else -weeks, -1, of_audience)


def merge_dependencies(reads: Iterable[Dependency]) -> list[Dependency]:
    """Return one read per table and audience that covers all reads of it."""
    found: dict[tuple[str, bool], Dependency] = {}
    for read in reads:
        other = found.get((read.name, read.of_audience), read)
        firsts = (read.first, other.first)
        first = None if None in firsts else min(offset for offset in firsts if offset is not None)
        found[read.name, read.of_audience] = Dependency(read.name, first, max(read.last, other.last), read.of_audience)
    return list(found.values())
