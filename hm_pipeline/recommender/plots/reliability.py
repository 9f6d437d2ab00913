"""Reliability of a probability: what was said beside what came true."""

import polars as pl

from hm_pipeline.recommender.plots.canvas import Canvas

LEAST = 30  # pairs in a bin; the share of fewer is chance


def draw_reliability(said: pl.DataFrame, *, bins: int = 10) -> bytes:
    """Draw the share that came true in bins of equal size, against the mean probability of the bin.

    Parameters
    ----------
    said
        ``probability`` and ``came_true``, one row per statement.
    """
    used = max(1, min(bins, said.height // LEAST))
    place = ((pl.col("probability").rank("ordinal") - 1) * used // pl.len()).alias("bin")
    points = said.with_columns(place).group_by("bin").agg(pl.col("probability").mean(), pl.col("came_true").mean()).sort("bin")
    sheet = Canvas(4.4, 3.6)
    axes = sheet.axes
    most = max(0.01, *points["probability"].to_list(), *points["came_true"].to_list()) * 1.1
    axes.plot([0, most], [0, most], color="grey", linewidth=0.8, linestyle="--", label="as said")
    axes.plot(points["probability"].to_list(), points["came_true"].to_list(), marker="o", markersize=4, label="came true")
    axes.set(xlabel="probability said", ylabel="share that came true", xlim=(0, most), ylim=(0, most))
    axes.legend(frameon=False, fontsize=8)
    return sheet.png()
