"""Articles bought by the same customers, each common buyer weighted by how informative the two purchases are.

Source: transactions of the last weeks.  Grain: (week, article, neighbour).  It is what the neighbours of customers
recommend, summed beforehand: with TF-IDF vectors x of customers and 0/1 purchases r, the score of article j for
customer u over all neighbours v is ``sum_v <x_u, x_v> / |x_v| r_vj = sum_i x_ui C_ij`` with
``C_ij = sum_v x_vi r_vj / |x_v|``.  The sum over articles costs a tenth of the search for neighbours and is exact.
"""

from collections.abc import Iterator

import dataframely as dy
import numpy as np
import polars as pl
from scipy import sparse

from hm_pipeline.base.expressions import week_column
from hm_pipeline.base.fixed_point import UNIT
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.step import before
from hm_pipeline.recommender.history._lib import HistoryTable

WEEKS = 12  # a season, as for what is bought together
MOST_ARTICLES = 60  # of one customer, the newest: a reseller is nobody's neighbour, and would be squared
BLOCK = 4_000  # articles whose neighbours are counted at a time


class SharedBuyers(dy.Schema):
    """Neighbours of an article, best first."""

    week_id = dy.Int64(primary_key=True, description="week at whose cutoff this was known")
    article_id = dy.Int64(primary_key=True, description="article that a customer has bought")
    other_id = dy.Int64(primary_key=True, description="article that the same customers bought")
    likeness = dy.Int64(
        nullable=False, min=1, description="sum over common buyers of idf(article) squared over the buyer's norm, in 1/1024"
    )


def compute(tables: Inputs, *, week_id: int, weeks: int = WEEKS, neighbours: int = 50) -> pl.DataFrame:
    """Return :class:`SharedBuyers` at a week's cutoff.

    Parameters
    ----------
    weeks
        Window of purchases.
    neighbours
        Kept per article.
    """
    bought = tables.weekly("transactions").before(week_id, weeks=weeks).group_by("customer_id", "article_id").agg(pl.col("t_dat").max())
    ordered = bought.sort("customer_id", "t_dat", "article_id", descending=[False, True, False])
    pairs = ordered.filter(pl.int_range(pl.len()).over("customer_id") < MOST_ARTICLES).sort("customer_id", "article_id").collect()
    articles, customers = pairs["article_id"].unique().sort(), pairs["customer_id"].unique().sort()
    where = customers.search_sorted(pairs["customer_id"]).to_numpy(), articles.search_sorted(pairs["article_id"]).to_numpy()
    buyers = sparse.csr_matrix((np.ones(pairs.height), where), shape=(len(customers), len(articles)))
    found = list(_neighbours(buyers, neighbours))
    rows, others, strengths = (np.concatenate([block[place] for block in found] or [np.empty(0)]) for place in range(3))
    frame = {
        "article_id": articles.gather(rows.astype(np.int64)),
        "other_id": articles.gather(others.astype(np.int64)),
        "likeness": strengths.astype(np.int64),
    }
    return pl.DataFrame(frame, schema_overrides={"likeness": pl.Int64}).select(week_column(week_id), pl.all())


def _neighbours(buyers: sparse.csr_matrix, most: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield article, neighbour and likeness of a block of articles after another; all at once would not fit."""
    count = np.maximum(np.asarray(buyers.sum(axis=0)).ravel(), 1)
    idf = np.log1p(buyers.shape[0] / count)
    weighted = buyers @ sparse.diags(idf)
    norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    by_article = (sparse.diags(1 / np.maximum(norms, 1e-9)) @ weighted).T.tocsr()
    for start in range(0, buyers.shape[1], BLOCK):
        block = (sparse.diags(UNIT * idf[start : start + BLOCK]) @ by_article[start : start + BLOCK] @ buyers).tocoo()
        keep = block.row + start != block.col
        row, col, likeness = block.row[keep] + start, block.col[keep], np.rint(block.data[keep]).astype(np.int64)
        order = np.lexsort((col, -likeness, row))
        row, col, likeness = row[order], col[order], likeness[order]
        place = np.arange(len(row)) - np.searchsorted(row, row)
        kept = (place < most) & (likeness > 0)
        yield row[kept], col[kept], likeness[kept]


HISTORY = HistoryTable(
    name="shared_buyers",
    schema=SharedBuyers,
    compute=compute,
    reads=(before("transactions", WEEKS),),
    description="The articles most bought by the same customers as each article: the neighbours' recommendations, summed beforehand.",
    unit="similarity, each common buyer weighted by how informative both purchases are",
    why="Purchases of similar customers are the best source of candidates at a low cost.",
)
