"""Lift between clothing types in the same visit and in the next: how much likelier one makes the other.

Source: visits of the last weeks, a visit being a customer's week with purchases.  Grain: (week, clothing type, other).
"""

import dataframely as dy
import numpy as np
import polars as pl
from scipy import sparse

from hm_pipeline.base.expressions import or_unknown
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.step import at, before
from hm_pipeline.recommender.history._lib import HistoryTable

WEEKS = 16  # a season and what leads over to the next
SMOOTHING = 20.0  # visits of the average customer that are added to every type's own
DECIMALS = 5


class TypePairs(dy.Schema):
    """Lifts of clothing types."""

    week_id = dy.Int64(primary_key=True, description="week at whose cutoff this was known")
    product_type_no = dy.Int64(primary_key=True, description="clothing type that was bought, -1 is unknown")
    other_type_no = dy.Int64(primary_key=True, description="other clothing type, or the same")
    next_lift = dy.Float32(nullable=False, description="logarithm of how much likelier the other is in the customer's next visit")
    with_lift = dy.Float32(nullable=False, description="logarithm of how much likelier the other is in the same visit; 0 of itself")


def compute(tables: Inputs, *, week_id: int, weeks: int = WEEKS) -> pl.DataFrame:
    """Return :class:`TypePairs` at a week's cutoff."""
    kinds = tables.dimension("articles").select("article_id", or_unknown("product_type_no"))
    sold = tables.weekly("transactions").before(week_id, weeks=weeks).join(kinds, on="article_id")
    taken = sold.select("customer_id", "week_id", "product_type_no").unique().sort("customer_id", "week_id", "product_type_no").collect()
    types = taken["product_type_no"].unique().sort()
    visit = taken.select(pl.struct("customer_id", "week_id").rle_id()).to_series().to_numpy()
    count = int(visit.max()) + 1 if len(visit) else 0
    where = visit, types.search_sorted(taken["product_type_no"]).to_numpy()
    visits = sparse.csr_matrix((np.ones(len(visit)), where), shape=(count, len(types)))
    customer = taken["customer_id"].to_numpy()[np.searchsorted(visit, np.arange(count))]
    earlier = np.flatnonzero(customer[1:] == customer[:-1])  # visits that another of the same customer follows
    together = _lift(visits, visits)
    np.fill_diagonal(together, 0)
    return pl.DataFrame(
        {
            "week_id": np.full(len(types) ** 2, week_id, np.int64),
            "product_type_no": np.repeat(types.to_numpy(), len(types)).astype(np.int64),
            "other_type_no": np.tile(types.to_numpy(), len(types)).astype(np.int64),
            "next_lift": _lift(visits[earlier], visits[earlier + 1]).ravel().astype(np.float32),
            "with_lift": together.ravel().astype(np.float32),
        }
    )


def _lift(given: sparse.csr_matrix, taken: sparse.csr_matrix) -> np.ndarray:
    """Return ``log(P(other | type) / P(other))``, shape (types, types), drawn to 0 where a type has few visits."""
    both = (given.T @ taken).toarray()
    had = np.asarray(given.sum(axis=0)).ravel()[:, None]
    base = (np.asarray(taken.sum(axis=0)).ravel() + 1e-3) / (taken.shape[0] + 1)
    return np.asarray(np.round(np.log((both + SMOOTHING * base) / ((had + SMOOTHING) * base)), DECIMALS))


HISTORY = HistoryTable(
    name="type_pairs",
    schema=TypePairs,
    compute=compute,
    reads=(before("transactions", WEEKS), at("articles")),
    description="Which clothing types go with, and follow on, which others.",
    unit="logarithms of ratios",
    why="A new coat calls for a scarf: types follow on, and go with, one another.",
)
