"""Plans: the partitions to make for a request, and their order.

A plan is known before anything runs, so it can be shown first.  Nothing is computed here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.engine.min_history import AUDIENCE, WarmUp, upstream
from hm_pipeline.engine.partition_files import UNPARTITIONED, Manifest
from hm_pipeline.engine.partitions import TRANSACTIONS, Partitions
from hm_pipeline.engine.step import Step

__all__ = ["AUDIENCE", "TRANSACTIONS", "Graph", "Run", "contiguous"]


@dataclass(frozen=True)
class Run:
    """Steps that are made together for a range of weeks, both ends included."""

    steps: tuple[str, ...]
    first: int
    last: int


class Graph(Partitions):
    """All steps over one home, and the plans that make what is asked for."""

    def stale(self, targets: Iterable[tuple[str, int]], *, force: bool = False) -> dict[str, list[int]]:
        """Return the weeks of every step that must be made for the targets, steps in order.

        Raises
        ------
        UnknownWeek
            If a model would have to be fitted on weeks before the data begin.
        """
        return self._needed(targets, self.is_current, force=force)

    def missing(self, name: str, week_id: int) -> dict[str, list[int]]:
        """Return the weeks of every other step that a partition needs and that are not stored at all, steps in order.

        Raises
        ------
        UnknownWeek
            As :meth:`stale`.
        """
        found = self.unstored([(name, week_id)])
        itself = self.partition_week(self.steps[name], week_id)
        rest = {other: [week for week in weeks if (other, week) != (name, itself)] for other, weeks in found.items()}
        return {other: weeks for other, weeks in rest.items() if weeks}

    def unstored(self, targets: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
        """Return the targets, and the weeks of what they need that are not stored at all, steps in order; raises as :meth:`stale`."""
        return self._needed(targets, self.is_stored, force=True)

    def _needed(self, targets: Iterable[tuple[str, int]], is_done: Callable[[str, int], bool], *, force: bool) -> dict[str, list[int]]:
        """Walk from targets to what they read, past nothing that is done."""
        found: set[tuple[str, int]] = set()
        asked = list(dict.fromkeys(targets))  # in order, so that the same refusal is the same words
        forced, pending, is_early = set(asked), asked[::-1], False
        while pending:
            name, week_id = pending.pop()
            step = self.steps[name]
            fit_week = self.partition_week(step, week_id)
            if fit_week > week_id:
                is_early = True
                continue
            week_id = fit_week
            self._refuse_evaluation(step, week_id)
            redo = force and (name, week_id) in forced
            if (name, week_id) in found or (not redo and is_done(name, week_id)):
                continue
            if step.is_ingested:
                if step.kind == "dimension":
                    raise MissingInput("not there yet", where=name, hint="run `hm ingest FOLDER` first")
                if Manifest.load(self.folder(name, week_id)):
                    week = self.calendar.key(week_id)
                    raise MissingInput(f"files of week {week} are missing", where=str(self.folder(name, week_id)), hint="ingest them again")
                continue  # a week without sales has no partition of transactions
            found.add((name, week_id))
            pending += [
                (other, UNPARTITIONED if week is None else week) for other, week in upstream(self.steps, self.weeks_read, step, week_id)
            ]
        if is_early:
            raise WarmUp(self.steps, self.calendar).too_early(asked)
        order = [name for name in self.steps if any(name == stale for stale, _ in found)]
        return {name: sorted(week for stale, week in found if stale == name) for name in order}

    def _refuse_evaluation(self, step: Step, week_id: int) -> None:
        if self.evaluates_unknown_week(step.name, week_id):
            known = self.calendar.key(self.calendar.last_week - 1)
            raise MissingInput(self.unknown(week_id), where=step.name, hint=f"evaluate weeks up to {known}, or ingest the other days first")

    def runs(self, stale: Mapping[str, list[int]]) -> list[Run]:
        """Group stale partitions into runs over contiguous weeks, in an order that makes what is read first."""
        runs: list[Run] = []
        group: list[str] = []
        for name in [*stale, None]:
            if name is not None and (not group or stale[group[0]] == stale[name]):
                group.append(name)
                continue
            runs += [Run(tuple(group), first, last) for first, last in contiguous(stale[group[0]])] if group else []
            group = [] if name is None else [name]
        return runs


def contiguous(weeks: Iterable[int]) -> list[tuple[int, int]]:
    """Return the first and last of every unbroken range of weeks.

    Examples
    --------
    >>> contiguous([1, 2, 3, 7])
    [(1, 3), (7, 7)]
    """
    ranges: list[tuple[int, int]] = []
    for week in sorted(weeks):
        if ranges and week == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], week)
        else:
            ranges.append((week, week))
    return ranges
