"""Provenance of what is made: the days, settings and libraries of a fit, and the fits behind a partition."""

import platform
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from hm_pipeline.engine.fingerprint import libraries_of
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.step import Step, model_name


def details_of(step: Step, graph: Graph, week_id: int) -> dict[str, Any]:
    """Return what a fit for a week is made of and with, as plain values; the days are those of the weeks of tables that it reads."""
    calendar = graph.calendar
    spans = [graph.weeks_read(read, week_id) for read in step.reads if graph.steps[read.name].is_weekly]
    first = min((span.start for span in spans), default=calendar.first_week)
    return {
        "first_day": calendar.key(first),
        "last_day": (calendar.start(week_id) - timedelta(days=1)).isoformat(),
        "settings": {name: getattr(graph.settings, name) for name in step.settings} | dict(step.parameters),
        "libraries": {name: version(name) for name in libraries_of(*step.entries)},
        "python": platform.python_version(),
    }


def models_behind(step: Step, graph: Graph, week_id: int) -> tuple[str, ...]:
    """Return the runs that made a partition: of its own model, and of those behind the tables of the week that it reads."""
    found = set[str]()
    if step.model:
        folder = graph.folder(step.model, week_id)
        found.add(f"{model_name(step.model)}/{folder.parent.name}/{folder.name}")
    for read in step.reads:
        if graph.steps[read.name].is_weekly and read.first is not None and read.last >= 0:
            manifest = Manifest.load(graph.folder(read.name, week_id))
            found.update(manifest.models if manifest else ())
    return tuple(sorted(found))
