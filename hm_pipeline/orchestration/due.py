"""Work that ingested data ask for: the newest week to serve, and the weeks to evaluate."""

from collections.abc import Mapping
from dataclasses import dataclass

from hm_pipeline.base.errors import HMError
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.engine.plan import Graph
from hm_pipeline.orchestration.preconditions import require_feasible

SERVING = ("submission", "online_store")  # what the job `week` makes and the job `backfill` does not
EVALUATIONS = ("scoreboard", "recall_budget", "signal_scores")


@dataclass(frozen=True)
class Due:
    """Work that is due in a home.

    Parameters
    ----------
    serves
        Whether something of the newest week is missing or stale.
    evaluations
        Evaluations to make, by week, the newest week first: that of the newest labelled week, and whatever is stored and stale.
    """

    serves: bool
    evaluations: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, graph: Graph) -> "Due":
        """Look at what is stored.

        Raises
        ------
        HMError
            If the newest week cannot be made, because too little is ingested.
        """
        last = graph.calendar.last_week
        stale = graph.stale([(name, last) for name in ("recommendations", *SERVING)])
        require_feasible(graph, stale)
        found = {week: names for week in reversed(graph.calendar.weeks) if week < last and (names := _evaluations(graph, week))}
        return cls(bool(stale), {graph.calendar.key(week): names for week, names in found.items()})


def _evaluations(graph: Graph, week: int) -> tuple[str, ...]:
    wanted = [name for name in EVALUATIONS if Manifest.load(graph.folder(name, week)) or (name, week) == _newest(graph)]
    due = [name for name in wanted if not graph.is_current(name, week)]
    try:
        require_feasible(graph, graph.stale([(name, week) for name in due]))
    except HMError:
        return ()  # a week that comes too early is not evaluated
    return tuple(due)


def _newest(graph: Graph) -> tuple[str, int]:
    return "scoreboard", graph.calendar.last_week - 1
