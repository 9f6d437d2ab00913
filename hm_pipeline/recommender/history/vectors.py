"""Collaborative vectors: articles bought by the same customers lie close to each other.

Source: truncated singular value decomposition of the customer x article matrix of half a year, by randomised
projection (Halko, Martinsson, Tropp 2011).  Grain: (article, week).  Customers' vectors are means over what they
bought and are made where they are used.
"""

import dataframely as dy
import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from hm_pipeline.base.contracts import ArticleWeek
from hm_pipeline.base.expressions import week_column
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.step import before
from hm_pipeline.recommender.history._lib import HistoryTable

DIMENSIONS = 32
WEEKS = 26  # the half year that holds what is on sale now and the season before it
DECIMALS = 5  # coarser than what another order of summation changes


class Vectors(ArticleWeek):
    """Collaborative vectors of articles bought by at least two customers in the window, of length 1."""

    vector = dy.Array(dy.Float32(nullable=False), DIMENSIONS, nullable=False, description="collaborative vector of length 1")


def compute(tables: Inputs, *, week_id: int, weeks: int = WEEKS, seed: int = 0) -> pl.DataFrame:
    """Return :class:`Vectors` at a week's cutoff.

    Parameters
    ----------
    weeks
        Window of purchases.
    seed
        Seed of the random projection.
    """
    pairs = tables.weekly("transactions").before(week_id, weeks=weeks).select("customer_id", "article_id").unique().collect()
    pairs = pairs.filter(pl.len().over("article_id") >= 2).sort("customer_id", "article_id")  # one buyer gives no direction
    articles = pairs["article_id"].unique().sort()
    vectors = np.round(_decompose(pairs, articles, seed), DECIMALS).astype(np.float32)
    return pl.DataFrame(
        {"article_id": articles, "vector": vectors},
        schema={"article_id": pl.Int64, "vector": pl.Array(pl.Float32, DIMENSIONS)},
    ).select(week_column(week_id), "article_id", "vector")


def _decompose(pairs: pl.DataFrame, articles: pl.Series, seed: int) -> np.ndarray:
    """Return unit vectors, shape (articles, DIMENSIONS); missing dimensions of a tiny shop are 0."""
    from scipy import sparse  # noqa: PLC0415 - takes seconds that opening Dagster's UI need not pay
    from sklearn.utils.extmath import randomized_svd  # noqa: PLC0415 - as above

    vectors = np.zeros((len(articles), DIMENSIONS))
    rows = pairs["customer_id"].rank("dense").cast(pl.Int64).to_numpy() - 1
    columns = articles.search_sorted(pairs["article_id"]).to_numpy()
    if len(articles) < 2 or rows.max() < 1:
        return vectors
    # Popular articles and busy customers carry little information: both are weighted down.
    weights = 1 / np.sqrt(np.bincount(rows)[rows] * np.bincount(columns)[columns])
    matrix = sparse.csr_matrix((weights, (rows, columns)), shape=(int(rows.max()) + 1, len(articles)))
    with threadpool_limits(1):  # one thread, so that sums are taken in one order
        _, strengths, right = randomized_svd(matrix, min(DIMENSIONS, *(side - 1 for side in matrix.shape)), n_iter=4, random_state=seed)
    vectors[:, : right.shape[0]] = right.T * strengths
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors /= np.where(lengths > 0, lengths, 1)
    return vectors


HISTORY = HistoryTable(
    name="vectors",
    schema=Vectors,
    compute=compute,
    reads=(before("transactions", WEEKS),),
    description="Collaborative vectors: articles bought by the same customers lie close.",
    unit="vectors of length 1: a product of two is their cosine",
    why="Joint purchases predict the similarity of articles better than any text.",
    is_seeded=True,
)
