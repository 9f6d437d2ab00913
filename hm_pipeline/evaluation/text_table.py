"""A table of text, shown in a terminal, in Markdown and on a page from the same lines, so that they cannot differ."""

import html
from collections.abc import Collection, Sequence
from itertools import zip_longest
from typing import Literal, NamedTuple

from rich import box
from rich.table import Table
from rich.text import Text

STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}
table{border-collapse:collapse;margin:.5rem 0 2rem}th,td{padding:.2rem .8rem;border-bottom:1px solid #ddd;text-align:right}
th:first-child,td:first-child{text-align:left}td{font-variant-numeric:tabular-nums}svg{max-width:100%;height:auto}p{color:#555}"""


class TextTable(NamedTuple):
    """Title, header and lines of a table; the first column is a name, the others are numbers unless they are named words."""

    title: str
    header: Sequence[str]
    lines: Sequence[Sequence[str]]
    remark: str = ""

    def rich(
        self,
        *,
        words: Collection[str] = (),
        wraps: Collection[str] = (),
        folds: bool = False,
        padding: tuple[int, int, int, int] = (0, 1, 0, 1),
        styles: Sequence[str | None] = (),
    ) -> Table:
        """Return what to print, the remark below it.

        Parameters
        ----------
        words
            Columns beside the first that are set to the left.
        wraps
            Columns that may be broken into lines.
        folds
            Whether a word longer than its column is broken, where it is cut otherwise.
        styles
            Styles of the lines.
        """
        caption = self.remark or None
        table = Table(title=self.title, caption=caption, box=box.SIMPLE_HEAD, padding=padding, title_justify="left", caption_justify="left")
        for place, name in enumerate(self.header):
            is_word = place == 0 or name in words
            overflow: Literal["fold", "ellipsis"] = "fold" if folds else "ellipsis"
            table.add_column(name, justify="left" if is_word else "right", no_wrap=name not in wraps, overflow=overflow)
        for line, style in zip_longest(self.lines, styles):
            table.add_row(*map(Text, line), style=style)
        return table

    def markdown(self) -> str:
        """Return the same in Markdown, below its title."""
        rows = [self.header, ["---"] * len(self.header), *self.lines]
        return f"**{self.title}**\n\n" + "\n".join("| " + " | ".join(row) + " |" for row in rows)

    def html(self) -> str:
        """Return the same as a section of a page, below its title and the remark."""
        rows = "\n".join(_row(line, "td") for line in self.lines)
        heading, remark = html.escape(self.title), html.escape(self.remark)
        return f"<h2>{heading}</h2>\n<p>{remark}</p>\n<table>\n{_row(self.header, 'th')}\n{rows}\n</table>"


def html_page(title: str, heading: str, conclusion: str, *parts: str) -> str:
    """Return a page without external resources: the heading, what is concluded, and its parts, which are HTML."""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style></head><body>\n'
        f"<h1>{title}</h1>\n<p>{html.escape(heading)}</p>\n<p><strong>{html.escape(conclusion)}</strong></p>\n"
        + "".join(f"{part}\n" for part in parts)
        + "</body></html>\n"
    )


def _row(cells: Sequence[str], tag: str) -> str:
    return "<tr>" + "".join(f"<{tag}>{html.escape(cell)}</{tag}>" for cell in cells) + "</tr>"
