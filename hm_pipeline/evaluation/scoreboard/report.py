"""Show a scoreboard: in a terminal, as JSON, as one HTML page without external resources.

The tables are made once, as text, so that the terminal and the page cannot differ.
"""

import html
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from hm_pipeline.base.files import atomic_write
from hm_pipeline.evaluation.scoreboard.chart import draw_weeks
from hm_pipeline.evaluation.scoreboard.pooling import Scoreboard
from hm_pipeline.evaluation.scoreboard.rows import ReachRow, StrategyRow
from hm_pipeline.recommender.metrics.bootstrap import Interval

STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:.5rem 0 2rem}th,td{padding:.2rem .8rem;border-bottom:1px solid #ddd;text-align:right}
th:first-child,td:first-child{text-align:left}td{font-variant-numeric:tabular-nums}svg{max-width:100%;height:auto}p{color:#555}"""


@dataclass(frozen=True)
class Section:
    """A table of text with a title and a remark below it; the first column is a name, the others are figures."""

    title: str
    remark: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def verdict(scoreboard: Scoreboard) -> str:
    """Say which rung wins, and whether one may say so."""
    winner, rival, lead = scoreboard.winner, scoreboard.runner_up, scoreboard.lead
    if rival is None or lead is None:
        return f"{winner} stands alone: there is nothing to compare it with."
    by = f"by {lead.mean:.5f} ({lead.low:+.5f} to {lead.high:+.5f})"
    if lead.is_clear:
        return f"{winner} wins, ahead of {rival} {by}."
    return f"{winner} leads {rival} {by}: the interval crosses zero, so these buyers do not tell the two apart."


def sections(scoreboard: Scoreboard) -> Iterator[Section]:
    """Return the tables of a scoreboard that hold anything."""
    for section in (_ladder(scoreboard), _segments(scoreboard), _reach(scoreboard), _strategies(scoreboard), _columns(scoreboard)):
        if section.rows:
            yield section


def render(scoreboard: Scoreboard) -> list[RenderableType]:
    """Return what to print in a terminal of 100 columns."""
    rendered: list[RenderableType] = [Text(_heading(scoreboard))]
    for section in sections(scoreboard):
        table = Table(title=section.title, caption=section.remark, box=box.SIMPLE_HEAD, title_justify="left", caption_justify="left")
        for index, name in enumerate(section.header):
            table.add_column(name, justify="left" if index == 0 else "right", no_wrap=index > 0, overflow="fold")
        for row in section.rows:
            table.add_row(*(Text(cell) for cell in row), style="bold" if row[0] == scoreboard.winner else None)
        rendered.append(table)
    return [*rendered, Text(verdict(scoreboard), style="bold")]


def write_json(scoreboard: Scoreboard, path: Path) -> None:
    """Write a scoreboard as JSON with sorted keys, whole or not at all."""
    text = json.dumps(scoreboard.model_dump(mode="json"), indent=1, sort_keys=True, allow_nan=False)
    atomic_write(path, lambda aside: aside.write_text(text + "\n", encoding="utf-8"))


def read_json(path: Path) -> Scoreboard:
    """Read a scoreboard that :func:`write_json` wrote."""
    return Scoreboard.model_validate_json(path.read_bytes())


def write_html(scoreboard: Scoreboard, path: Path) -> None:
    """Write a scoreboard as one page with a plot over the weeks, whole or not at all."""
    tables = "\n".join(map(html_table, sections(scoreboard)))
    page = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Scoreboard</title><style>{STYLE}</style></head><body>\n'
        f"<h1>Scoreboard</h1>\n<p>{html.escape(_heading(scoreboard))}</p>\n<p><strong>{html.escape(verdict(scoreboard))}</strong></p>\n"
        f"{draw_weeks(scoreboard.by_week)}\n{tables}\n</body></html>\n"
    )
    atomic_write(path, lambda aside: aside.write_text(page, encoding="utf-8"))


def html_table(section: Section) -> str:
    """Return a section of a page."""

    def line(cells: Sequence[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    rows = "\n".join(line(row, "td") for row in section.rows)
    heading, remark = html.escape(section.title), html.escape(section.remark)
    return f"<h2>{heading}</h2>\n<p>{remark}</p>\n<table>\n{line(section.header, 'th')}\n{rows}\n</table>"


def _heading(scoreboard: Scoreboard) -> str:
    first, last = scoreboard.weeks[0], scoreboard.weeks[-1]
    weeks = f"week {first}" if first == last else f"{len(scoreboard.weeks)} weeks, {first} to {last}"
    return f"{weeks}: {scoreboard.buyers:,} buyers, {scoreboard.customers:,} of them distinct"


def _ends(interval: Interval, sign: str = "") -> str:
    return f"{interval.low:{sign}.5f} to {interval.high:{sign}.5f}"


def _ladder(scoreboard: Scoreboard) -> Section:
    def row(rung: str, score: Interval, gain: Interval | None) -> tuple[str, ...]:
        if gain is None:
            return rung, f"{score.mean:.5f}", _ends(score), "", "", ""
        clear = "no" if not gain.is_clear else "better" if gain.mean > 0 else "worse"
        return rung, f"{score.mean:.5f}", _ends(score), f"{gain.mean:+.5f}", _ends(gain, "+"), clear

    header = ("rung", "MAP@12", "95 % interval", "gain", "95 % interval of it", "clear?")
    remark = "Gain: paired difference to the rung above. Not clear where its interval crosses zero."
    return Section("Ladder", remark, header, tuple(row(line.rung, line.score, line.gain) for line in scoreboard.ladder))


def _segments(scoreboard: Scoreboard) -> Section:
    names = [row.rung for row in scoreboard.ladder]
    rows = tuple(
        (row.segment, f"{row.buyers:,}", *(f"{row.scores[name].mean:.5f}" for name in names), _ends(row.scores[scoreboard.winner]))
        for row in scoreboard.segments
    )
    header = ("segment", "buyers", *(name.split(" ")[0] for name in names), "95 %, winner")
    return Section("Segments", "MAP@12. Active bought in the 30 days before the week, dormant earlier, new never.", header, rows)


def _reach(scoreboard: Scoreboard) -> Section:
    def row(line: ReachRow) -> tuple[str, ...]:
        return line.pairs, f"{line.rows_per_buyer:.1f}", f"{line.recall:.2%}", f"{line.hit_ratio:.3%}", f"{line.coverage:.1%}"

    remark = (
        "Recall: share of bought pairs found. Hit ratio: share of rows bought. Covered: buyers with any row. "
        f"{scoreboard.articles_shown_share:.1%} of the articles on offer are in somebody's top 12."
    )
    return Section("Reach", remark, ("pairs", "rows a buyer", "recall", "hit ratio", "covered"), tuple(map(row, scoreboard.reach)))


def _strategies(scoreboard: Scoreboard) -> Section:
    def row(line: StrategyRow) -> tuple[str, ...]:
        found = f"{line.rows_per_buyer:.1f}", f"{line.recall:.2%}", f"{line.hit_ratio:.3%}"
        return line.strategy, *found, f"{line.unique_hits:,}", f"{line.unique_recall:.2%}"

    header = ("strategy", "rows a buyer", "recall", "hit ratio", "hits alone", "recall alone")
    remark = "Alone: found by no other strategy, lost without it."
    return Section("Strategies", remark, header, tuple(map(row, scoreboard.strategies)))


def _columns(scoreboard: Scoreboard) -> Section:
    rows = tuple(
        (row.column, row.source, f"{row.null_share:.1%}", "" if row.mean is None else f"{row.mean:.4g}") for row in scoreboard.columns
    )
    return Section("Columns", "Features of the ensemble.", ("column", "made by", "null", "mean"), rows)
