"""Other colourways of the products the customer bought last, as far as they are still sold.

Articles share a ``product_code`` where they differ in colour or pattern alone.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.base.contracts import Pair
from hm_pipeline.base.fixed_point import days_before, decay
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.candidates._lib.strategy import Strategy, available_articles, last_purchases, rank_proposals


class SameProduct(Pair):
    """Colourways of products bought before."""

    same_product_rank = dy.Int16(nullable=False, min=1, description="rank among the colourways, 1 is best")
    same_product_score = dy.Float32(nullable=False, min=0, max=1, description="1 for a product bought now, halved every 30 days")


def compute(tables: Inputs, *, week_id: int, last: int = 12, half_life_days: float = 30, most: int = 24) -> pl.LazyFrame:
    """Return :class:`SameProduct` for the audience.

    Parameters
    ----------
    last
        Articles bought last whose products count.
    half_life_days
        As for repurchases.
    most
        Articles per customer.
    """
    products = tables.dimension("articles").select("article_id", "product_code").drop_nulls()
    bought = last_purchases(tables, week_id=week_id, most=last)
    wanted = bought.join(products, on="article_id").group_by("customer_id", "product_code").agg(pl.col("t_dat").max())
    sales = tables.weekly("history/article_sales").at(week_id).select("article_id", "day_7_count")
    on_sale = sales.join(available_articles(tables, week_id=week_id), on="article_id", how="semi").join(products, on="article_id")
    score = decay(days_before(tables.calendar.start(week_id)), half_life_days=half_life_days)
    proposals = wanted.join(on_sale, on="product_code").join(bought, on=["customer_id", "article_id"], how="anti")
    return SameProduct.cast(
        rank_proposals(proposals.with_columns(score.alias("score")), "same_product", week_id=week_id, most=most, then="day_7_count")
    )


STRATEGY = Strategy(
    name="same_product",
    schema=SameProduct,
    compute=compute,
    inputs=("purchases", "articles", "history/article_sales", "signal/availability"),
)
