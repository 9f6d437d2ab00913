"""Forecast sales against actual sales."""

import polars as pl

from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.presentation import stored_rows
from hm_pipeline.recommender.plots.canvas import Canvas


def draw_forecast(articles: pl.DataFrame) -> bytes:
    """Draw every article: units expected in a week across, units that were sold upwards.

    Parameters
    ----------
    articles
        ``sold_units`` and ``expected_units`` of a week; colour is ``availability``, the probability of any sale.
    """
    sheet = Canvas(5.5, 3.8)
    axes = sheet.axes
    dots = axes.scatter(
        articles["expected_units"].to_numpy(),
        articles["sold_units"].to_numpy(),
        c=articles["availability"].to_numpy(),
        s=9,
        vmin=0,
        vmax=1,
        cmap="viridis",
        linewidths=0,
    )
    most = max(1.0, float(articles["sold_units"].max() or 0), float(articles["expected_units"].max() or 0))  # type: ignore[arg-type]
    axes.plot([0, most], [0, most], color="grey", linewidth=0.8, linestyle="--")
    axes.set_xscale("symlog", linthresh=1)
    axes.set_yscale("symlog", linthresh=1)
    axes.set(xlabel="units expected", ylabel="units sold", xlim=(0, most * 1.1), ylim=(0, most * 1.1))
    sheet.figure.colorbar(dots, label="probability of any sale")
    return sheet.png()


def forecast_of_the_week_before(graph: Graph, week_id: int) -> bytes | None:
    """Return the forecast of the week before beside its sales: the week's own are not known yet."""
    past = week_id - 1
    if not (graph.is_stored("signal/availability", past) and graph.is_stored("transactions", past)):
        return None
    sold = stored_rows(graph, "transactions", past).group_by("article_id").agg(sold_units=pl.len())
    expected = stored_rows(graph, "signal/availability", past).select("article_id", "availability", expected_units="availability_units")
    both = expected.join(sold, on="article_id", how="left").with_columns(pl.col("sold_units").fill_null(0)).sort("article_id").collect()
    return None if both.is_empty() else draw_forecast(both)
