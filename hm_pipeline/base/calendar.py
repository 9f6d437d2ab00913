"""Calendar: Wednesday-to-Tuesday weeks, their cutoffs, and the roles of label weeks.

``week_id`` counts weeks since an epoch.  Everything known about week w was known before ``cutoff(w)``, its first
midnight.  No tables here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Self

from hm_pipeline.base.errors import MissingInput, UnknownWeek
from hm_pipeline.base.files import atomic_write

DAYS = 7
REFERENCE_EPOCH = date(2018, 9, 19)  # the Wednesday that makes Kaggle's last labelled week end on a Tuesday


@dataclass(frozen=True)
class Calendar:
    """The weeks of one data set.

    Parameters
    ----------
    epoch
        First day of week 0.
    first_week, last_week
        First week with data, and the serving week: the one right after the data end, or the one in which they end where
        not all of its days are there.
    last_day
        Last day with a purchase, where it is known.

    Examples
    --------
    >>> REFERENCE.week_of(date(2020, 9, 22)), REFERENCE.start(105), len(REFERENCE.partition_keys)
    (104, datetime.date(2020, 9, 23), 106)
    """

    epoch: date = REFERENCE_EPOCH
    first_week: int = 0
    last_week: int = 105
    last_day: date | None = None

    def week_of(self, day: date) -> int:
        """Return the week a day falls in."""
        return (day - self.epoch).days // DAYS

    def start(self, week_id: int) -> date:
        """Return the first day of a week."""
        return self.epoch + timedelta(days=DAYS * week_id)

    def cutoff(self, week_id: int) -> datetime:
        """Return the moment before which everything known about a week was known: its start, 00:00 UTC."""
        return datetime.combine(self.start(week_id), datetime.min.time(), tzinfo=UTC)

    def key(self, week_id: int) -> str:
        """Return a week's Dagster partition key, its start date."""
        return self.start(week_id).isoformat()

    @property
    def weeks(self) -> range:
        """All weeks, the serving week included."""
        return range(self.first_week, self.last_week + 1)

    @property
    def partition_keys(self) -> list[str]:
        """Partition keys of all weeks."""
        return [self.key(week_id) for week_id in self.weeks]

    @property
    def cut_short(self) -> str:
        """Sentence that names the last day of the data, if that is within the serving week; else nothing."""
        if self.last_day is None or self.week_of(self.last_day) != self.last_week:
            return ""
        day, first = (self.last_day - self.start(self.last_week)).days + 1, self.key(self.last_week)
        return (
            f"The data end on {self.last_day:%A} {self.last_day}, day {day} of the week of {first}: "
            "it is the serving week until the other days are ingested"
        )

    def parse(self, text: str) -> int:
        """Read a week from its start date.

        Raises
        ------
        UnknownWeek
            If the text is no date, starts no week, or lies outside the data.
        """
        span = f"{self.key(self.first_week)} to {self.key(self.last_week)}"
        try:
            day = date.fromisoformat(text)
        except ValueError as error:
            raise UnknownWeek(f"{text!r} is not a date", where="week", hint=f"give the first day of a week, {span}") from error
        week_id = self.week_of(day)
        if week_id not in self.weeks:
            raise UnknownWeek(f"week {text} lies outside the data", where="calendar", hint=f"choose one from {span}")
        if self.start(week_id) != day:
            raise UnknownWeek(f"no week starts on {text}", where="calendar", hint=f"did you mean {self.key(week_id)}?")
        return week_id

    def save(self, path: str | Path) -> None:
        """Write the calendar as JSON, atomically."""
        fields = {"epoch": self.epoch.isoformat(), "first_week": self.first_week, "last_week": self.last_week}
        fields |= {"last_day": self.last_day.isoformat()} if self.last_day else {}
        atomic_write(Path(path), lambda temporary: temporary.write_text(json.dumps(fields, indent=1) + "\n"))

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a calendar that :meth:`save` wrote."""
        path = Path(path)
        if not path.exists():
            raise MissingInput("no data ingested yet", where=str(path.parent), hint="run `hm ingest FOLDER` first")
        fields = json.loads(path.read_text())
        last_day = date.fromisoformat(fields["last_day"]) if "last_day" in fields else None  # homes of before know none
        return cls(date.fromisoformat(fields["epoch"]), fields["first_week"], fields["last_week"], last_day)


REFERENCE = Calendar()


@dataclass(frozen=True)
class LabelWeeks:
    """Roles of the labelled weeks before a target week: fit, metric, blend.

    The members are fitted on all but the last two, compared on the last but one and blended on both, so that nothing is
    chosen on the data it was fitted on.
    """

    fit: tuple[int, ...]
    metric: int
    blend: int

    @property
    def all(self) -> tuple[int, ...]:
        """All of them, oldest first; the final members are fitted on them, with the settings frozen."""
        return (*self.fit, self.metric, self.blend)


def label_weeks(weeks: Sequence[int]) -> LabelWeeks:
    """Return the roles of label weeks, oldest first.

    Examples
    --------
    >>> label_weeks(range(101, 105))
    LabelWeeks(fit=(101, 102), metric=103, blend=104)
    """
    return LabelWeeks(tuple(weeks[:-2]), weeks[-2], weeks[-1])


def fit_week(week_id: int, *, first_week: int, every: int, warm_up: int = 0) -> int:
    """Return the week whose fit serves ``week_id`` when a model is refitted ``every`` so many weeks.

    Parameters
    ----------
    warm_up
        Weeks of data that a fit needs before it; no fit week comes earlier.

    Examples
    --------
    >>> fit_week(105, first_week=0, every=4), fit_week(9, first_week=0, every=13, warm_up=6)
    (104, 6)
    """
    return max(week_id - (week_id - first_week) % every, first_week + warm_up)
