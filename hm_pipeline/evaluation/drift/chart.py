"""Picture of drift: the features whose PSI is highest, beside what single weeks before had, and what is moderate and large."""

import polars as pl

from hm_pipeline.evaluation.drift.week_drift import LARGE, MODERATE
from hm_pipeline.recommender.plots.canvas import Canvas

LINES = 15
LINE_HEIGHT, MARGIN = 0.25, 1.0  # inches
LEAST = 0.01  # left end of the axis, in logarithms: what is below it has not moved
DRIFTED, AS_USUAL, USUAL = "tab:red", "tab:blue", "darkgrey"


def draw_drift(rows: pl.DataFrame) -> bytes:
    """Draw PSI of the features that moved most, and beside it which way they moved.

    Parameters
    ----------
    rows
        Rows of :class:`~hm_pipeline.evaluation.drift.week_drift.Drift` with ``is_large``, the worst first.
    """
    worst = rows.filter(pl.col("psi").is_not_null()).head(LINES).with_columns(pl.col("psi", "usual_psi").clip(LEAST))
    sheet = Canvas(8.0, MARGIN + LINE_HEIGHT * max(worst.height, 3))
    axes, places = sheet.axes, pl.Series(range(worst.height))
    for value, name in ((MODERATE, f"moderate {MODERATE}"), (LARGE, f"large {LARGE}")):
        axes.axvline(value, color="lightgrey", linewidth=1, zorder=0)
        axes.annotate(
            name, (value, 1), xycoords=("data", "axes fraction"), xytext=(0, 3), textcoords="offset points", ha="center", fontsize=7
        )
    axes.hlines(
        places.to_list(),
        LEAST,
        worst["usual_psi"].to_list(),
        color=USUAL,
        linewidth=5,
        alpha=0.5,
        label="usual: single weeks before, or chance",
    )
    for chosen, colour, label in ((~pl.col("is_large"), AS_USUAL, "as usual, or small"), (pl.col("is_large"), DRIFTED, "drifted")):
        points = worst.with_columns(place=places).filter(chosen)
        axes.scatter(points["psi"].to_list(), points["place"].to_list(), color=colour, s=28, zorder=3, label=label, clip_on=False)
    axes.set_yticks(places.to_list(), worst["feature"].to_list(), fontsize=8)
    for place, row in zip(places, worst.iter_rows(named=True), strict=True):
        axes.annotate(_note(row), (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=7)
    axes.set_xscale("log")
    axes.set_ylim(max(worst.height, 3) - 0.5, -0.5)
    axes.set_xlim(LEAST, 1.3 * max([2 * LARGE, *worst["psi"].to_list(), *worst["usual_psi"].to_list()]))
    axes.xaxis.set_major_formatter(lambda value, _place: f"{value:g}")
    axes.xaxis.set_minor_formatter(lambda _value, _place: "")
    axes.set_xlabel("PSI against the weeks before; AUC 0.5: no shift, above it values are larger", fontsize=8)
    axes.tick_params(axis="x", labelsize=8)
    sheet.figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return sheet.png()


def _note(row: dict[str, float]) -> str:
    """Return whether values went up or down, and whether nulls came or went."""
    nulls = row["null_share"] - row["reference_null_share"]
    moved = "no values" if row["auc"] is None else f"AUC {row['auc']:.2f}"
    return f"{moved}, nulls {nulls:+.0%}" if abs(nulls) >= 0.005 else moved
