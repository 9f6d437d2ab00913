"""The entity table that is meant where none is given: the keys a period has seen, as of its end."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from feast.utils import compute_non_entity_date_range

from hm_pipeline.errors import BadInput
from hm_pipeline.features._entities import DEFAULT_TIMESTAMP, quoted
from hm_pipeline.features._plans import join_keys, source_path
from hm_pipeline.features._sources import Source, all_files
from hm_pipeline.features._sql import read


def keys_in_range(views: Sequence[Any], root: Path | None, start: datetime | None, end: datetime | None) -> str:
    """Return a statement that gives every key seen in a period, sorted, with the period's end as its moment.

    Parameters
    ----------
    start, end
        Both included; Feast's defaults where not given.

    Raises
    ------
    BadInput
        If the views are not keyed alike: which keys go together would be a guess.
    """
    first, last = compute_non_entity_date_range(views, start_date=start, end_date=end)
    keys = [join_keys(view) for view in views]
    if any(set(other.values()) != set(keys[0].values()) for other in keys):
        raise BadInput("the views are keyed differently", where="features", remedy="give an entity table, or ask for them one by one")
    columns = sorted(keys[0].values())
    seen = [_seen(view, columns, root, first, last) for view in views]
    moment = f"CAST('{last.isoformat()}' AS TIMESTAMPTZ) AS {DEFAULT_TIMESTAMP}"
    order = f" ORDER BY {', '.join(map(quoted, columns))}" if columns else ""
    return f"SELECT *, {moment} FROM ({' UNION '.join(seen)}){order}"


def _seen(view: Any, columns: Sequence[str], root: Path | None, first: datetime, last: datetime) -> str:
    source = view.batch_source
    stored = {new: old for old, new in source.field_mapping.items()}
    names = {column: stored.get(key, key) for key, column in join_keys(view).items()}
    files = all_files(Source(view.name, source_path(view, root), tuple(names.values()), view.tags.get("marker")))
    selected = ", ".join(f"{quoted(names[column])} AS {quoted(column)}" for column in columns) or "1 AS __all"
    stamp = f"CAST({quoted(source.timestamp_field)} AS TIMESTAMPTZ)"
    period = f"CAST('{first.isoformat()}' AS TIMESTAMPTZ) AND CAST('{last.isoformat()}' AS TIMESTAMPTZ)"
    return f"SELECT DISTINCT {selected} FROM {read(files)} WHERE {stamp} BETWEEN {period}"
