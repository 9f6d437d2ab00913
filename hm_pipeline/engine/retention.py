"""Retention: what is old and needed by nothing that is kept leaves a home.

Purchases, articles and customers stay, and so does what was served and how it was evaluated, which nothing could make again.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hm_pipeline.engine.min_history import upstream
from hm_pipeline.engine.model_runs import pointers_of, runs_of
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.step import model_name


@dataclass(frozen=True)
class Removable:
    """Something that can leave: its folder, what it is, its first day, and its size in bytes."""

    folder: Path
    name: str
    week: str
    size: int


def removable(graph: Graph, keep_weeks: int, *, kept_tables: frozenset[str]) -> list[Removable]:
    """Return the partitions and runs of models that are older than so many weeks and that no week that is kept needs.

    Parameters
    ----------
    keep_weeks
        Weeks up to the serving week, it included, that stay with all that they read; the week after it finds what it will read.
    kept_tables
        Tables that stay whole.
    """
    calendar = graph.calendar
    kept = range(max(calendar.last_week - keep_weeks + 1, calendar.first_week), calendar.last_week + 2)
    needed = _needed(graph, kept)
    found = []
    for name, step in graph.steps.items():
        if step.kind == "weekly" and name not in kept_tables:
            weeks = [week for week in calendar.weeks if (name, week) not in needed]
            found += [(graph.folder(name, week), name, week) for week in weeks if Manifest.load(graph.folder(name, week))]
        elif step.kind == "model":
            found += [(folder, name, week) for folder, week in _runs(graph, name, {week for other, week in needed if other == name})]
    return [Removable(folder, name, calendar.key(week), _size(folder)) for folder, name, week in found]


def remove(found: Removable) -> None:
    """Remove a partition or a run; its manifest goes first, so that a half removed one does not count as there."""
    (found.folder / "manifest.json").unlink(missing_ok=True)
    shutil.rmtree(found.folder)


def _needed(graph: Graph, weeks: range) -> set[tuple[str, int]]:
    """Return what is kept: everything of the weeks, and the partitions that these read."""
    needed = {(name, graph.partition_week(step, week)) for name, step in graph.steps.items() for week in weeks if step.is_weekly}
    for name, week_id in tuple(needed):
        needed |= {
            (other, graph.partition_week(graph.steps[other], week))
            for other, week in upstream(graph.steps, graph.weeks_read, graph.steps[name], week_id)
            if week is not None
        }
    return needed


def _runs(graph: Graph, name: str, weeks: set[int]) -> Iterator[tuple[Path, int]]:
    """Yield the runs of a model that serve none of the weeks, and that nobody chose."""
    folder = graph.home.fits(model_name(name))
    used = {pointer.run for week, pointer in pointers_of(folder).items() if week in weeks or pointer.is_chosen}
    for run in runs_of(folder):
        if run.week_id not in weeks and run.place not in used:
            yield folder / run.place, run.week_id


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
