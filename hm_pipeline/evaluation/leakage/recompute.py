"""Recomputation of a week's features in another state of the data, by the graph and the runner that make them in the home."""

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from hm_pipeline.base.errors import DiskError, HMError, Unforeseen
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.materialize import Runner
from hm_pipeline.engine.plan import Graph
from hm_pipeline.evaluation.leakage.perturbed_home import pin_audience


def recompute(
    known: Graph, root: Path, week_id: int, names: Sequence[str], audience: pl.DataFrame, report: Callable[[int, int], None]
) -> tuple[Graph, dict[str, str]]:
    """Make tables of a week, from the first purchase on, in a temporary home.

    Parameters
    ----------
    known
        Graph of the home that is audited.
    audience
        ``customer_id`` of whom the week is for.
    report
        Called with the partitions done of all.

    Returns
    -------
    Graph, dict
        The graph over the temporary home, and the steps that could not be made there with the reason.
    """
    settings = known.settings.model_copy(update={"home": root})
    graph = Graph(pin_audience(dict(known.steps), week_id, audience), Home(root), settings)
    stale = graph.stale([(name, week_id) for name in names])
    every = sum(map(len, stale.values()))
    done, failed = 0, dict[str, str]()
    for name, weeks in stale.items():
        for week in weeks:
            if name not in failed:
                _make(graph, name, week, failed)
            done += 1
            report(done, every)
    return graph, failed


def _make(graph: Graph, name: str, week_id: int, failed: dict[str, str]) -> None:
    try:
        Runner(graph).materialize(name, week_id)
    except DiskError:
        raise
    except HMError as error:  # whatever it is, the same body did without it in the home
        failed[name] = error.what if isinstance(error, Unforeseen) else str(error)  # the traceback goes with the temporary home
