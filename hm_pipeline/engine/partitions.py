"""Partitions of all steps over one home: their fingerprints, what is stored of them, and whether it is current.

A partition's fingerprint is a digest of the code, the parameters and the fingerprints of what it reads.  It is
known before anything runs.  Nothing is computed here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Self

from hm_pipeline.base.columns import BUYERS, EVERYONE
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.dimension import BEGINNING, digest_at
from hm_pipeline.engine.fingerprint import short_hash
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.min_history import AUDIENCE
from hm_pipeline.engine.model_runs import chosen as chosen_run
from hm_pipeline.engine.partition_files import UNPARTITIONED, Manifest
from hm_pipeline.engine.step import Dependency, Step, model_name

TRANSACTIONS = "transactions"  # partition w holds what happened in w; every other table holds what was known at its cutoff


@dataclass
class Partitions:
    """All steps in an order that puts what is read first, over one home.

    Parameters
    ----------
    audiences
        Kind of audience asked for by week; where nothing is asked, the serving week gets everyone and the weeks
        before it their buyers.
    """

    steps: Mapping[str, Step]
    home: Home
    settings: Settings
    audiences: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.calendar = self.home.calendar
        self._fingerprints: dict[tuple[str, int], str] = {}
        self._prefixes: dict[str, dict[int, str]] = {}

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle with its own steps, each of which can be pickled."""
        return type(self), (dict(self.steps), Home(self.home.root), self.settings, dict(self.audiences))

    def around(self, name: str) -> Self:
        """Return the graph of one step and of what it reads and was fitted: all that its body needs, and all that must travel.

        Steps that are only read are sent as contracts, so that bodies that cannot be pickled do not stop the others.
        """
        step = self.steps[name]
        near = {read.name: self.steps[read.name] for read in step.reads} | ({step.model: self.steps[step.model]} if step.model else {})
        kept = {other: found.unmade() for other, found in near.items() if other != name}
        return type(self)({**kept, name: step}, self.home, self.settings, self.audiences)

    # Fingerprints ----------------------------------------------------------------------------------------------

    def fingerprint(self, name: str, week_id: int) -> str:
        """Return what the partition's fingerprint must be to be current."""
        step = self.steps[name]
        week_id = self.partition_week(step, week_id)
        key = (name, week_id)
        if key not in self._fingerprints:
            # Weeks are walked upwards, so that a state built on the week before does not recurse through years.
            for week in range(self.calendar.first_week, week_id) if any(r.name == name for r in step.reads) else ():
                self._fingerprints.setdefault((name, week), self._compute(step, week))
            self._fingerprints[key] = self._compute(step, week_id)
        return self._fingerprints[key]

    def _compute(self, step: Step, week_id: int) -> str:
        if step.is_ingested:
            manifest = Manifest.load(self.folder(step.name, week_id))
            return manifest.fingerprint if manifest else "absent"
        if step.name == AUDIENCE:
            return self.audience_of(week_id)
        if chosen := self.chosen_run(step, week_id):
            return chosen.fingerprint
        return self.newest_fingerprint(step, week_id)

    def chosen_run(self, step: Step, week_id: int) -> Manifest | None:
        """Return the manifest of the run that somebody chose for a model's fit week, nothing where nobody did."""
        return chosen_run(self.home.fits(model_name(step.name), week_id)) if step.kind == "model" else None

    def newest_fingerprint(self, step: Step, week_id: int) -> str:
        """Return the fingerprint of what would be made of today's inputs, code and settings."""
        values = [getattr(self.settings, name) for name in step.settings]
        reads = [self._read_fingerprint(read, week_id) for read in step.reads if read.name != AUDIENCE]
        model = [self.fingerprint(step.model, week_id)] if step.model else []
        return short_hash(step.version(), sorted(step.parameters.items()), values, *reads, *model)

    def _read_fingerprint(self, read: Dependency, week_id: int) -> str:
        if self.steps[read.name].kind == "dimension":
            return self._known(read.name, None if week_id == UNPARTITIONED else week_id + read.last)
        if self.steps[read.name].kind == "static":
            return self.fingerprint(read.name, UNPARTITIONED)
        span = self.weeks_read(read, week_id)
        if read.first is None:
            return self._prefix(read.name, span.stop)
        return short_hash(*(f"{week} {self.fingerprint(read.name, week)}" for week in span))

    def weeks_read(self, read: Dependency, week_id: int) -> range:
        """Return the weeks of a table that are read for a week; how many are enough depends on what was sold in them."""
        if read.enough and self.settings.label_weeks:
            read = replace(read, first=-self.settings.label_weeks, enough=None)
        return read.weeks(week_id, self.calendar.first_week, self._units)

    def _units(self, week_id: int) -> int:
        manifest = Manifest.load(self.home.folder(TRANSACTIONS, week_id))
        return manifest.rows if manifest else 0

    def _known(self, name: str, week_id: int | None) -> str:
        """Return a digest of the rows of a dimension that were known at a week."""
        manifest = Manifest.load(self.folder(name, UNPARTITIONED))
        if manifest is None:
            return "absent"
        return short_hash(*digest_at(manifest.versions or {BEGINNING: manifest.fingerprint}, week_id))

    def _prefix(self, name: str, stop: int) -> str:
        """Return a digest over all weeks before ``stop``, each step on top of the last one's."""
        known = self._prefixes.setdefault(name, {self.calendar.first_week: ""})
        for week in range(max(known), stop):
            known[week + 1] = short_hash(known[week], self.fingerprint(name, week))
        return known[max(stop, self.calendar.first_week)]

    def day(self, week_id: int) -> str:
        """Return the first day of a week, which is its partition key; nothing for what has no weeks."""
        return "" if week_id == UNPARTITIONED else self.calendar.key(week_id)

    # Audiences -------------------------------------------------------------------------------------------------

    def audience_kind(self, week_id: int) -> str:
        """Return who a week is for: what was asked, else everyone in the serving week and buyers before it."""
        return self.audiences.get(week_id, EVERYONE if week_id == self.calendar.last_week else BUYERS)

    def audience_of(self, week_id: int) -> str:
        """Return the audience's kind and what it is drawn from."""
        kind = self.audience_kind(week_id)
        return self._everyone(week_id) if kind == EVERYONE else f"{kind}:{self.fingerprint(TRANSACTIONS, week_id)}"

    def _everyone(self, week_id: int) -> str:
        return f"{EVERYONE}:{self._known('customers', week_id)}"

    def _serves(self, stored: str, week_id: int) -> bool:
        return stored in (self.audience_of(week_id), self._everyone(week_id))

    # What is stored ----------------------------------------------------------------------------------------------

    def folder(self, name: str, week_id: int) -> Path:
        """Return the folder of a partition."""
        step = self.steps[name]
        if step.kind == "model":
            return self.home.model(model_name(name), step.fit_week(week_id, self.calendar))
        return self.home.folder(name, week_id if step.is_weekly else None)

    def is_current(self, name: str, week_id: int) -> bool:
        """Return whether the stored partition is what would be made now, for an audience that covers the one asked."""
        manifest = Manifest.load(self.folder(name, week_id))
        step = self.steps[name]
        if manifest is None or not manifest.is_complete(self.folder(name, week_id)):
            return False
        if name == AUDIENCE:
            return self._serves(manifest.audience, week_id)
        covered = not step.is_sharded or self._serves(manifest.audience, week_id)
        return covered and manifest.fingerprint == self.fingerprint(name, week_id)

    def evaluates_unknown_week(self, name: str, week_id: int) -> bool:
        """Return whether a step evaluates or labels a week whose purchases are not all known, be some of its days ingested or not."""
        return name in self._evaluates and self.calendar.last_week <= week_id and not self._serves_everyone(name, week_id)

    @cached_property
    def _evaluates(self) -> set[str]:
        """Steps that use the purchases of the week itself, or what was made of them."""
        found: set[str] = set()
        for name, step in self.steps.items():
            used = {read.name for read in step.reads if read.last >= 0}
            if step.kind in ("weekly", "model") and (TRANSACTIONS in used or used & found - {AUDIENCE}):
                found.add(name)
        return found

    def _serves_everyone(self, name: str, week_id: int) -> bool:
        return name == AUDIENCE and self.audience_kind(week_id) == EVERYONE

    def unknown(self, week_id: int) -> str:
        """Return the reason why a week is not evaluated."""
        return f"the purchases of the week of {self.calendar.key(week_id)} are not all known"

    def is_stored(self, name: str, week_id: int) -> bool:
        """Return whether all files of a partition are there, current or not."""
        manifest = Manifest.load(self.folder(name, week_id))
        return manifest is not None and manifest.is_complete(self.folder(name, week_id))

    def partition_week(self, step: Step, week_id: int) -> int:
        """Return the week whose partition of a step serves a week."""
        return step.fit_week(week_id, self.calendar) if step.is_weekly else UNPARTITIONED
