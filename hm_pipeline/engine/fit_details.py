"""Details of a fit, kept beside it: the days it was fitted on, its settings, and the libraries it was made with."""

import platform
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from hm_pipeline.engine.fingerprint import libraries_of
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.step import Step


def details_of(step: Step, graph: Graph, week_id: int) -> dict[str, Any]:
    """Return what a fit for a week is made of and with, as plain values; the days are those of the weeks of tables that it reads."""
    calendar = graph.calendar
    spans = [read.weeks(week_id, calendar.first_week) for read in step.reads if graph.steps[read.name].is_weekly]
    first = min((span.start for span in spans), default=calendar.first_week)
    code = (step.body, *step.code, *([step.load] if step.load else []))
    return {
        "first_day": calendar.key(first),
        "last_day": (calendar.start(week_id) - timedelta(days=1)).isoformat(),
        "settings": {name: getattr(graph.settings, name) for name in step.settings} | dict(step.parameters),
        "libraries": {name: version(name) for name in libraries_of(*code)},
        "python": platform.python_version(),
    }
