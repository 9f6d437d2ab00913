"""Rows of one source, all or the latest of every key: what materialisation, saved data sets and monitoring read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hm_pipeline.features._job import translated
from hm_pipeline.features._joins import DUPLICATE
from hm_pipeline.features._remote import is_remote, mount
from hm_pipeline.features._rows import StatementJob
from hm_pipeline.features._schemas import read, stored_types
from hm_pipeline.features._sources import all_files, source_of
from hm_pipeline.features._sql_words import literal, quoted, within


@dataclass(frozen=True)
class Pull:
    """Which rows of a source are wanted.

    Parameters
    ----------
    columns
        Source columns, in the result's order.
    keys
        Keys of which the latest row is wanted; all rows where there are none.
    timestamp, created
        Source columns.
    first, last
        Period of the timestamp, ends included; open where not given.
    """

    columns: Sequence[str]
    timestamp: str
    created: str | None = None
    keys: Sequence[str] | None = None
    first: datetime | None = None
    last: datetime | None = None


class PullJob(StatementJob):
    """Rows of a source, those of the files in their order."""

    def __init__(self, connection: Any, stored: Any, pull: Pull, root: Path | None) -> None:
        super().__init__(connection, root=root, on_demand=[], full_names=False, metadata=None)
        self._source = source_of(stored, stored.name, (), root)
        if is_remote(self._source.path):
            mount(connection, self._source.path, self._source.options)
        self._sql = _statement(connection, self._source, pull)

    def _statement(self, *, ordered: bool) -> str:  # noqa: ARG002 - files are read in their order
        return self._sql

    def _guard(self, rows: int) -> None:
        """Nothing is promised about how many rows a source has."""

    def _translated(self, error: Exception) -> Exception:
        return translated(error, self._source.view)


def _statement(connection: Any, source: Any, pull: Pull) -> str:
    files = all_files(source)
    types = stored_types(connection, source.view, files, [*pull.columns, *(pull.keys or [])])
    period = within(quoted(pull.timestamp), types[pull.timestamp], pull.first, pull.last)
    names = ", ".join(quoted(column) for column in dict.fromkeys(pull.columns))
    rows = f"SELECT {names} FROM {read(files)} WHERE {period}"
    return rows if pull.keys is None else _latest(rows, source.view, pull, pull.keys)


def _latest(rows: str, view: str, pull: Pull, keys: Sequence[str]) -> str:
    """Keep the latest row of each key, and refuse to choose between two that tie."""
    stamps = [quoted(name) for name in (pull.timestamp, pull.created) if name]
    partition = f"PARTITION BY {', '.join(map(quoted, keys))} " if keys else ""
    window = f"({partition}ORDER BY {', '.join(f'{stamp} DESC NULLS LAST' for stamp in stamps)})"
    tied = " AND ".join(f"lead({stamp}) OVER latest IS NOT DISTINCT FROM {stamp}" for stamp in stamps)
    single = f"CASE WHEN {tied} THEN error({literal(DUPLICATE + view)}) ELSE true END"
    return f"SELECT * FROM ({rows}) WINDOW latest AS {window} QUALIFY row_number() OVER latest = 1 AND {single}"
