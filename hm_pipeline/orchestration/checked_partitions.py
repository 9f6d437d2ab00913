"""Partitions that the checks of a run are of: those that the run makes, and by name."""

from collections.abc import Mapping

from hm_pipeline.engine.partition_files import UNPARTITIONED
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.presentation import Check, StoredPartition, newest, partition
from hm_pipeline.engine.step import Step

PARTITION, FIRST, LAST = "dagster/partition", "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


def weeks_of(graph: Graph, step: Step, tags: Mapping[str, str]) -> list[int]:
    """Return the weeks that a run is for, by its tags; none where it names none, or the step has none."""
    if not step.is_weekly:
        return [UNPARTITIONED]
    key = tags.get(PARTITION, "")
    first, last = tags.get(FIRST, key), tags.get(LAST, key)
    return list(range(graph.calendar.parse(first), graph.calendar.parse(last) + 1)) if first else []


def checked(graph: Graph, step: Step, check: Check, weeks: list[int], *, is_planned: bool) -> list[tuple[int, StoredPartition | None]]:
    """Return the partitions that one check of a run is of, each with its week; none is stored where there is nothing.

    A run of the UI has each of its weeks checked.  ``hm`` makes years in one run, whose every row is validated as it is written:
    what blocks is of each week, all else of the last one.

    Parameters
    ----------
    weeks
        Weeks of the run; where it has none, the newest partition is checked.
    is_planned
        Whether the run is part of a plan of ``hm``.
    """
    if check.is_of_table or not weeks:
        found = newest(graph, step)
        return [(found.week_id if found else UNPARTITIONED, found)]
    wanted = weeks[-1:] if is_planned and not check.is_blocking else weeks
    each = {week: partition(graph, step, week) for week in wanted}
    if step.is_ingested and step.is_weekly:  # a serving week has no purchases yet: those before it are what it is made of
        unsold = [(week, None) for week, found in each.items() if not found]
        each = {found.week_id: found for week, stored in each.items() if (found := stored or newest(graph, step, last=week))}
        return [*unsold, *each.items()]  # Dagster shows the last result as the newest, and counts a planned one without a result as failed
    return list(each.items())
