"""From what customers bought to its neighbours: a sparse product, the best of each row."""

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from hm_pipeline.recommender.candidates._lib.packed_sort import index_of

if TYPE_CHECKING:
    from scipy import sparse

PLACE_BITS, SCORE_BITS = 20, 43  # of one number that holds a score and the place of the article


@dataclass(frozen=True)
class Neighbours:
    """Neighbours of articles, with strengths.

    Parameters
    ----------
    article_ids, other_ids
        Ids by position, sorted.
    strengths
        Sparse matrix of integers, shape (articles, others).
    """

    article_ids: pl.Series
    other_ids: pl.Series
    strengths: "sparse.csr_matrix"

    @classmethod
    def of(cls, pairs: pl.LazyFrame) -> "Neighbours":
        """Arrange ``article_id``, ``other_id`` and the integer ``strength``."""
        from scipy import sparse  # noqa: PLC0415 - takes time that opening Dagster's UI need not pay

        near = pairs.collect()
        articles, others = (near[name].unique().sort() for name in ("article_id", "other_id"))
        at = index_of(articles, near["article_id"]), index_of(others, near["other_id"])
        return cls(articles, others, sparse.csr_matrix((near["strength"].to_numpy(), at), shape=(len(articles), len(others))))


def best_neighbours(own: pl.LazyFrame, neighbours: Neighbours, *, most: int) -> pl.LazyFrame:
    """Return the best neighbours of what customers bought: ``customer_id``, ``article_id`` and the integer ``score``.

    The score of an article is the sum over the customer's articles of ``weight * strength``.  Ties go to the lower
    article.  The rows of a customer are in any order.

    Parameters
    ----------
    own
        ``customer_id``, ``article_id`` and ``weight``, an integer.
    most
        Articles per customer.
    """
    from scipy import sparse  # noqa: PLC0415 - as above

    articles = neighbours.article_ids
    every = own.collect()
    customers, bought = every["customer_id"].unique().sort(), every.filter(pl.col("article_id").is_in(articles.implode()))
    at = index_of(customers, bought["customer_id"]), index_of(articles, bought["article_id"])
    weights = sparse.csr_matrix((bought["weight"].to_numpy(), at), shape=(len(customers), len(articles)))
    product = weights @ neighbours.strengths
    row, place, score = _best_of_rows(product.indptr, product.indices, product.data, most)
    return pl.LazyFrame(
        {"customer_id": customers.gather(row), "article_id": neighbours.other_ids.gather(place), "score": score},
        schema={"customer_id": pl.Int64, "article_id": pl.Int64, "score": pl.Int64},
    )


def _best_of_rows(starts: np.ndarray, columns: np.ndarray, values: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return row, column and value of the largest ``most`` values above 0 of each row of a sparse matrix, a row's in any order."""
    packed = ((2**SCORE_BITS - 1 - np.minimum(values.astype(np.int64), 2**SCORE_BITS - 1)) << PLACE_BITS) | columns
    found = [np.empty(0, np.int64)]
    for first, last in pairwise(starts.tolist()):
        of_row = packed[first:last]
        found.append(np.partition(of_row, most - 1)[:most] if last - first > most else of_row)
    every, chosen = np.repeat(np.arange(len(starts) - 1), np.minimum(np.diff(starts), most)), np.concatenate(found)
    score = 2**SCORE_BITS - 1 - (chosen >> PLACE_BITS)
    return every[score > 0], (chosen & (2**PLACE_BITS - 1))[score > 0], score[score > 0]
