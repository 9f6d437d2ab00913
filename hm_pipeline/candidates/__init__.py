"""Who might buy what this week: one file a strategy, and the first stage that keeps the best of all proposals."""

from hm_pipeline.candidates import bought_together, popular, popular_by_age, repurchase, same_product
from hm_pipeline.candidates._strategy import Strategy

# The order is the order of columns, and of precedence where two strategies give an article the same rank.
STRATEGIES: tuple[Strategy, ...] = (
    repurchase.STRATEGY,
    same_product.STRATEGY,
    bought_together.STRATEGY,
    popular_by_age.STRATEGY,
    popular.STRATEGY,
)
