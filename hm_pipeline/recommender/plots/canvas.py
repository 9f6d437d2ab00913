"""The sheet that plots are drawn on: no display, no global state, one look."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl

from hm_pipeline.base.calendar import Calendar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL import Image

COLOURS = 96  # a palette makes a third of the bytes, and no eye sees the difference
DPI = 80  # a picture travels inside an event of the run's log, so it stays small


class Canvas:
    """One figure with one pair of axes."""

    def __init__(self, width: float = 7.5, height: float = 3.2) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - matplotlib is loaded where something is drawn
        from matplotlib.figure import Figure  # noqa: PLC0415 - as above

        self.figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained")
        self.canvas = FigureCanvasAgg(self.figure)
        self.axes: Axes = self.figure.add_subplot()
        self.axes.spines[["top", "right"]].set_visible(False)

    def png(self) -> bytes:
        """Return the drawn picture; the same drawing gives the same bytes."""
        picture = io.BytesIO()
        self._drawn().quantize(COLOURS).save(picture, format="png", optimize=True)
        return picture.getvalue()

    def jpeg(self) -> bytes:
        """Return the drawn picture where it holds photos, which a palette would spoil."""
        picture = io.BytesIO()
        self._drawn().save(picture, format="jpeg", quality=82, optimize=True)
        return picture.getvalue()

    def _drawn(self) -> "Image.Image":
        from PIL import Image  # noqa: PLC0415 - as above

        self.canvas.draw()
        return Image.frombuffer("RGBA", self.canvas.get_width_height(), self.canvas.buffer_rgba()).convert("RGB")


@contextmanager
def legend_outside(sheet: Canvas) -> "Iterator[Axes]":
    """Draw over days on the axes, then put the legend beside them, where it hides no line."""
    from matplotlib.dates import ConciseDateFormatter  # noqa: PLC0415 - as above

    yield sheet.axes
    sheet.figure.legend(loc="outside right upper", frameon=False, fontsize=8)
    sheet.axes.xaxis.set_major_formatter(ConciseDateFormatter(sheet.axes.xaxis.get_major_locator()))


def first_days(weeks: pl.Series, calendar: Calendar) -> list[Any]:
    """Return the days on which weeks begin: what people read on an axis."""
    return [calendar.start(week_id) for week_id in weeks]
