"""MAP@12 over the weeks, as an SVG to put into a page."""

import io
from collections.abc import Sequence

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hm_pipeline.evaluation.scoreboard.rows import WeekRow


def draw_weeks(weeks: Sequence[WeekRow]) -> str:
    """Draw a line for each model over the weeks.

    Names of the SVG's parts are salted and no date is written, so that the same scores give the same bytes.
    """
    with mpl.rc_context({"svg.hashsalt": "scoreboard", "svg.fonttype": "none", "font.family": "sans-serif"}):
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        axes = figure.add_subplot(xlabel="week", ylabel="MAP@12")
        week_ids = [week.week_id for week in weeks]
        for model in weeks[0].scores:
            axes.plot(week_ids, [week.scores[model] for week in weeks], marker="o", markersize=3, label=model)
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(loc="outside right upper", frameon=False)
        picture = io.StringIO()
        figure.savefig(picture, format="svg", metadata={"Date": None})
    text = picture.getvalue()
    return text[text.index("<svg") :]  # without the XML prologue, which has no place inside a page
