"""Units sold per clothing type in every week so far: the two years that seasons are read from.

Source: transactions.  Grain: (week, clothing type, index group, age band, week of the sale); the state of a week
holds all weeks before it.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.base.expressions import or_unknown, week_column
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.presentation import Preview
from hm_pipeline.engine.step import at, before
from hm_pipeline.recommender.history._lib import HistoryTable
from hm_pipeline.recommender.plots.season import season_curves

AGE_EDGES = (30, 50)  # years: three bands of buyers, each with the volume of a shop of its own
CELL = ("product_type_no", "index_group_no", "age_band", "sold_week_id")


class TypeSales(dy.Schema):
    """Units sold per clothing type, index group, age band and week of sale, as known at the cutoff of ``week_id``."""

    week_id = dy.Int64(primary_key=True, description="week at whose cutoff this was known")
    product_type_no = dy.Int64(primary_key=True, description="clothing type, -1 is unknown")
    index_group_no = dy.Int64(primary_key=True, description="index group, -1 is unknown")
    age_band = dy.Int64(primary_key=True, description="buyers under 30 (0), under 50 (1), older (2), or of unknown age (-1)")
    sold_week_id = dy.Int64(primary_key=True, description="week of the sales")
    sold_count = dy.Int64(nullable=False, min=1, description="units sold in that week")


def age_band(age: pl.Expr) -> pl.Expr:
    """Return the band of an age in years, -1 where it is unknown."""
    return pl.when(age.is_not_null()).then(pl.sum_horizontal(age >= edge for edge in AGE_EDGES)).otherwise(-1).cast(pl.Int64)


def compute(tables: Inputs, *, week_id: int) -> pl.LazyFrame:
    """Return :class:`TypeSales` at a week's cutoff: the week before's, and one more week."""
    kinds = tables.dimension("articles").select("article_id", or_unknown("product_type_no", "index_group_no"))
    bands = tables.dimension("customers").select("customer_id", age_band(pl.col("age")).alias("age_band"))
    newest = (
        tables.weekly("transactions")
        .before(week_id, weeks=1)
        .join(kinds, on="article_id", how="left")
        .join(bands, on="customer_id", how="left")
        .with_columns(or_unknown("product_type_no", "index_group_no", "age_band"), pl.col("week_id").alias("sold_week_id"))
        .group_by(CELL)
        .agg(pl.len().cast(pl.Int64).alias("sold_count"))
    )
    known = tables.weekly("history/type_sales").before(week_id, weeks=1)
    columns = (*CELL, "sold_count")
    return pl.concat([known.select(columns), newest.select(columns)]).select(week_column(week_id), *columns)


HISTORY = HistoryTable(
    name="type_sales",
    schema=TypeSales,
    compute=compute,
    reads=(before("transactions", 1), before("history/type_sales", 1), at("articles"), at("customers")),
    description="Units sold per clothing type, index group and age band of buyers in every week so far.",
    unit="items sold in a week",
    why="Seasons are seen in types of clothing: single articles live too short.",
    previews=(Preview("season curves", season_curves),),
)
