"""The articles most often bought with or after each article in the last weeks, newer weeks counting more.

Source: basket pairs of the window.  Grain: (week, article, neighbour).
"""

import dataframely as dy
import polars as pl

from hm_pipeline.base.expressions import week_column
from hm_pipeline.base.fixed_point import UNIT
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.step import at
from hm_pipeline.recommender.history._lib import HistoryTable

WEEKS = 12  # a season; older pairs name articles that have left the shop


class BoughtTogether(dy.Schema):
    """Neighbours of an article, best first."""

    week_id = dy.Int64(primary_key=True, description="week at whose cutoff this was known")
    article_id = dy.Int64(primary_key=True, description="article that a customer has bought")
    other_id = dy.Int64(primary_key=True, description="article bought with it or after it")
    pair_count = dy.Int64(nullable=False, min=1, description="customers who did so, decayed with the weeks, in 1/1024")
    pair_rank = dy.Int32(nullable=False, min=1, description="rank among the neighbours of the article, 1 is most often")


def compute(tables: Inputs, *, week_id: int, weeks: int = WEEKS, neighbours: int = 30, least: int = 1) -> pl.LazyFrame:
    """Return :class:`BoughtTogether` at a week's cutoff.

    Parameters
    ----------
    weeks
        Window, and the scale of the linear decay: the newest week counts 1, the oldest 1 / weeks.
    neighbours
        Kept per article.
    least
        Customers, undecayed, that make a pair worth keeping; a small shop has few.
    """
    age = pl.lit(week_id, dtype=pl.Int64) - pl.col("week_id")  # 0 is the newest: partition w holds pairs of week w - 1
    weight = UNIT * (weeks - age) // weeks
    pairs = tables.weekly("history/basket_pairs").before(week_id + 1, weeks=weeks)
    return (
        pairs.group_by("article_id", "other_id")
        .agg(
            (pl.col("customer_count") * weight).sum().cast(pl.Int64).alias("pair_count"), pl.col("customer_count").sum().alias("customers")
        )
        .filter(pl.col("customers") >= least, pl.col("pair_count") > 0)
        .sort("article_id", "pair_count", "other_id", descending=[False, True, False])
        .with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int32).over("article_id").alias("pair_rank"))
        .filter(pl.col("pair_rank") <= neighbours)
        .select(week_column(week_id), "article_id", "other_id", "pair_count", "pair_rank")
    )


HISTORY = HistoryTable(
    name="bought_together",
    schema=BoughtTogether,
    compute=compute,
    reads=(at("history/basket_pairs", back=WEEKS - 1),),
    description="The articles most often bought with or after each article in the last weeks.",
    unit="times bought after one another, later weeks counting more",
    why="Articles bought together are a source of candidates.",
)
