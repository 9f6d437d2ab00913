"""Serving assets: what customers are served from, made for everyone and in no week that was never served."""

from datetime import timedelta

import dagster as dg

from hm_pipeline.base.calendar import DAYS
from hm_pipeline.base.columns import EVERYONE
from hm_pipeline.engine.plan import Graph
from hm_pipeline.orchestration.due import SERVING


def freshness(late_after: int) -> dg.FreshnessPolicy:
    """Return the policy of an asset that is made every week: a week and the days that it may be late."""
    due, late = timedelta(days=DAYS), timedelta(days=late_after)
    return dg.FreshnessPolicy.time_window(fail_window=due + late, warn_window=due + late / 2)


def not_served(graph: Graph, name: str, week_id: int) -> str:
    """Return why a serving asset is not made for a week; nothing where it is to be made, or is no serving asset."""
    if name not in SERVING or graph.audience_kind(week_id) == EVERYONE:
        return ""
    week, last = graph.calendar.key(week_id), graph.calendar.key(graph.calendar.last_week)
    return f"week {week} is made for its buyers, and nobody is served from it: the serving week is {last}; `hm run --week {week}` serves it"
