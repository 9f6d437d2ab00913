"""Reliability of a probability: predicted beside observed shares."""

import polars as pl

from hm_pipeline.base.expressions import or_unknown
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.presentation import stored_rows
from hm_pipeline.recommender.plots.canvas import Canvas

EARLIER = 4  # weeks whose probabilities are shown: the week's own purchases are not known yet
LEAST = 30  # pairs in a bin; the share of fewer is noise


def draw_reliability(predicted: pl.DataFrame, *, bins: int = 10) -> bytes:
    """Draw the share that came true in bins of equal size, against the mean probability of the bin.

    Parameters
    ----------
    predicted
        ``probability`` and ``came_true``, one row per statement.
    """
    used = max(1, min(bins, predicted.height // LEAST))
    place = ((pl.col("probability").rank("ordinal") - 1) * used // pl.len()).alias("bin")
    points = predicted.with_columns(place).group_by("bin").agg(pl.col("probability").mean(), pl.col("came_true").mean()).sort("bin")
    sheet = Canvas(4.4, 3.6)
    axes = sheet.axes
    most = max(0.01, *points["probability"].to_list(), *points["came_true"].to_list()) * 1.1
    axes.plot([0, most], [0, most], color="grey", linewidth=0.8, linestyle="--", label="as predicted")
    axes.plot(points["probability"].to_list(), points["came_true"].to_list(), marker="o", markersize=4, label="came true")
    axes.set(xlabel="predicted probability", ylabel="share that came true", xlim=(0, most), ylim=(0, most))
    axes.legend(frameon=False, fontsize=8)
    return sheet.png()


def reliability_of_earlier_weeks(graph: Graph, week_id: int) -> bytes | None:
    """Return the reliability of the need for types in the weeks before, among those who bought anything."""
    need, key = "signal/type_need", ["customer_id", "product_type_no"]
    past = range(week_id - EARLIER, week_id)
    types = graph.home.dimension("articles").select("article_id", or_unknown("product_type_no"))
    frames = []
    for week in (week for week in past if graph.is_stored(need, week) and graph.is_stored("transactions", week)):
        predicted = stored_rows(graph, need, week).select(*key, pl.col("type_need").alias("probability"))
        bought = stored_rows(graph, "transactions", week).join(types, on="article_id").select(key).unique()
        # The probability is of a type if anything is bought, so only buyers of the week count.
        of_buyers = predicted.join(bought.select("customer_id").unique(), on="customer_id", how="semi")
        hits = bought.with_columns(came_true=pl.lit(1.0))
        frames.append(of_buyers.join(hits, on=key, how="left").select(*key, "probability", pl.col("came_true").fill_null(0.0)))
    rows = pl.concat(frames).sort("probability", *key).collect() if frames else pl.DataFrame()
    return None if rows.is_empty() else draw_reliability(rows)
