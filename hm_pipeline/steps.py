"""What one asset of the graph is, without Dagster: what it reads, what computes it, and what its result depends on.

``assets.py`` declares the steps; ``graph.py`` decides which of them are stale; ``runner.py`` carries one out.
"""

import ast
import hashlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import dataframely as dy

from hm_pipeline import weeks
from hm_pipeline.settings import Settings
from hm_pipeline.weeks import Calendar

Kind = Literal["raw", "static", "weekly", "model"]

# Changes here are seen in what is stored (contracts) or change nothing that is computed.
INFRASTRUCTURE = frozenset(
    "hm_pipeline." + name
    for name in (
        "boundary", "contracts", "errors", "settings", "weeks", "tables", "shards", "inputs", "steps", "graph", "runner",
        "features.drift", "features.units",  # they tell of features and compute none
    )
)  # fmt: skip


@dataclass(frozen=True)
class Reads:
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


def at(name: str, *, back: int = 0, of_audience: bool = False) -> Reads:
    """Read a table at the week itself, and so many weeks back."""
    return Reads(name, -back, 0, of_audience)


def before(name: str, weeks: int | None = None, *, of_audience: bool = False) -> Reads:
    """Read a table before the week, all of it or the last so many weeks."""
    return Reads(name, None if weeks is None else -weeks, -1, of_audience)


def merged(reads: Iterable[Reads]) -> list[Reads]:
    """Return one read per table and audience that covers all reads of it."""
    found: dict[tuple[str, bool], Reads] = {}
    for read in reads:
        other = found.get((read.name, read.of_audience), read)
        firsts = (read.first, other.first)
        first = None if None in firsts else min(offset for offset in firsts if offset is not None)
        found[read.name, read.of_audience] = Reads(read.name, first, max(read.last, other.last), read.of_audience)
    return list(found.values())


@dataclass(frozen=True)
class Week:
    """The week a body works for, with the kind of its audience and the model it declared."""

    week_id: int
    calendar: Calendar
    settings: Settings
    audience: str
    model: Any = None


@dataclass(frozen=True)
class Step:
    """One asset: its name, its contract, what it reads and what computes it.

    Parameters
    ----------
    body
        ``body(inputs, week)`` returns the table, or for a model an object with ``save(folder)``.
    code
        Modules whose sources the result depends on, with all that they import of this package.
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
    group, description
        Where and how the asset is shown.
    """

    name: str
    kind: Kind
    body: Callable[..., Any]
    schema: type[dy.Schema] | None = None
    reads: tuple[Reads, ...] = ()
    code: tuple[ModuleType | str, ...] = ()
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

    @property
    def is_ingested(self) -> bool:
        """Whether `hm ingest` writes it, so that no body makes it."""
        return self.kind == "raw" or (self.kind == "static" and not self.reads)

    def fit_week(self, week_id: int, calendar: Calendar) -> int:
        """Return the week whose partition serves a week: the fit week of a model, the week itself otherwise."""
        if self.kind != "model":
            return week_id
        return weeks.fit_week(week_id, first_week=calendar.first_week, every=self.every, warm_up=self.warm_up)

    def version(self) -> str:
        """Return a digest of the code and the contract the result depends on."""
        parts = [digest(module if isinstance(module, str) else module.__name__) for module in self.code]
        columns = [] if self.schema is None else [f"{name}:{type(kind).__name__}" for name, kind in self.schema.columns().items()]
        return short_hash(self.name, inspect.getsource(self.body), *parts, *columns)


def short_hash(*parts: object) -> str:
    """Return 16 hex digits over the texts of the parts."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


@cache
def digest(module: str) -> str:
    """Return a digest of a module's source and of all of this package that it imports, infrastructure apart."""
    seen: dict[str, str] = {}
    _collect(module, seen)
    return short_hash(*(f"{name} {text}" for name, text in sorted(seen.items())))


def _collect(module: str, seen: dict[str, str]) -> None:
    if module in seen or module in INFRASTRUCTURE:
        return
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        return
    source = Path(spec.origin).read_text()
    seen[module] = source
    for name in _imports(ast.parse(source)):
        _collect(name, seen)


def _imports(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules = {f"{node.module}.{alias.name}" for alias in node.names if _is_module(f"{node.module}.{alias.name}")}
            # `from package import module` depends on the module; the package's own list of modules decides nothing here.
            names.update(modules or {node.module})
    return {name for name in names if name.startswith("hm_pipeline.")}


def _is_module(name: str) -> bool:
    """Tell a module from a name inside one, importing packages at most: some modules take seconds."""
    parent = name.rpartition(".")[0]
    if not parent.startswith("hm_pipeline"):
        return False
    package = find_spec(parent) if parent == "hm_pipeline" or _is_module(parent) else None
    return package is not None and package.submodule_search_locations is not None and find_spec(name) is not None
