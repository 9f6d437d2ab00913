"""Training and validation samples, drawn by a hash of their keys, so that the order of rows does not matter.

``MapScorer`` computes MAP@12 like ``metrics.map_at``, over rows that stay where they are while their scores change.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from hm_pipeline.base.columns import BUYER, KEYS, LABEL, K
from hm_pipeline.base.errors import SchemaViolation

NEGATIVES = 20  # for each bought candidate: a tenth of all rows ranked as well as all of them on a full-size trial


def training_sample(matrix: pl.LazyFrame | pl.DataFrame, *, rows: int, seed: int, negatives: int = NEGATIVES) -> pl.DataFrame:
    """Read the rows a learner is fitted on.

    Customers of whose candidates none was bought are left out: their list has no better and worse.  All
    bought pairs are kept (at most half of ``rows``), and as many others as there is room for.

    Parameters
    ----------
    matrix
        Keys of a pair, features and ``is_bought``; one week or several.
    rows
        Most rows to return.
    negatives
        Most other rows for each bought one.

    Returns
    -------
    pl.DataFrame
        Sorted by key; empty where nothing was bought.
    """
    lazy = matrix.lazy()
    buyers = lazy.filter(pl.col(LABEL)).select(BUYER).unique().collect()
    useful = lazy.join(buyers.lazy(), on=BUYER, how="semi").with_columns(_place=_hash(KEYS, seed))
    places = useful.select(LABEL, "_place").collect()
    bought, others = (places.filter(kept)["_place"].to_numpy() for kept in (pl.col(LABEL), ~pl.col(LABEL)))
    rows = min(rows, len(bought) * (1 + negatives))
    most = min(len(bought), rows // 2)
    kept = _first(LABEL, bought, most) | _first(~pl.col(LABEL), others, rows - most)
    return useful.filter(kept).drop("_place").sort(KEYS).collect()


def validation_sample(
    matrix: pl.LazyFrame | pl.DataFrame, labels: pl.LazyFrame | pl.DataFrame, *, buyers: int, seed: int
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read all candidates of so many of a week's buyers, and what these bought.

    Parameters
    ----------
    matrix
        Keys of a pair, and features, of one week.
    labels
        ``week_id, customer_id, article_id`` of the purchases of that week; buyers without candidates stay in, their
        average precision is 0.

    Returns
    -------
    tuple
        Rows of the matrix and distinct rows of the labels, both sorted by key.
    """
    bought = labels.lazy().select(KEYS).unique().sort(KEYS).collect()
    chosen = bought.lazy().select(BUYER).unique().with_columns(_place=_hash(BUYER, seed))
    kept = chosen.sort("_place", *BUYER).head(buyers).select(BUYER)
    rows = matrix.lazy().join(kept, on=BUYER, how="semi").sort(KEYS).collect()
    return rows, bought.lazy().join(kept, on=BUYER, how="semi").sort(KEYS).collect()


def group_offsets(pairs: pl.DataFrame) -> npt.NDArray[np.intp]:
    """Return where each customer's rows begin.

    Raises
    ------
    SchemaViolation
        If the rows are not sorted by key, as a ranking of rows that do not lie together would be silently wrong.
    """
    changes = [pairs[name].to_numpy() for name in KEYS]
    ahead = np.zeros(max(pairs.height - 1, 0), dtype=np.int8)
    for column in reversed(changes):
        ahead = np.where(column[1:] == column[:-1], ahead, np.where(column[1:] > column[:-1], 1, -1))
    if (ahead <= 0).any():
        raise SchemaViolation("rows are not sorted by key, or repeat one", where="feature_matrix", hint="sort by week, customer, article")
    week, customer, _ = changes
    is_first = (week[1:] != week[:-1]) | (customer[1:] != customer[:-1])
    return np.flatnonzero(np.concatenate([np.ones(min(pairs.height, 1), dtype=bool), is_first]))


class MapScorer:
    """MAP@12 of scores for the rows of one matrix, fast enough for every trial of a search.

    Equal scores rank by article_id.  All buyers of the labels count, candidates or not.

    Parameters
    ----------
    pairs
        Keys of a pair, sorted.
    labels
        Distinct ``week_id, customer_id, article_id`` of what was bought.
    """

    def __init__(self, pairs: pl.DataFrame, labels: pl.DataFrame) -> None:
        bought = labels.group_by(BUYER).agg(bought_count=pl.len().cast(pl.Int64))
        marked = pairs.select(KEYS).join(labels.select(*KEYS, is_hit=True), on=KEYS, how="left", maintain_order="left")
        counted = marked.join(bought, on=BUYER, how="left", maintain_order="left")
        is_hit = counted["is_hit"].fill_null(value=False).to_numpy()
        starts = group_offsets(pairs)
        sizes = np.diff(np.append(starts, pairs.height))
        has_hit = np.logical_or.reduceat(is_hit, starts) if len(starts) else np.zeros(0, dtype=bool)
        self.buyers, self.hits = bought.height, int(is_hit.sum())
        self._rows = np.flatnonzero(np.repeat(has_hit, sizes))  # lists without a hit cannot gain, whatever the scores
        self._is_hit = is_hit[self._rows]
        self._sizes = sizes[has_hit]
        self._starts = np.cumsum(self._sizes) - self._sizes
        self._owner = np.repeat(np.arange(len(self._sizes)), self._sizes)
        self._divider = np.minimum(counted["bought_count"].fill_null(1).to_numpy()[starts[has_hit]], K)

    def __call__(self, scores: npt.NDArray[np.floating]) -> float:
        """Return MAP@12, 0 where nobody bought."""
        if not self.hits:
            return 0.0
        order = np.lexsort((-scores[self._rows], self._owner))  # stable, so that equal scores keep the order of articles
        ranks = np.arange(len(order)) - self._starts[self._owner] + 1
        counts = self._is_hit[order] & (ranks <= K)
        found = np.cumsum(counts)
        before = (found - counts)[self._starts]
        precision = counts * (found - before[self._owner]) / ranks
        gained = np.bincount(self._owner, weights=precision, minlength=len(self._sizes))
        return float((gained / self._divider).sum() / self.buyers)


def _hash(names: Sequence[str], seed: int) -> pl.Expr:
    parts = [pl.col(name).cast(pl.Int64).hash(seed + 7919 * place) for place, name in enumerate(names)]
    mixed = parts[0]
    for part in parts[1:]:
        mixed = mixed.xor(part)
    return mixed


def _first(kind: str | pl.Expr, places: npt.NDArray[np.uint64], count: int) -> pl.Expr:
    chosen = pl.col(kind) if isinstance(kind, str) else kind
    if count >= len(places):
        return chosen
    if count <= 0:
        return pl.lit(value=False)
    return chosen & (pl.col("_place") <= int(np.partition(places, count - 1)[count - 1]))
