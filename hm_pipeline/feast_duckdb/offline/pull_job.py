"""Rows of one source, all or the latest of every key: what materialisation, saved data sets and monitoring read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hm_pipeline.feast_duckdb.offline.files import Source, all_files, source_of
from hm_pipeline.feast_duckdb.offline.instants import in_order, instant, require_moment, within
from hm_pipeline.feast_duckdb.offline.jobs import StatementJob
from hm_pipeline.feast_duckdb.offline.joins import DUPLICATE
from hm_pipeline.feast_duckdb.offline.layout import layout_of
from hm_pipeline.feast_duckdb.offline.point_in_time_job import translated
from hm_pipeline.feast_duckdb.offline.remote_files import is_remote, mount
from hm_pipeline.feast_duckdb.offline.schemas import Types, is_mixed, stored_types
from hm_pipeline.feast_duckdb.offline.sql_text import literal, quoted


@dataclass(frozen=True)
class Pull:
    """Request for rows of a source.

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
        """Do nothing: a source may have any number of rows."""

    def _translated(self, error: Exception) -> Exception:
        return translated(error, self._source.view)


def _statement(connection: Any, source: Source, pull: Pull) -> str:
    files = all_files(source)
    layout = layout_of(source.path, files, {})
    types = stored_types(connection, source.view, files, [*pull.columns, *(pull.keys or [])], layout)
    stamps = [name for name in (pull.timestamp, pull.created) if name]
    for stamp in stamps:
        require_moment(stamp, types[stamp], f"view {source.view!r}")
    period = within(quoted(pull.timestamp), types[pull.timestamp], pull.first, pull.last)
    names = ", ".join(
        f"{instant(quoted(column), types[column])} AS {quoted(column)}" if column in stamps else quoted(column)
        for column in dict.fromkeys(pull.columns)
    )
    latest = _latest(source.view, pull, types, pull.keys) if pull.keys is not None else ""
    return f"SELECT {names} FROM {layout.read(files, is_mixed=is_mixed(connection, source.view, files, layout))} t WHERE {period}{latest}"


def _latest(view: str, pull: Pull, types: Types, keys: Sequence[str]) -> str:
    """Return the clause that keeps the latest row of each key, by its instant, and refuses to choose between two that tie."""
    stamps = [part for name in (pull.timestamp, pull.created) if name for part in in_order(f"t.{quoted(name)}", types[name])]
    partition = f"PARTITION BY {', '.join(f't.{quoted(key)}' for key in keys)} " if keys else ""
    window = f"({partition}ORDER BY {', '.join(f'{stamp} DESC NULLS LAST' for stamp in stamps)})"
    tied = " AND ".join(f"lead({stamp}) OVER {window} IS NOT DISTINCT FROM {stamp}" for stamp in stamps)
    single = f"CASE WHEN {tied} THEN error({literal(DUPLICATE + view)}) ELSE true END"
    return f" QUALIFY row_number() OVER {window} = 1 AND {single}"
