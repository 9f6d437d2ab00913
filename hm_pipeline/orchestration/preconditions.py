"""Preconditions of a plan: enough articles to fill lists with, and purchases to learn from.

Looks at what is ingested alone.  A week that comes too early is refused by the graph, as it plans.
"""

from collections.abc import Mapping, Sequence

import polars as pl

from hm_pipeline.base.calendar import label_weeks
from hm_pipeline.base.columns import K
from hm_pipeline.base.contracts import Transactions
from hm_pipeline.base.errors import MissingInput
from hm_pipeline.engine.partition_files import UNPARTITIONED, Manifest
from hm_pipeline.engine.plan import TRANSACTIONS, Graph

LISTS, LEARNT = "recommendations", ("search", "ensemble")


def require_feasible(graph: Graph, planned: Mapping[str, Sequence[int]]) -> None:
    """Refuse a plan that cannot come to its end.

    Parameters
    ----------
    planned
        Weeks to be made, by step.

    Raises
    ------
    MissingInput
        If lists are planned and fewer than 12 articles were sold before a week, or a fit and no purchase is there to
        learn from.
    """
    if planned.get(LISTS):
        _need_articles(graph, min(planned[LISTS]))
    for name in LEARNT:
        for read in graph.steps[name].reads if name in planned else ():
            for week_id in planned[name] if read.name == "labels" else ():
                _need_purchases(graph, name, week_id, label_weeks(graph.weeks_read(read, week_id)).fit)


def _need_articles(graph: Graph, week_id: int) -> None:
    catalogue = Manifest.load(graph.folder("articles", UNPARTITIONED))
    if catalogue and catalogue.rows < K:
        _lack(f"{catalogue.rows} in the catalogue", "articles", "ingest more articles")
    sold, table = set[int](), graph.home.weekly(TRANSACTIONS, Transactions)
    for week in range(week_id - 1, graph.calendar.first_week - 1, -1):  # the last week or two have enough, so that no year is read
        sold |= set(table.before(week + 1, weeks=1).select(pl.col("article_id").unique()).collect()["article_id"])
        if len(sold) >= K:
            return
    _lack(f"{len(sold)} sold before week {graph.calendar.key(week_id)}", TRANSACTIONS, "ingest more purchases, or choose a later week")


def _lack(found: str, where: str, hint: str) -> None:
    raise MissingInput(f"fewer than {K} articles to fill lists with, {found}", where=where, hint=hint)


def _need_purchases(graph: Graph, name: str, week_id: int, weeks: Sequence[int]) -> None:
    stored = [Manifest.load(graph.folder(TRANSACTIONS, week)) for week in weeks]
    if not any(manifest and manifest.rows for manifest in stored):
        first, last = (graph.calendar.key(week) for week in (weeks[0], weeks[-1]))
        raise MissingInput(
            f"nothing to learn from, as nobody bought in the weeks of {first} to {last}",
            where=f"{name}, week {graph.calendar.key(week_id)}",
            hint="ingest their purchases, or choose a week far enough from them",
        )
