"""Candidates of a week: one file a strategy, and the first stage that keeps the best of all proposals."""

from hm_pipeline.recommender.candidates import (
    bought_together,
    comeback,
    launches,
    popular,
    popular_by_age,
    popular_in_department,
    repurchase,
    same_product,
    similar_customers,
)
from hm_pipeline.recommender.candidates._lib.strategy import Strategy

# The order is the order of columns, and of precedence where two strategies give an article the same rank.
STRATEGIES: tuple[Strategy, ...] = (
    repurchase.STRATEGY,
    same_product.STRATEGY,
    bought_together.STRATEGY,
    similar_customers.STRATEGY,
    popular_by_age.STRATEGY,
    comeback.STRATEGY,
    popular_in_department.STRATEGY,
    popular.STRATEGY,
    launches.STRATEGY,
)
