"""Share of a week's buyers that buy each clothing type, around every age: last week, and in the last four.

Source: transactions.  Grain: (week, age, clothing type).  The window around an age widens until enough buyers are in
it, so that a rare age is not one person's choice.
"""

import dataframely as dy
import numpy as np
import polars as pl

from hm_pipeline.base.expressions import or_unknown
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.step import at, before
from hm_pipeline.recommender.history._lib import HistoryTable

OLDEST, EVERYONE = 99, -1  # years; older buyers count as this, and the row that all ages share
WIDTHS = (2, 4, 8, 16, OLDEST)  # years on either side
MONTH = 4  # weeks


class TypeRates(dy.Schema):
    """Shares of buyers who took a clothing type."""

    week_id = dy.Int64(primary_key=True, description="week at whose cutoff this was known")
    age = dy.Int64(primary_key=True, description="age in years; -1 is everyone, and whose age is not known")
    product_type_no = dy.Int64(primary_key=True, description="clothing type, -1 is unknown")
    week_rate = dy.Float32(nullable=False, min=0, max=1, description="share of last week's buyers around the age who bought the type")
    month_rate = dy.Float32(nullable=False, min=0, max=1, description="the same of buyers of the last four weeks, each week's apart")


def compute(tables: Inputs, *, week_id: int, least: int = 500) -> pl.DataFrame:
    """Return :class:`TypeRates` at a week's cutoff.

    Parameters
    ----------
    least
        Buyers in the window around an age.
    """
    kinds = tables.dimension("articles").select("article_id", or_unknown("product_type_no"))
    ages = tables.dimension("customers").select("customer_id", pl.col("age").cast(pl.Int64).clip(0, OLDEST))
    sold = tables.weekly("transactions").before(week_id, weeks=MONTH).join(kinds, on="article_id").join(ages, on="customer_id", how="left")
    taken = sold.select("week_id", "customer_id", "age", "product_type_no").unique().collect()
    types = taken["product_type_no"].unique().sort()
    rates = {
        name: _rates(taken.filter(pl.col("week_id") >= week_id - weeks), types, least) for name, weeks in (("week", 1), ("month", MONTH))
    }
    every = np.arange(EVERYONE, OLDEST + 1)
    return pl.DataFrame(
        {
            "week_id": np.full(len(every) * len(types), week_id, np.int64),
            "age": np.repeat(every, len(types)).astype(np.int64),
            "product_type_no": np.tile(types.to_numpy(), len(every)).astype(np.int64),
            **{f"{name}_rate": values.ravel().astype(np.float32) for name, values in rates.items()},
        }
    )


def _rates(taken: pl.DataFrame, types: pl.Series, least: int) -> np.ndarray:
    """Return shares of buyers, shape (ages, types); row 0 is everyone."""
    buyers = taken.select("week_id", "customer_id", "age").unique()
    aged = taken.filter(pl.col("age").is_not_null())
    counts = np.zeros((OLDEST + 1, len(types)))
    np.add.at(counts, (aged["age"].to_numpy(), types.search_sorted(aged["product_type_no"]).to_numpy()), 1)
    people = np.bincount(buyers["age"].drop_nulls().to_numpy(), minlength=OLDEST + 1)
    rows = [np.bincount(types.search_sorted(taken["product_type_no"]).to_numpy(), minlength=len(types)) / max(buyers.height, 1)]
    for age in range(OLDEST + 1):
        windows = (slice(max(age - width, 0), age + width + 1) for width in WIDTHS)
        window = next((one for one in windows if people[one].sum() >= least), slice(None))
        rows.append(counts[window].sum(axis=0) / people[window].sum() if people[window].sum() else rows[0])
    return np.stack(rows)


HISTORY = HistoryTable(
    name="type_rates",
    schema=TypeRates,
    compute=compute,
    reads=(before("transactions", MONTH), at("articles"), at("customers")),
    description="Shares of buyers, around every age, who bought each clothing type in the last week and in the last four.",
    unit="shares of buyers",
    why="Purchases of an age group are the first estimate of a customer's need.",
)
