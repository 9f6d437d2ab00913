"""Published results for the test week of rel-hm's tasks: citations, not our measurements.

Nothing here was run by us.  Values come from different papers, boards and repositories, with different budgets; most
are single runs.  They belong beside a result only where :func:`~hm_pipeline.evaluation.relbench.title` reads "RelBench test
week", and only on the real data.  The rows are in published.csv.
"""

import csv
from pathlib import Path

from hm_pipeline.evaluation.scoreboard.rows import Row

METRICS = {"user-churn": "AUROC", "item-sales": "MAE", "user-item-purchase": "MAP@12"}
LESS_IS_BETTER = frozenset({"item-sales"})


class Published(Row):
    """A published test result.

    ``is_seen`` shows whether the value was read in its source, or in a copy or table that cites it, when it was written
    down here; the others were handed on to us with their source's name only.
    """

    task: str
    method: str
    value: float
    source: str
    is_seen: bool

    @property
    def metric(self) -> str:
        """The task's measure."""
        return METRICS[self.task]


def _read() -> tuple[Published, ...]:
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        return tuple(Published.model_validate(row) for row in csv.DictReader(file))


PUBLISHED = _read()


def published(task: str) -> tuple[Published, ...]:
    """Return what is published of a task, the worst first."""
    return tuple(sorted((row for row in PUBLISHED if row.task == task), key=lambda row: row.value, reverse=task in LESS_IS_BETTER))
