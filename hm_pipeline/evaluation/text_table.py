"""A table of text, shown in a terminal and in Markdown from the same lines, so that the two cannot differ."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from rich import box
from rich.table import Table


class TextTable(NamedTuple):
    """Title, header and lines of a table; the first column is a name, the others are figures unless they are named words."""

    title: str
    header: Sequence[str]
    lines: Sequence[Sequence[str]]

    def table(self, *, words: Collection[str] = (), wraps: bool = False, padding: tuple[int, int, int, int] = (0, 1, 0, 1)) -> Table:
        """Return what to print.

        Parameters
        ----------
        words
            Columns beside the first that are set to the left.
        wraps
            Whether columns beside the first may be broken into lines.
        """
        table = Table(title=self.title, box=box.SIMPLE_HEAD, title_justify="left", padding=padding)
        for place, name in enumerate(self.header):
            is_word = place == 0 or name in words
            table.add_column(name, justify="left" if is_word else "right", no_wrap=place == 0 or not wraps)
        for line in self.lines:
            table.add_row(*line)
        return table

    def markdown(self) -> str:
        """Return the same in Markdown, below its title."""
        rows = [self.header, ["---"] * len(self.header), *self.lines]
        return f"**{self.title}**\n\n" + "\n".join("| " + " | ".join(row) + " |" for row in rows)
