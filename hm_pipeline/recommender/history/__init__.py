"""The weekly state that strategies and signals share: one file a table, in an order that puts what is read first."""

from hm_pipeline.recommender.history import (
    article_sales,
    basket_pairs,
    bought_together,
    shared_buyers,
    type_pairs,
    type_rates,
    type_sales,
    vectors,
)
from hm_pipeline.recommender.history._lib import HistoryTable

HISTORY: tuple[HistoryTable, ...] = (
    article_sales.HISTORY,
    type_sales.HISTORY,
    type_rates.HISTORY,
    type_pairs.HISTORY,
    basket_pairs.HISTORY,
    bought_together.HISTORY,
    shared_buyers.HISTORY,
    vectors.HISTORY,
)

__all__ = ["HISTORY", "HistoryTable"]
