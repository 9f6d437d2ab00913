"""Registration with Feast: what is declared replaces what was, and what changed is noted in the home."""

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hm_pipeline.base.files import atomic_write
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.presentation import Preview
from hm_pipeline.features.feast_objects import OWNER, FeastObjects

if TYPE_CHECKING:
    from feast import FeatureStore

CHANGES = "changes.json"  # what the last registration changed


def apply(store: "FeatureStore", objects: FeastObjects) -> list[str]:
    """Register entities, views and services; what is registered already is left alone.

    Objects of this project that are no longer among them are removed, those of others stay.

    Returns
    -------
    list
        What changed, in words; kept in the home beside the registry.
    """
    from hm_pipeline.features.consistency import changes  # noqa: PLC0415 - it builds views, and so imports feast

    registry, project = store.registry, store.project
    listed = (
        registry.list_entities(project),
        registry.list_feature_views(project),
        registry.list_on_demand_feature_views(project),
        registry.list_feature_services(project),
    )
    registered = {(type(item).__name__, item.name): item for kind in listed for item in kind if item.owner == OWNER}
    wanted = {(type(item).__name__, item.name): item for item in objects.all}
    dropped = [registered[name] for name in registered.keys() - wanted.keys()]
    changed = [item for name, item in wanted.items() if name not in registered or _plain(item) != _plain(registered[name])]
    if not dropped and not changed:
        return []
    replaced = [registered[type(item).__name__, item.name] for item in changed if (type(item).__name__, item.name) in registered]
    lines = changes([*replaced, *dropped], changed) if registered else ["registered for the first time"]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "On demand feature view is an experimental feature", RuntimeWarning)
        store.apply(objects.all, objects_to_delete=dropped, partial=False)
    note = json.dumps(lines, indent=1) + "\n"
    atomic_write(Path(store.config.registry.path).with_name(CHANGES), lambda path: path.write_text(note))
    return lines


def _changes(graph: Graph, _week_id: int) -> str | None:
    path = graph.home.root / "feast" / CHANGES
    changed = json.loads(path.read_text()) if path.exists() else []
    return "\n".join(f"- {line}" for line in changed) or None


REGISTERED = Preview("what registering changed", _changes)


def _plain(registered: Any) -> object:
    """Return what was declared, without what Feast adds when it registers."""
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - comes with feast

    return _without(MessageToDict(registered.to_proto().spec), {"meta", "entityColumns", "version", "project", "body"})


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(inner, names) for name, inner in value.items() if name not in names}
    return [_without(inner, names) for inner in value] if isinstance(value, list) else value
