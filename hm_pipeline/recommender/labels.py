"""Labels of a week: its buyers, their purchases, and the candidates that were bought."""

import polars as pl

from hm_pipeline.base.columns import PAIR
from hm_pipeline.base.expressions import week_column
from hm_pipeline.engine.inputs import Inputs


def purchased_pairs(tables: Inputs, *, week_id: int) -> pl.LazyFrame:
    """Return the distinct (week_id, customer_id, article_id) of a week's purchases."""
    rows = tables.weekly("transactions").before(week_id + 1, weeks=1)  # a week without sales is empty, not missing
    return rows.select("week_id", *PAIR).unique().sort(PAIR)


def audience(tables: Inputs, *, week_id: int, kind: str) -> pl.LazyFrame:
    """Return who gets recommendations: everyone, or the buyers of the week.

    Only the buyers of the week are used, not their purchases.
    """
    everyone = tables.dimension("customers") if kind == "everyone" else purchased_pairs(tables, week_id=week_id)
    return everyone.select(week_column(week_id), "customer_id").unique().sort("customer_id")


def label_candidates(tables: Inputs, *, week_id: int) -> pl.LazyFrame:
    """Return the candidates of the week's buyers with ``is_bought``."""
    labels = purchased_pairs(tables, week_id=week_id)
    pairs = tables.weekly("candidates").at(week_id).select("week_id", *PAIR)
    return (
        pairs.join(labels.select("customer_id").unique(), on="customer_id", how="semi")
        .join(
            labels.select(*PAIR, pl.lit(True).alias("is_bought")),
            on=PAIR,
            how="left",
        )
        .with_columns(pl.col("is_bought").fill_null(value=False))
    )
