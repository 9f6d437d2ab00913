"""MAP@12 over the weeks, a line for each rung of the ladder."""

import polars as pl

from hm_pipeline.base.calendar import REFERENCE, Calendar
from hm_pipeline.recommender.plots.canvas import Canvas, first_days, legend_outside


def draw_scores(scores: pl.DataFrame, *, calendar: Calendar = REFERENCE) -> bytes:
    """Draw the rungs over the weeks that were judged.

    Parameters
    ----------
    scores
        ``week_id``, ``model`` and ``map_at_12``.
    calendar
        Says on which day a week begins.
    """
    sheet = Canvas()
    with legend_outside(sheet) as axes:
        for (model,), line in scores.sort("model", "week_id").group_by("model", maintain_order=True):
            axes.plot(first_days(line["week_id"], calendar), line["map_at_12"].to_list(), marker="o", markersize=3, label=str(model))
        axes.set(ylabel="MAP@12", ylim=(0, None))
    return sheet.png()
