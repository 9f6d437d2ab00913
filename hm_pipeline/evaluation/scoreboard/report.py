"""Output of a scoreboard: in a terminal, as JSON, as one HTML page without external resources.

The tables are made once, as text, so that the terminal and the page cannot differ.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from rich.console import RenderableType
from rich.text import Text

from hm_pipeline.base.files import atomic_write
from hm_pipeline.evaluation.scoreboard.chart import draw_weeks
from hm_pipeline.evaluation.scoreboard.pooling import Scoreboard
from hm_pipeline.evaluation.scoreboard.rows import RecallRow, StrategyRow
from hm_pipeline.evaluation.text_table import TextTable, html_page
from hm_pipeline.recommender.metrics.bootstrap import Interval


def conclusion(scoreboard: Scoreboard) -> str:
    """Return which model wins, and whether the difference is significant."""
    winner, baseline, lead = scoreboard.winner, scoreboard.runner_up, scoreboard.lead
    if baseline is None or lead is None:
        return f"{winner} is the only row; there is no comparison."
    by = f"by {lead.mean:.5f} ({lead.low:+.5f} to {lead.high:+.5f})"
    if lead.is_clear:
        return f"{winner} wins, ahead of {baseline} {by}."
    return f"{winner} leads {baseline} {by}: the interval crosses zero, so the difference is not significant on these buyers."


def sections(scoreboard: Scoreboard) -> Iterator[TextTable]:
    """Return the tables of a scoreboard that hold anything."""
    for table in (_leaderboard(scoreboard), _segments(scoreboard), _recall(scoreboard), _strategies(scoreboard), _columns(scoreboard)):
        if table.lines:
            yield table


def render(scoreboard: Scoreboard) -> list[RenderableType]:
    """Return what to print in a terminal of 100 columns."""
    rendered: list[RenderableType] = [Text(_heading(scoreboard))]
    for table in sections(scoreboard):
        styles = ["bold" if line[0] == scoreboard.winner else None for line in table.lines]
        rendered.append(table.rich(wraps=table.header[:1], folds=True, styles=styles))
    return [*rendered, Text(conclusion(scoreboard), style="bold")]


def write_json(scoreboard: Scoreboard, path: Path) -> None:
    """Write a scoreboard as JSON with sorted keys atomically."""
    text = json.dumps(scoreboard.model_dump(mode="json"), indent=1, sort_keys=True, allow_nan=False)
    atomic_write(path, lambda aside: aside.write_text(text + "\n", encoding="utf-8"))


def read_json(path: Path) -> Scoreboard:
    """Read a scoreboard that :func:`write_json` wrote."""
    return Scoreboard.model_validate_json(path.read_bytes())


def write_html(scoreboard: Scoreboard, path: Path) -> None:
    """Write a scoreboard as one page with a plot over the weeks, atomically."""
    tables = (table.html() for table in sections(scoreboard))
    page = html_page("Scoreboard", _heading(scoreboard), conclusion(scoreboard), draw_weeks(scoreboard.by_week), *tables)
    atomic_write(path, lambda aside: aside.write_text(page, encoding="utf-8"))


def _heading(scoreboard: Scoreboard) -> str:
    first, last = scoreboard.weeks[0], scoreboard.weeks[-1]
    weeks = f"week {first}" if first == last else f"{len(scoreboard.weeks)} weeks, {first} to {last}"
    return f"{weeks}: {scoreboard.buyers:,} buyers, {scoreboard.customers:,} of them distinct"


def _ends(interval: Interval, sign: str = "") -> str:
    return f"{interval.low:{sign}.5f} to {interval.high:{sign}.5f}"


def _leaderboard(scoreboard: Scoreboard) -> TextTable:
    def row(model: str, score: Interval, gain: Interval | None) -> tuple[str, ...]:
        if gain is None:
            return model, f"{score.mean:.5f}", _ends(score), "", "", ""
        clear = "no" if not gain.is_clear else "better" if gain.mean > 0 else "worse"
        return model, f"{score.mean:.5f}", _ends(score), f"{gain.mean:+.5f}", _ends(gain, "+"), clear

    header = ("model", "MAP@12", "95 % interval", "gain", "95 % interval of it", "clear?")
    remark = "Gain: paired difference to the row above. Not clear where its interval crosses zero."
    return TextTable("Leaderboard", header, [row(line.model, line.score, line.gain) for line in scoreboard.leaderboard], remark)


def _segments(scoreboard: Scoreboard) -> TextTable:
    names = [row.model for row in scoreboard.leaderboard]
    rows = tuple(
        (row.segment, f"{row.buyers:,}", *(f"{row.scores[name].mean:.5f}" for name in names), _ends(row.scores[scoreboard.winner]))
        for row in scoreboard.segments
    )
    header = ("segment", "buyers", *(name.split(" ")[0] for name in names), "95 %, winner")
    return TextTable("Segments", header, rows, "MAP@12. Active bought in the 30 days before the week, dormant earlier, new never.")


def _recall(scoreboard: Scoreboard) -> TextTable:
    def row(line: RecallRow) -> tuple[str, ...]:
        return line.pairs, f"{line.rows_per_buyer:.1f}", f"{line.recall:.2%}", f"{line.hit_ratio:.3%}", f"{line.coverage:.1%}"

    remark = (
        "Recall: share of bought pairs found. Hit ratio: share of rows bought. Covered: buyers with any row. "
        f"{scoreboard.articles_shown_share:.1%} of the articles on offer are in somebody's top 12."
    )
    return TextTable("Recall", ("pairs", "rows a buyer", "recall", "hit ratio", "covered"), list(map(row, scoreboard.recall)), remark)


def _strategies(scoreboard: Scoreboard) -> TextTable:
    def row(line: StrategyRow) -> tuple[str, ...]:
        found = f"{line.rows_per_buyer:.1f}", f"{line.recall:.2%}", f"{line.hit_ratio:.3%}"
        return line.strategy, *found, f"{line.unique_hits:,}", f"{line.unique_recall:.2%}"

    header = ("strategy", "rows a buyer", "recall", "hit ratio", "hits alone", "recall alone")
    remark = "Alone: found by no other strategy, lost without it."
    return TextTable("Strategies", header, list(map(row, scoreboard.strategies)), remark)


def _columns(scoreboard: Scoreboard) -> TextTable:
    rows = tuple(
        (row.column, row.source, f"{row.null_share:.1%}", "" if row.mean is None else f"{row.mean:.4g}") for row in scoreboard.columns
    )
    return TextTable("Columns", ("column", "made by", "null", "mean"), rows, "Features of the ensemble.")
