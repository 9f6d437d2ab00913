"""Does the season ask for it?  The share of demand that a clothing type will have in the week.

Source: the type's share of the last weeks, moved as the same weeks moved a year before, the movement shrunk where
the type sold little.  Grain: (article, week); articles of one type share its value.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.contracts import ArticleWeek
from hm_pipeline.inputs import Inputs
from hm_pipeline.signals._signal import Signal

YEAR = 52  # weeks


class Seasonality(ArticleWeek):
    """Season of every article's clothing type."""

    seasonality = dy.Float32(
        nullable=False, min=0, description="expected share of the type over its mean share of the last year; above 1 is in season"
    )
    seasonality_share = dy.Float32(nullable=False, min=0, description="expected share of the type in all units of the week")
    seasonality_growth = dy.Float32(nullable=False, min=0, description="expected share over the share of the last four weeks")


def compute(tables: Inputs, *, week_id: int, recent: int = 4, shrink: int = 200) -> pl.LazyFrame:
    """Return :class:`Seasonality` of the week for the whole catalogue.

    Parameters
    ----------
    recent
        Weeks of the level, and of the same weeks a year before that its movement is read from.
    shrink
        Units of last year's weeks at which the movement counts half: with few units it is chance.
    """
    sales = tables.weekly("history/type_sales").at(week_id)
    shares = sales.with_columns((pl.col("sold_count") / pl.col("sold_count").sum().over("sold_week_id")).alias("share"))
    ago = pl.lit(week_id) - pl.col("sold_week_id")

    def mean_share(chosen: pl.Expr, weeks: pl.Expr) -> pl.Expr:
        """Mean over the weeks that have sales at all; a type without sales in one counts 0 there."""
        return pl.col("share").filter(chosen).sum() / weeks.clip(1)

    known = sales.select(ago.alias("ago")).unique()
    windows = {"level": ago.is_between(1, recent), "base": ago.is_between(YEAR + 1, YEAR + recent), "year": ago.is_between(1, YEAR)}
    counted = {name: known.filter(_window(name, recent)).select(pl.len()).collect().item() for name in windows}
    types = (
        shares.sort("product_type_no", "sold_week_id")
        .group_by("product_type_no", maintain_order=True)
        .agg(
            *(mean_share(chosen, pl.lit(counted[name])).alias(name) for name, chosen in windows.items()),
            pl.col("share").filter(ago == YEAR).sum().alias("same_week"),
            pl.col("sold_count").filter(ago.is_between(YEAR, YEAR + recent)).sum().alias("seen"),
        )
    )
    return Seasonality.validate(_publish(types, tables.static("articles"), week_id=week_id, shrink=shrink))


def _window(name: str, recent: int) -> pl.Expr:
    first, last = {"level": (1, recent), "base": (YEAR + 1, YEAR + recent), "year": (1, YEAR)}[name]
    return pl.col("ago").is_between(first, last)


def _publish(types: pl.LazyFrame, articles: pl.LazyFrame, *, week_id: int, shrink: int) -> pl.LazyFrame:
    """Turn shares of types into the signal of articles; a type that never sold expects nothing."""
    moved = pl.col("same_week") / pl.col("base")
    trust = pl.col("seen") / (pl.col("seen") + shrink)
    growth = pl.when(pl.col("base") > 0).then(trust * moved.clip(0.2, 5) + (1 - trust)).otherwise(1.0)
    expected = types.with_columns(growth.alias("growth")).with_columns((pl.col("level") * pl.col("growth")).alias("expected"))
    ratio = pl.when(pl.col("year") > 0).then(pl.col("expected") / pl.col("year"))
    return (
        articles.select("article_id", pl.col("product_type_no").fill_null(-1))
        .join(expected, on="product_type_no", how="left")
        .select(
            pl.lit(week_id, dtype=pl.Int64).alias("week_id"),
            "article_id",
            ratio.fill_null(0).round(5).cast(pl.Float32).alias("seasonality"),
            pl.col("expected").fill_null(0).round(7).cast(pl.Float32).alias("seasonality_share"),
            pl.col("growth").fill_null(1).round(5).cast(pl.Float32).alias("seasonality_growth"),
        )
    )


SIGNAL = Signal(
    schema=Seasonality,
    compute=compute,
    inputs=("articles", "history/type_sales"),
    why="Shorts sell in June, whoever is asked: last week's sales notice a turn of the season a week late.",
)
