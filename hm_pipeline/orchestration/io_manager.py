"""IO manager: an asset that depends on one of our tables gets a handle on it, up to its week."""

from collections.abc import Callable
from typing import Any

import dagster as dg

from hm_pipeline.engine.plan import Graph
from hm_pipeline.orchestration.partitions import step_name


class HomeIOManager(dg.IOManager):
    """Hand a stored table to whoever depends on it: a weekly one as a `WeeklyTable` up to the run's last week.

    The pipeline's own assets write by themselves, shard by shard; for a user's asset that returns nothing there is
    nothing to write either.
    """

    def __init__(self, graph: Callable[[], Graph]) -> None:
        self._graph = graph

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        """Refuse what was not written by the asset itself."""
        if obj is not None:
            name = context.asset_key.to_user_string()
            raise dg.DagsterInvariantViolationError(
                f"{name} returns a value: write it to a place of its own, or give it another IO manager"
            )

    def load_input(self, context: dg.InputContext) -> Any:
        """Return the handle on a weekly table, or the lazy frame of one that has no weeks."""
        graph, name = self._graph(), step_name(context.asset_key)
        step = graph.steps[name]
        if step.kind == "dimension":
            return graph.home.dimension(name)
        if not step.is_weekly:
            return graph.home.static(name)
        if step.schema is None:
            raise dg.DagsterInvariantViolationError(f"{name} is a model, read it with its own load function")
        keys = context.asset_partition_keys if context.has_asset_partitions else graph.calendar.partition_keys
        return graph.home.weekly(name, step.schema, max_week=max(graph.calendar.parse(key) for key in keys))
