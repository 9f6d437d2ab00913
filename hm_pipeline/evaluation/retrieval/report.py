"""The recall budget of weeks, pooled, as tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl
from rich.console import RenderableType
from rich.text import Text

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.evaluation.retrieval.week_recall import RecallBudget
from hm_pipeline.evaluation.text_table import TextTable


def read_budget(home: Home, weeks: Sequence[int]) -> tuple[pl.DataFrame, dict[str, float]]:
    """Read the counts of weeks, added up, and each strategy's mean seconds.

    Raises
    ------
    MissingInput
        If none of the weeks has buyers.
    """
    table = home.weekly("recall_budget", RecallBudget)
    rows = pl.concat([table.at(week_id) for week_id in weeks]).collect()
    if rows.is_empty():
        raise MissingInput("nobody bought in these weeks", where="recall_budget", hint="choose weeks with purchases")
    added = rows.group_by("part", "name", maintain_order=True).agg(pl.col("^.*_count$").sum())
    metrics = [manifest.metrics for week_id in weeks if (manifest := Manifest.load(home.folder("recall_budget", week_id)))]
    names = {name for figure in metrics for name in figure}
    return added, {name: sum(figure.get(name, 0.0) for figure in metrics) / len(metrics) for name in sorted(names)}


class Counted(NamedTuple):
    """Counts of one row of the budget."""

    rows: int
    hits: int
    alone_rows: int
    alone_hits: int


@dataclass(frozen=True)
class Budget:
    """The counts of weeks by part and name, and each strategy's mean seconds."""

    parts: dict[str, dict[str, Counted]]
    bought: int
    buyers: int
    seconds: dict[str, float]

    @classmethod
    def of(cls, counts: pl.DataFrame, seconds: dict[str, float]) -> "Budget":
        """Read them off the added table."""
        parts: dict[str, dict[str, Counted]] = {}
        for row in counts.to_dicts():
            numbers = (row[f"{name}_count"] for name in ("row", "hit", "alone_row", "alone_hit"))
            parts.setdefault(row["part"], {})[row["name"]] = Counted(*numbers)
        first = counts.row(0, named=True)
        return cls(parts, first["bought_count"], first["buyer_count"], seconds)

    def rows(self, rows: int) -> str:
        """Return rows a buyer."""
        return f"{rows / max(self.buyers, 1):.1f}"

    def recall(self, hits: int) -> str:
        """Return the share of what was bought."""
        return f"{hits / max(self.bought, 1):.2%}"


def tables(budget: Budget) -> Iterator[TextTable]:
    """Yield the tables of a budget."""
    header: tuple[str, ...] = ("kept", "rows a buyer", "recall", "hits per 1,000 rows", "of the union's hits lost")
    yield TextTable("rows a customer", header, list(_depths(budget)))
    header = ("strategy", "rows a buyer", "recall", "hits / 1,000", "alone: rows", "hits", "hits / 1,000", "seconds")
    yield TextTable("proposed; alone is by no other strategy", header, list(_proposed(budget)))
    yield TextTable("kept by the first stage", ("strategy", "rows a buyer", "hits", "lost without it"), list(_kept(budget)))
    title = "leaving out what is off sale, by the availability signal"
    yield TextTable(title, ("", "proposed", "kept", "hits"), list(_filtered(budget)))


def _depths(budget: Budget) -> Iterator[tuple[str, ...]]:
    union = budget.parts["union"]["all"]
    by_depth = dict(sorted(budget.parts["budget"].items(), key=lambda item: int(item[0])))
    for name, counted in {**budget.parts["rival"], "all": union, **by_depth}.items():
        lost = f"{1 - counted.hits / max(union.hits, 1):.1%}" if name in by_depth else ""
        yield name, budget.rows(counted.rows), budget.recall(counted.hits), _per_thousand(counted.hits, counted.rows), lost


def _proposed(budget: Budget) -> Iterator[tuple[str, ...]]:
    for name, found in budget.parts["strategy"].items():
        own = (budget.rows(found.rows), budget.recall(found.hits), _per_thousand(found.hits, found.rows))
        alone = (budget.rows(found.alone_rows), f"{found.alone_hits:,}", _per_thousand(found.alone_hits, found.alone_rows))
        yield name, *own, *alone, f"{budget.seconds.get(f'seconds/{name}', 0):.2f}"


def _kept(budget: Budget) -> Iterator[tuple[str, ...]]:
    most = next(iter(budget.parts["unfiltered"]))
    everything = budget.parts["budget"][most].hits if most in budget.parts["budget"] else 0
    for name, kept in budget.parts["kept"].items():
        lost = f"{everything - budget.parts['without'][name].hits:,}" if everything else ""
        yield name, budget.rows(kept.rows), f"{kept.hits:,}", lost


def _filtered(budget: Budget) -> Iterator[tuple[str, ...]]:
    most, loose = next(iter(budget.parts["unfiltered"].items()))
    union, kept = budget.parts["union"]["all"], budget.parts["budget"].get(most)
    if kept:
        yield "with", budget.rows(union.rows), budget.rows(kept.rows), f"{kept.hits:,}"
        yield "without", budget.rows(loose.alone_rows), budget.rows(loose.rows), f"{loose.hits:,}"


def _per_thousand(hits: int, rows: int) -> str:
    return f"{1000 * hits / max(rows, 1):.2f}"


def render(counts: pl.DataFrame, seconds: dict[str, float], weeks: Sequence[str]) -> list[RenderableType]:
    """Return what to print in a terminal."""
    title = Text(f"Retrieval of {' to '.join(dict.fromkeys((weeks[0], weeks[-1])))}")
    return [title, *(sheet.rich(wraps=sheet.header[1:], padding=(0, 1, 0, 0)) for sheet in tables(Budget.of(counts, seconds)))]


def markdown(counts: pl.DataFrame, seconds: dict[str, float]) -> str:
    """Return the same tables in Markdown."""
    return "\n\n".join(sheet.markdown() for sheet in tables(Budget.of(counts, seconds))) + "\n"
