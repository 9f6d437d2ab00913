"""A task's result as a table: ours and trivial baselines on the same rows, and what others have published."""

from collections.abc import Mapping

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from hm_pipeline.evaluation.relbench.published import Published, published
from hm_pipeline.evaluation.scoreboard.rows import Row


class TaskResult(Row):
    """Measures of every method, ours first."""

    task: str
    title: str
    measures: dict[str, dict[str, float | None]]

    @property
    def published(self) -> tuple[Published, ...]:
        """What others report for RelBench's test week."""
        return tuple(published(self.task))


def result(task: str, title: str, scores: Mapping[str, Row]) -> TaskResult:
    """Return what was measured, by method."""
    measures = {method: score.model_dump() for method, score in scores.items()}
    return TaskResult(task=task, title=title, measures=measures)


def render(found: TaskResult) -> list[RenderableType]:
    """Return what to print in a terminal."""
    table = Table(title=found.title, box=box.SIMPLE_HEAD, title_justify="left")
    names = list(next(iter(found.measures.values())))
    table.add_column("method")
    for name in names:
        table.add_column(name.replace("_", " "), justify="right")
    for method, measures in found.measures.items():
        table.add_row(method, *(_figure(measures[name]) for name in names))
    cited = Table(title="published for RelBench's test week by others, not measured here", box=box.SIMPLE_HEAD, title_justify="left")
    for name, side in (("method", "left"), (found.published[0].metric if found.published else "", "right"), ("source", "left")):
        cited.add_column(name, justify="left" if side == "left" else "right", overflow="fold")
    for row in found.published:
        cited.add_row(row.method, f"{row.value:.4f}", row.source)
    return [table, cited, Text("Over a simulated shop, or over own weeks, the two tables do not compare.")]


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) > 1 else f"{value:.5f}"
