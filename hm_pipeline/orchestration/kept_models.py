"""Fits that a home keeps, with the weeks that were served by them, and the choice of one."""

from collections import defaultdict
from typing import Any

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.model_runs import pointers_of, runs_of, use, use_newest
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.step import Step, model_name
from hm_pipeline.orchestration.execute import graph_of

MAPS = ("blend_map", "map_lightgbm")  # a model's own evaluation, where it is one of rankings


def list_runs(settings: Settings, name: str = "") -> list[dict[str, Any]]:
    """Return the fits of all models, or of one, the newest first: what each is made of, how good it is, and what it served.

    Raises
    ------
    MissingInput
        If there is no model of the name.
    """
    graph = graph_of(settings)
    steps = [_model_step(graph, name)] if name else [step for step in graph.steps.values() if step.kind == "model"]
    served = _served(graph)
    rows = []
    for step in steps:
        folder = graph.home.fits(model_name(step.name))
        pointers = pointers_of(folder)
        for run in runs_of(folder):
            users = [(week, pointer.is_chosen) for week, pointer in pointers.items() if pointer.run == run.place]
            rows.append(
                {
                    "model": model_name(step.name),
                    "fitted_for": graph.calendar.key(run.week_id),
                    "run": run.run,
                    "in_use": [f"{graph.calendar.key(week)}{', chosen' if is_chosen else ''}" for week, is_chosen in users],
                    "days": f"{run.details.get('first_day', '')} to {run.details.get('last_day', '')}",
                    "map_at_12": next((run.manifest.metrics[key] for key in MAPS if key in run.manifest.metrics), None),
                    "served": served[f"{model_name(step.name)}/{run.place}"],
                    "settings": run.details.get("settings", {}),
                    "libraries": run.details.get("libraries", {}),
                    "metrics": run.manifest.metrics,
                }
            )
    return sorted(rows, key=lambda row: row["fitted_for"], reverse=True)


def choose(settings: Settings, name: str, fitted: str, run: str = "") -> tuple[str, str]:
    """Let the serving week use a fit of a model, or its newest one again; return the run, empty for the newest, and the week.

    Raises
    ------
    HMError
        If there is no such model, week or run.
    """
    graph = graph_of(settings)
    step, calendar = _model_step(graph, name), graph.calendar
    folder, week_id = graph.home.fits(name), step.fit_week(calendar.last_week, calendar)
    if fitted == "newest":
        use_newest(folder, week_id)
        return "", calendar.key(calendar.last_week)
    return use(folder, week_id, fitted=calendar.parse(fitted), run=run).run, calendar.key(calendar.last_week)


def _model_step(graph: Graph, name: str) -> Step:
    found = {model_name(step.name): step for step in graph.steps.values() if step.kind == "model"}
    if name not in found:
        raise MissingInput(f"there is no model {name!r}", where="models", hint=f"the models are {', '.join(found)}")
    return found[name]


def _served(graph: Graph) -> dict[str, list[str]]:
    """Return the weeks whose lists were served, by the runs that made them."""
    found: dict[str, list[str]] = defaultdict(list)
    for week_id in graph.calendar.weeks:
        manifest = Manifest.load(graph.folder("submission", week_id))
        for run in manifest.models if manifest else ():
            found[run].append(graph.calendar.key(week_id))
    return found
