"""Previews and checks of stored partitions, as the entries of steps carry them: functions that read and change nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl

from hm_pipeline.engine.partition_files import UNPARTITIONED, Manifest, scan_files

if TYPE_CHECKING:
    from pathlib import Path

    from hm_pipeline.engine.plan import Graph
    from hm_pipeline.engine.step import Step


@dataclass(frozen=True)
class Preview:
    """A picture or a table shown beside a partition.

    Parameters
    ----------
    title
        Title it is shown under.
    make
        ``make(graph, week_id)`` returns PNG or JPEG bytes, or a table in Markdown; none where nothing is stored that
        it would show.  The graph is only read; an error is a warning in the log of the run, never a failure.
    """

    title: str
    make: Callable[["Graph", int], bytes | str | None]


@dataclass(frozen=True)
class StoredPartition:
    """A stored partition of a step."""

    step: "Step"
    graph: "Graph"
    week_id: int
    manifest: Manifest

    @property
    def files(self) -> "list[Path]":
        """Return its files, one for each shard."""
        folder = self.graph.folder(self.step.name, self.week_id)
        return [folder / entry.file for entry in self.manifest.files]

    @property
    def table(self) -> pl.LazyFrame:
        """Return its rows."""
        return scan_files(self.files)


@dataclass(frozen=True)
class Finding:
    """Result of a check: it passes where what was found equals what was expected.

    Parameters
    ----------
    offending
        Rows that show what is wrong.
    hint
        What to do about it.
    notes
        More lines to show, by their titles.
    """

    expected: Any
    found: Any
    hint: str
    offending: pl.DataFrame = field(default_factory=pl.DataFrame)
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return bool(self.expected == self.found)


@dataclass(frozen=True)
class Check:
    """A check of a step's newest stored partition.

    Parameters
    ----------
    find
        ``find(stored)`` reads the partition back and returns a :class:`Finding`.
    is_warning
        A failure is a warning: the rows may be used.
    is_on_request
        It runs where it is asked for by name, and never with a job.
    """

    name: str
    description: str
    find: Callable[[StoredPartition], Finding]
    is_warning: bool = False
    is_on_request: bool = False


def newest(graph: "Graph", step: "Step") -> StoredPartition | None:
    """Return the last stored partition of a step, none where nothing is stored."""
    weeks = reversed(graph.calendar.weeks) if step.is_weekly else (UNPARTITIONED,)
    found = ((week_id, Manifest.load(graph.folder(step.name, week_id))) for week_id in weeks)
    return next((StoredPartition(step, graph, week_id, manifest) for week_id, manifest in found if manifest), None)


def stored_rows(graph: "Graph", name: str, week_id: int) -> pl.LazyFrame:
    """Return the stored rows of a weekly table."""
    schema = graph.steps[name].schema
    assert schema is not None  # noqa: S101  only models have none
    return graph.home.weekly(name, schema).at(week_id)


def row_count(graph: "Graph", name: str, week_id: int) -> int:
    """Return the rows of a weekly table's partition, 0 where it is not stored."""
    manifest = Manifest.load(graph.home.folder(name, week_id)) if week_id >= graph.calendar.first_week else None
    return manifest.rows if manifest else 0
