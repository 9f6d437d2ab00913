"""The entity table that is meant where none is given: the keys a period has seen, as of its end."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from feast.utils import compute_non_entity_date_range

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.feast_duckdb.offline.entity_input import DEFAULT_TIMESTAMP
from hm_pipeline.feast_duckdb.offline.feast_plan import join_keys
from hm_pipeline.feast_duckdb.offline.files import all_files, source_of
from hm_pipeline.feast_duckdb.offline.instants import require_moment, within
from hm_pipeline.feast_duckdb.offline.layout import layout_of
from hm_pipeline.feast_duckdb.offline.remote_files import is_remote, mount
from hm_pipeline.feast_duckdb.offline.schemas import is_mixed, stored_types
from hm_pipeline.feast_duckdb.offline.sql_text import quoted


def keys_in_range(connection: Any, views: Sequence[Any], root: Path | None, start: datetime | None, end: datetime | None) -> str:
    """Return a statement that gives every key seen in a period, sorted, with the period's end as its moment.

    Parameters
    ----------
    start, end
        Both included; Feast's defaults where not given.

    Raises
    ------
    InvalidInput
        If the views have different keys: which keys go together would be a guess.
    """
    first, last = compute_non_entity_date_range(views, start_date=start, end_date=end)
    keys = [join_keys(view) for view in views]
    if any(set(other.values()) != set(keys[0].values()) for other in keys):
        raise InvalidInput("the views are keyed differently", where="features", hint="give an entity table, or ask for them one by one")
    columns = sorted(keys[0].values())
    seen = [_seen(connection, view, columns, root, first, last) for view in views]
    moment = f"CAST('{last.isoformat()}' AS TIMESTAMPTZ) AS {DEFAULT_TIMESTAMP}"
    order = f" ORDER BY {', '.join(map(quoted, columns))}" if columns else ""
    return f"SELECT *, {moment} FROM ({' UNION '.join(seen)}){order}"


def _seen(connection: Any, view: Any, columns: Sequence[str], root: Path | None, first: datetime, last: datetime) -> str:
    stored = {new: old for old, new in view.batch_source.field_mapping.items()}
    names = {column: stored.get(key, key) for key, column in join_keys(view).items()}
    source = source_of(view.batch_source, view.name, tuple(names.values()), root, view.tags.get("marker"))
    if is_remote(source.path):
        mount(connection, source.path, source.options)
    files = all_files(source)
    timestamp = stored.get(view.batch_source.timestamp_field, view.batch_source.timestamp_field)
    layout = layout_of(source.path, files, {})
    types = stored_types(connection, view.name, files, [*names.values(), timestamp], layout)
    require_moment(timestamp, types[timestamp], f"view {view.name!r}")
    table = layout.read(files, is_mixed=is_mixed(connection, view.name, files, layout))
    selected = ", ".join(f"{quoted(names[column])} AS {quoted(column)}" for column in columns) or "1 AS __all"
    return f"SELECT DISTINCT {selected} FROM {table} WHERE {within(quoted(timestamp), types[timestamp], first, last)}"
