"""Forecast growth against actual growth: one dot for each clothing type and week."""

import polars as pl

from hm_pipeline.base.expressions import or_unknown
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.presentation import stored_rows
from hm_pipeline.recommender.plots.canvas import Canvas

LARGEST = 260.0  # points, of the type with the largest share
NAMED = 6
EARLIER = 4  # weeks whose forecasts are shown: the week's own sales are not known yet
TICKS = (0.6, 0.8, 1.0, 1.2, 1.4, 1.6)


def draw_growth(rows: pl.DataFrame) -> bytes:
    """Draw forecast growth across and actual growth upwards, both over the mean of the four weeks before.

    Parameters
    ----------
    rows
        ``product_type_name``, ``expected_growth``, ``growth`` and ``share`` of the week's units, which is the size of a
        dot; one row per type and week.
    """
    sheet = Canvas(5.5, 4.2)
    axes = sheet.axes
    drawn = rows.filter(pl.col("expected_growth") > 0, pl.col("growth") > 0)
    sizes = (LARGEST * drawn["share"] / (drawn["share"].max() or 1.0)).to_numpy()
    axes.scatter(drawn["expected_growth"].to_numpy(), drawn["growth"].to_numpy(), s=sizes, alpha=0.45, linewidths=0)
    ends = [0.5, 2.0]
    axes.plot(ends, ends, color="grey", linewidth=0.8, linestyle="--")
    axes.axhline(1, color="lightgrey", linewidth=0.8, zorder=0)
    axes.axvline(1, color="lightgrey", linewidth=0.8, zorder=0)
    moved = drawn.sort((pl.col("growth").log().abs() * pl.col("share")), "product_type_name", descending=[True, False])
    for name, x, y in moved.unique("product_type_name", keep="first", maintain_order=True).head(NAMED).select(
        "product_type_name", "expected_growth", "growth"
    ).iter_rows():  # fmt: skip
        axes.annotate(name, (x, y), fontsize=7, xytext=(4, 3), textcoords="offset points")
    axes.set(
        xscale="log",
        yscale="log",
        xlim=(0.6, 1.6),
        ylim=(0.6, 1.6),
        xlabel="share expected over the last four weeks' share",
        ylabel="share that came",
    )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(TICKS, [f"{tick:.1f}" for tick in TICKS])
        axis.set_ticks([], minor=True)
    return sheet.png()


def growth_of_earlier_weeks(graph: Graph, week_id: int) -> bytes | None:
    """Return the forecasts of the weeks before beside their sales."""
    if not graph.is_stored("history/type_sales", week_id):
        return None
    names = graph.home.dimension("articles").select("article_id", or_unknown("product_type_no"), "product_type_name")
    sales = stored_rows(graph, "history/type_sales", week_id).group_by("product_type_no", "sold_week_id").agg(pl.col("sold_count").sum())
    shares = sales.with_columns((pl.col("sold_count") / pl.col("sold_count").sum().over("sold_week_id")).alias("share")).collect()
    frames = []
    for past in range(week_id - EARLIER, week_id):
        if not graph.is_stored("signal/seasonality", past) or shares.filter(pl.col("sold_week_id") == past).is_empty():
            continue
        forecast = stored_rows(graph, "signal/seasonality", past).join(names, on="article_id")
        types = forecast.group_by("product_type_no").agg(
            pl.col("seasonality_growth").max().alias("expected_growth"), pl.col("product_type_name").min()
        )
        month = shares.lazy().filter(pl.col("sold_week_id").is_between(past - 4, past - 1)).group_by("product_type_no")
        now = shares.lazy().filter(pl.col("sold_week_id") == past).select("product_type_no", "share")
        known = types.join(month.agg(before=pl.col("share").sum() / 4), on="product_type_no").join(now, on="product_type_no")
        frames.append(known.with_columns(growth=pl.col("share") / pl.col("before")))
    rows = pl.concat(frames).sort("product_type_no", "share").collect() if frames else pl.DataFrame()
    return None if rows.is_empty() else draw_growth(rows.with_columns(pl.col("product_type_name").fill_null("unknown")))
