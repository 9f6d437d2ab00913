"""MAP@12 over the weeks, a line for each rung of the ladder."""

import polars as pl
from matplotlib.ticker import MaxNLocator

from hm_pipeline.plots.canvas import Sheet, legend_outside


def draw_scores(scores: pl.DataFrame) -> bytes:
    """Draw the rungs over the weeks that were judged.

    Parameters
    ----------
    scores
        ``week_id``, ``rung`` and ``map_at_12``.
    """
    sheet = Sheet()
    with legend_outside(sheet) as axes:
        for (rung,), line in scores.sort("rung", "week_id").group_by("rung", maintain_order=True):
            axes.plot(line["week_id"].to_list(), line["map_at_12"].to_list(), marker="o", markersize=3, label=str(rung))
        axes.set(xlabel="week", ylabel="MAP@12", ylim=(0, None))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return sheet.png()
