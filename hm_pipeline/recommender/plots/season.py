"""Season curves: the share of demand that each clothing type had in every week so far."""

import polars as pl

from hm_pipeline.base.calendar import REFERENCE, Calendar
from hm_pipeline.base.expressions import or_unknown
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.presentation import stored_rows
from hm_pipeline.recommender.plots.canvas import Canvas, first_days, legend_outside


def draw_season_curves(sales: pl.DataFrame, *, types: int = 6, calendar: Calendar = REFERENCE) -> bytes:
    """Draw the types whose share moved most.

    Parameters
    ----------
    sales
        ``product_type_name``, ``sold_week_id`` and ``sold_count`` in units.
    types
        Curves drawn; more cannot be distinguished.
    calendar
        Gives the first day of a week.

    Returns
    -------
    bytes
        PNG; the vertical axis is the share of all units of the week.
    """
    every = sales.group_by("product_type_name", "sold_week_id").agg(pl.col("sold_count").sum())
    shares = every.with_columns(share=pl.col("sold_count") / pl.col("sold_count").sum().over("sold_week_id"))
    moved = shares.group_by("product_type_name").agg(pl.col("share").std().fill_null(0).alias("spread"))
    chosen = moved.sort("spread", "product_type_name", descending=[True, False]).head(types)["product_type_name"]
    sheet = Canvas()
    weeks = shares.select(pl.col("sold_week_id").unique().sort())
    with legend_outside(sheet) as axes:
        for name in chosen:
            of_type = shares.filter(pl.col("product_type_name") == name)
            curve = weeks.join(of_type, on="sold_week_id", how="left", maintain_order="left")
            axes.plot(first_days(curve["sold_week_id"], calendar), curve["share"].fill_null(0).to_list(), label=name, linewidth=1.4)
        axes.set(ylabel="share of units", ylim=(0, None))
    return sheet.png()


def season_curves(graph: Graph, week_id: int) -> bytes | None:
    """Return the season curves as known at a week's cutoff."""
    if not graph.is_stored("history/type_sales", week_id):
        return None
    names = graph.home.dimension("articles").select(or_unknown("product_type_no"), "product_type_name").unique("product_type_no")
    sales = stored_rows(graph, "history/type_sales", week_id).join(names, on="product_type_no", how="left")
    known = sales.with_columns(pl.col("product_type_name").fill_null("unknown")).collect()
    return None if known.is_empty() else draw_season_curves(known, calendar=graph.calendar)
