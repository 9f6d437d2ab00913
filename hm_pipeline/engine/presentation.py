"""Previews and checks of stored partitions, as the entries of steps carry them: functions that read and change nothing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

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
    def week(self) -> str:
        """Return its partition key, nothing where the step has no weeks."""
        return self.graph.day(self.week_id)

    @property
    def title(self) -> str:
        """Return the step's name, and the week where it has any."""
        return f"{self.step.name}, week {self.week}" if self.week else self.step.name

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
    expected, found
        What should be and what is, in words with their numbers: one can be read without the other.
    hint
        What to do about it.
    offending
        Rows that show what is wrong.
    notes
        More lines to show, by their titles.
    is_met
        Whether it passes, where what is expected is a range and not one value.
    is_mild
        A failure is a warning although the check's usually is an error.
    """

    expected: str
    found: str
    hint: str
    offending: pl.DataFrame = field(default_factory=pl.DataFrame)
    notes: Mapping[str, str] = field(default_factory=dict)
    is_met: bool | None = None
    is_mild: bool = False

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return self.expected == self.found if self.is_met is None else self.is_met


@dataclass(frozen=True)
class Check:
    """A check of a stored partition of a step.

    Parameters
    ----------
    find
        ``find(stored)`` reads the partition back and returns a :class:`Finding`.
    is_warning
        A failure is a warning: the rows may be used.
    is_blocking
        A failure that is no warning stops what reads the step in the same run, and ``hm``.
    is_on_request
        It runs where it is asked for by name, and never with a job.
    is_of_table
        It is of all that is stored of the step and has one result, whatever the weeks of a run.
    """

    name: str
    description: str
    find: Callable[[StoredPartition], Finding]
    is_warning: bool = False
    is_blocking: bool = False
    is_on_request: bool = False
    is_of_table: bool = False


def newest(graph: "Graph", step: "Step", last: int | None = None) -> StoredPartition | None:
    """Return the last stored partition of a step, up to a week where one is given; none where nothing is stored."""
    weeks = reversed(graph.calendar.weeks) if step.is_weekly else (UNPARTITIONED,)
    wanted = (week_id for week_id in weeks if last is None or week_id <= last)
    return next((found for week_id in wanted if (found := partition(graph, step, week_id))), None)


def partition(graph: "Graph", step: "Step", week_id: int) -> StoredPartition | None:
    """Return a stored partition of a step, that of the fit which serves the week where it is a model; none where it is not stored."""
    manifest = Manifest.load(graph.folder(step.name, week_id))
    return StoredPartition(step, graph, week_id, manifest) if manifest else None


def stored_rows(graph: "Graph", name: str, week_id: int) -> pl.LazyFrame:
    """Return the stored rows of a weekly table."""
    schema = graph.steps[name].schema
    assert schema is not None  # noqa: S101  only models have none
    return graph.home.weekly(name, schema).at(week_id)


def row_count(graph: "Graph", name: str, week_id: int) -> int:
    """Return the rows of a weekly table's partition, 0 where it is not stored."""
    manifest = Manifest.load(graph.home.folder(name, week_id)) if week_id >= graph.calendar.first_week else None
    return manifest.rows if manifest else 0
