"""Units sold per clothing type in every week so far: the two years that seasons are read from.

Source: transactions.  Grain: (week, clothing type, week of the sale); the state of a week holds all weeks before it.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.inputs import Inputs


class TypeSales(dy.Schema):
    """Units sold per clothing type and week of sale, as known at the cutoff of ``week_id``."""

    week_id = dy.Int64(primary_key=True, description="week at whose cutoff this was known")
    product_type_no = dy.Int64(primary_key=True, description="clothing type, -1 is unknown")
    sold_week_id = dy.Int64(primary_key=True, description="week of the sales")
    sold_count = dy.Int64(nullable=False, min=1, description="units sold in that week")


def compute(tables: Inputs, *, week_id: int) -> pl.LazyFrame:
    """Return :class:`TypeSales` at a week's cutoff: the week before's, and one more week."""
    types = tables.static("articles").select("article_id", pl.col("product_type_no").fill_null(-1))
    newest = (
        tables.weekly("transactions")
        .before(week_id, weeks=1)
        .join(types, on="article_id", how="left")
        .group_by(pl.col("product_type_no").fill_null(-1), pl.col("week_id").alias("sold_week_id"))
        .agg(pl.len().cast(pl.Int64).alias("sold_count"))
    )
    known = tables.weekly("history/type_sales").before(week_id, weeks=1)
    columns = ("product_type_no", "sold_week_id", "sold_count")
    return pl.concat([known.select(columns), newest.select(columns)]).select(pl.lit(week_id, dtype=pl.Int64).alias("week_id"), *columns)
