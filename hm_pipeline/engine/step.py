"""Steps of the graph, without Dagster: what each reads, what computes it, and what its result depends on.

``assets.py`` declares the steps; ``engine/plan.py`` decides which of them are stale; ``engine/materialize.py`` carries one out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, TypedDict

import dataframely as dy

from hm_pipeline.base import calendar as weeks
from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.dependency import Dependency, after, at, before, merge_dependencies, newest
from hm_pipeline.engine.fingerprint import Entry, code_digest, libraries_of, short_hash
from hm_pipeline.engine.presentation import Check, Preview

__all__ = [
    "Dependency",
    "Kind",
    "Step",
    "StepOptions",
    "WeekContext",
    "after",
    "at",
    "before",
    "merge_dependencies",
    "model_name",
    "newest",
    "short_hash",
]

Kind = Literal["raw", "dimension", "static", "weekly", "model"]


@dataclass(frozen=True)
class WeekContext:
    """The week a body works for, with the kind of its audience, the model it declared and the weeks of each table that it reads."""

    week_id: int
    calendar: Calendar
    settings: Settings
    audience: str
    model: Any = None
    reads: Mapping[str, range] = field(default_factory=dict)


class StepOptions(TypedDict, total=False):
    """Fields of a step beside its name and its body, as :class:`Step` describes them."""

    kind: Kind
    schema: type[dy.Schema]
    reads: tuple[Dependency, ...]
    settings: tuple[str, ...]
    every: int
    warm_up: int
    model: str
    load: Callable[[Path], Any]
    measure: Callable[..., dict[str, float]]
    is_sharded: bool
    group: str
    unit: str
    why: str
    grain: str
    previews: tuple[Preview, ...]
    questions: tuple[str, ...]
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Step:
    """One asset: its name, its contract, what it reads and what computes it.

    Parameters
    ----------
    body
        ``body(inputs, week)`` returns the table, or for a model an object with ``save(folder)``.
    code
        What the result depends on and the body does not name: functions and classes as they are, modules as they are or by name.
    settings
        Names of the settings that the result depends on.
    parameters
        Values that override keyword defaults; part of the fingerprint.
    every, warm_up
        Cadence of a model: refitted so often, and never before so many weeks of data.
    model, load
        Name of the model step whose fit the body is given in ``week.model``; for a model step, what reads its files.
    measure
        ``measure(inputs, week, table)`` returns the partition's own quality, read back after it is written.
    is_sharded
        The body runs once for each shard of the week's audience.
    group, description, unit, why, grain
        Where and how the asset is shown: what it is, the unit of its values, what it is good for, and what a row is where
        the contract has no key to show it.
    previews, questions, checks
        Pictures and tables shown beside a partition, the questions of the signals' evaluation whose metrics are shown
        beside it, and the checks of it that are not every table's.
    entry
        ``module:table`` that holds this very step by its name, by which it travels to another process.
    """

    name: str
    body: Callable[..., Any]
    kind: Kind = "weekly"
    schema: type[dy.Schema] | None = None
    reads: tuple[Dependency, ...] = ()
    code: tuple[Entry, ...] = ()
    settings: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    every: int = 1
    warm_up: int = 0
    model: str | None = None
    load: Callable[[Path], Any] | None = None
    measure: Callable[..., dict[str, float]] | None = None
    is_sharded: bool = False
    group: str = "data"
    description: str = ""
    unit: str = ""
    why: str = ""
    grain: str = ""
    previews: tuple[Preview, ...] = ()
    questions: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    entry: str = ""

    def __reduce__(self) -> tuple[object, ...]:
        """Travel by name where another process finds this very step there; else what differs from that one travels, or all of it."""
        stored = {part.name: getattr(self, part.name) for part in fields(self)}
        known = _entered(self.entry, self.name) if self.entry else None
        if known is self:
            return _entered, (self.entry, self.name)
        code = tuple(part.__name__ if isinstance(part, ModuleType) else part for part in self.code)
        changed = {name: value for name, value in stored.items() if known is None or value is not getattr(known, name)}
        changed |= {"code": code} if "code" in changed else {}
        return _assembled, (None if known is None else (self.entry, self.name), changed)

    @property
    def is_ingested(self) -> bool:
        """Whether `hm ingest` writes it, so that no body makes it."""
        return self.kind in ("raw", "dimension")

    @property
    def is_weekly(self) -> bool:
        """Whether it has a partition for each week."""
        return self.kind not in ("dimension", "static")

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Code that the result depends on: the body, what it does not name, and what reads a model's files."""
        return (self.body, *self.code, *([self.load] if self.load else []))

    def unmade(self) -> "Step":
        """Return it without what makes it: enough to be read, or loaded where it is a model."""
        if self.entry and _entered(self.entry, self.name) is self:
            return self
        return replace(self, body=_made_elsewhere, measure=None, code=(), parameters={}, previews=(), checks=(), entry="")

    def fit_week(self, week_id: int, calendar: Calendar) -> int:
        """Return the week whose partition serves a week: the fit week of a model, the week itself otherwise."""
        if self.kind != "model":
            return week_id
        return weeks.fit_week(week_id, first_week=calendar.first_week, every=self.every, warm_up=self.warm_up)

    def version(self) -> str:
        """Return a digest of the code and the contract the result depends on."""
        code = self.entries
        libraries = [f"{name} {version}" for name, version in libraries_of(*code).items()]
        columns = [] if self.schema is None else [f"{name}:{type(kind).__name__}" for name, kind in self.schema.columns().items()]
        return short_hash(self.name, code_digest(*code), *libraries, *columns)


def model_name(name: str) -> str:
    """Return the name of a model, whose step is ``model/<name>`` where a signal's table bears the same."""
    return name.removeprefix("model/")


def _made_elsewhere(*_: object) -> None:
    """Stand for the body of a step that is only read."""


def _entered(entry: str, name: str) -> Step | None:
    """Return the step of a name that a module keeps, as importing it gives it."""
    module, _, table = entry.partition(":")
    found: Step | None = getattr(import_module(module), table).get(name)
    return found


def _assembled(known: tuple[str, str] | None, changed: dict[str, Any]) -> Step:
    found = _entered(*known) if known else None
    return replace(found, **changed) if found else Step(**changed)
