"""Reads of a step: which weeks of which tables its body may open."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Dependency:
    """Weeks of another table that a step reads, as offsets from its own week; ``first=None`` is since the beginning.

    Parameters
    ----------
    of_audience
        Only rows of the shard's customers are read.
    enough, least
        Units sold in the weeks that are read, after which no older week is; at least so many weeks.  Without ``enough`` all of
        ``first`` to ``last`` are read.
    warm_up
        First weeks of the data that are never read.
    """

    name: str
    first: int | None = 0
    last: int = 0
    of_audience: bool = False
    enough: int | None = None
    least: int = 0
    warm_up: int = 0

    def weeks(self, week_id: int, first_week: int, units: Callable[[int], int] | None = None) -> range:
        """Return the weeks that are read for one week.

        Parameters
        ----------
        units
            Returns the units sold in a week; without it only the weeks that are read in any case are returned.
        """
        first, stop = first_week if self.first is None else week_id + self.first, week_id + self.last + 1
        first = max(first, first_week + self.warm_up)
        if self.enough is None:
            return range(first, stop)
        start, sold = stop, 0
        while start > first and (stop - start < self.least or (units is not None and sold < self.enough)):
            start -= 1
            sold += units(start) if units else 0
        return range(start, stop)


def at(name: str, *, back: int = 0, of_audience: bool = False) -> Dependency:
    """Read a table at the week itself, and so many weeks back."""
    return Dependency(name, -back, 0, of_audience)


def after(name: str) -> Dependency:
    """Read a dimension as it was known when the week had passed: what was bought in it is described, be it new or not."""
    return Dependency(name, 0, 1)


def before(name: str, weeks: int | None = None, *, of_audience: bool = False) -> Dependency:
    """Read a table before the week, all of it or the last so many weeks."""
    return Dependency(name, None if weeks is None else -weeks, -1, of_audience)


def newest(name: str, *, enough: int, least: int, most: int, warm_up: int = 0) -> Dependency:
    """Read a table in the weeks before the week, newest first, until so many units were sold in them: ``least`` to ``most`` weeks."""
    return Dependency(name, -most, -1, enough=enough, least=least, warm_up=warm_up)


def merge_dependencies(reads: Iterable[Dependency]) -> list[Dependency]:
    """Return one read per table and audience that covers all reads of it."""
    found: dict[tuple[str, bool], Dependency] = {}
    for read in reads:
        other = found.get((read.name, read.of_audience), read)
        firsts = (read.first, other.first)
        first = None if None in firsts else min(offset for offset in firsts if offset is not None)
        found[read.name, read.of_audience] = Dependency(read.name, first, max(read.last, other.last), read.of_audience)
    return list(found.values())
