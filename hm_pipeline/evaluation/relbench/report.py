"""A task's result as a table: ours and trivial baselines on the same rows, and what others have published."""

from collections.abc import Mapping

from rich.console import RenderableType
from rich.text import Text

from hm_pipeline.evaluation.relbench.published import Published, published
from hm_pipeline.evaluation.scoreboard.rows import Row
from hm_pipeline.evaluation.text_table import TextTable


class TaskResult(Row):
    """Measures of every method, ours first."""

    task: str
    title: str
    measures: dict[str, dict[str, float | None]]

    @property
    def published(self) -> tuple[Published, ...]:
        """Published results for RelBench's test week."""
        return tuple(published(self.task))


def result(task: str, title: str, scores: Mapping[str, Row]) -> TaskResult:
    """Return what was measured, by method."""
    measures = {method: score.model_dump() for method, score in scores.items()}
    return TaskResult(task=task, title=title, measures=measures)


def render(found: TaskResult) -> list[RenderableType]:
    """Return what to print in a terminal."""
    header = ["method", *next(iter(found.measures.values()))]
    measured = [[method, *map(_formatted, measures.values())] for method, measures in found.measures.items()]
    ours = TextTable(found.title, [name.replace("_", " ") for name in header], measured)
    metric = found.published[0].metric if found.published else ""
    lines = [(row.method, f"{row.value:.4f}", row.source) for row in found.published]
    cited = TextTable("published for RelBench's test week by others, not measured here", ("method", metric, "source"), lines)
    tables = ours.rich(wraps=ours.header), cited.rich(words=("source",), wraps=cited.header, folds=True)
    return [*tables, Text("Over a simulated shop, or over own weeks, the two tables do not compare.")]


def _formatted(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) > 1 else f"{value:.5f}"
