"""MAP@12 over the weeks, a line for each model of the leaderboard."""

import polars as pl

from hm_pipeline.base.calendar import REFERENCE, Calendar
from hm_pipeline.recommender.plots.canvas import Canvas, first_days, legend_outside


def draw_scores(scores: pl.DataFrame, *, calendar: Calendar = REFERENCE) -> bytes:
    """Draw a line for each model over the evaluated weeks.

    Parameters
    ----------
    scores
        ``week_id``, ``model`` and ``map_at_12``.
    calendar
        Gives the first day of a week.
    """
    sheet = Canvas()
    with legend_outside(sheet) as axes:
        for (model,), line in scores.sort("model", "week_id").group_by("model", maintain_order=True):
            axes.plot(first_days(line["week_id"], calendar), line["map_at_12"].to_list(), marker="o", markersize=3, label=str(model))
        axes.set(ylabel="MAP@12", ylim=(0, None))
    return sheet.png()
