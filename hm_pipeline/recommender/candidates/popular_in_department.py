"""Best sellers of the last days in the departments the customer bought from."""

import dataframely as dy
import polars as pl

from hm_pipeline.base.contracts import Pair
from hm_pipeline.base.expressions import or_unknown
from hm_pipeline.base.fixed_point import SCALE
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.candidates._lib.strategy import Strategy, favourite_values, rank_proposals
from hm_pipeline.recommender.history.article_sales import recent_sales_score


class PopularInDepartment(Pair):
    """Best sellers of the customer's departments."""

    popular_in_department_rank = dy.Int16(nullable=False, min=1, description="rank among the departments' best sellers, 1 is best")
    popular_in_department_score = dy.Float32(
        nullable=False, min=0, description="units of the last days times the department's share of the customer's purchases"
    )


def compute(
    tables: Inputs, *, week_id: int, half_life_days: float = 90, departments: int = 10, of_each: int = 8, most: int = 60
) -> pl.LazyFrame:
    """Return :class:`PopularInDepartment` for those of the audience who bought before.

    Parameters
    ----------
    half_life_days
        A season: what departments somebody likes changes slower than what is worn.
    departments
        Departments of a customer, the most bought first.
    of_each
        Articles of each; the public solution that added this source took six.
    most
        Articles per customer.
    """
    kinds = tables.dimension("articles").select("article_id", or_unknown("department_no"))
    sold = tables.weekly("history/article_sales").at(week_id).filter(pl.col("day_7_count") > 0)
    best = (
        sold.select("article_id", recent_sales_score().alias("fresh"))
        .join(kinds, on="article_id")
        .sort("department_no", "fresh", "article_id", descending=[False, True, False])
        .filter(pl.int_range(pl.len()).over("department_no") < of_each)
    )
    favourites = favourite_values(tables, "department_no", week_id=week_id, half_life_days=half_life_days, most=departments)
    score = (SCALE * pl.col("weight") * pl.col("fresh") // pl.col("all")).alias("score")
    proposals = favourites.join(best, on="department_no").select("customer_id", "article_id", score)
    return PopularInDepartment.cast(rank_proposals(proposals, "popular_in_department", week_id=week_id, most=most))


STRATEGY = Strategy(
    name="popular_in_department", schema=PopularInDepartment, compute=compute, inputs=("purchases", "articles", "history/article_sales")
)
