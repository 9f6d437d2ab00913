"""First week that can be made: models need weeks of data before them, and an evaluated week its own purchases.

Answers from what the steps declare and from the calendar alone; nothing on disk is looked at.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.errors import UnknownWeek
from hm_pipeline.engine.step import Dependency, Step

AUDIENCE = "audience"
FURTHEST = 520  # weeks ahead that are looked at


def upstream(
    steps: Mapping[str, Step], weeks_read: Callable[[Dependency, int], range], step: Step, week_id: int
) -> list[tuple[str, int | None]]:
    """Return the partitions that one reads, and the model's week it was asked for; tables without weeks have none."""
    found: list[tuple[str, int | None]] = [(step.model, week_id)] if step.model else []
    for read in step.reads:
        weeks: Iterable[int | None] = weeks_read(read, week_id) if steps[read.name].is_weekly else [None]
        found += [(read.name, week) for week in weeks]
    return found


@dataclass
class WarmUp:
    """Weeks of history that a step needs, before its week and of it.

    Parameters
    ----------
    steps
        The graph.
    calendar
        Weeks of the data.
    """

    steps: Mapping[str, Step]
    calendar: Calendar
    _known: dict[tuple[str, int], int | None] = field(default_factory=dict)

    def too_early(self, targets: Sequence[tuple[str, int]]) -> UnknownWeek:
        """Return the refusal of targets of which one comes too early, with the first week that can be made; always the same one."""
        weekly = [(name, week) for name, week in dict.fromkeys(targets) if self.steps[name].is_weekly]
        short = [(name, week) for name, week in weekly if self._last_read(name, week) is None]
        firsts = {target: self._first(*target) for target in short}
        places = list(self.steps)
        name, week = min(short, key=lambda target: (-firsts[target], target[1], places.index(target[0])))
        first, calendar = firsts[name, week], self.calendar
        needed, held = first - calendar.first_week, calendar.last_week - calendar.first_week
        own = max((self._last_read(name, first) or 0) - first + 1, 0)  # of its own purchases, where it is evaluated by them
        if first + own > calendar.last_week:
            hint = f"no week of this data can be made: {needed + own} weeks of purchases are needed and {held} are there, ingest more"
        else:
            hint = f"the first week that can be made is {calendar.key(first)}"
        before = week - calendar.first_week
        return UnknownWeek(
            f"week {calendar.key(week)} has {before} weeks of data before it and needs {needed}",
            where=name,
            hint=hint,
        )

    def _first(self, name: str, week_id: int) -> int:
        """Return the first week after one that nothing is short of."""
        return next(
            (week for week in range(week_id + 1, week_id + FURTHEST) if self._last_read(name, week) is not None), week_id + FURTHEST
        )

    def _last_read(self, name: str, week_id: int) -> int | None:
        """Return the last week of purchases that a partition is made of; none where a model would come before its warm-up."""
        if (name, week_id) not in self._known:
            self._known[name, week_id] = self._walked(name, week_id)
        return self._known[name, week_id]

    def _least_read(self, read: Dependency, week_id: int) -> range:
        return read.weeks(week_id, self.calendar.first_week)

    def _walked(self, name: str, week_id: int) -> int | None:
        found, pending, last = set[tuple[str, int]](), [(name, week_id)], self.calendar.first_week - 1
        while pending:
            one = pending.pop()
            step = self.steps[one[0]]
            if one in found or not step.is_weekly:
                continue
            found.add(one)
            week = step.fit_week(one[1], self.calendar)
            if week > one[1]:
                return None
            for other, read in upstream(self.steps, self._least_read, step, week):
                if read is None:
                    continue
                if self.steps[other].is_ingested and step.name != AUDIENCE:  # an audience can be everyone
                    last = max(last, read)
                pending.append((other, read))
        return last
