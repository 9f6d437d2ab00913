"""Customer profiles: mean vectors and affinities of what each customer bought.

Not a table of its own: a customer's profile is computed where it is used, shard by shard.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from hm_pipeline.base.fixed_point import days_before
from hm_pipeline.engine.inputs import Inputs

HALF_LIFE_DAYS = 90.0  # a season: styles change slower than needs
UNIT = 1e6  # of weights: integers of it, so that no order of summation changes their sum
SMOOTHING = 2.0  # purchases of the average customer that are added to everyone's own


@dataclass(frozen=True)
class CustomerProfiles:
    """Weighted purchases of customers, by position of customer and article, in any order; the weights are integers of 1/``UNIT``."""

    customers: np.ndarray
    articles: np.ndarray
    weights: np.ndarray
    prices: pl.Series
    size: int

    @property
    def has_history(self) -> np.ndarray:
        """Whether each customer bought anything, shape (customers,)."""
        return np.bincount(self.customers, minlength=self.size) > 0

    def mean_vectors(self, vectors: np.ndarray) -> np.ndarray:
        """Return unit vectors of the customers, shape (customers, dimensions); 0 where nothing was bought."""
        summed, order = np.zeros((self.size, vectors.shape[1])), np.lexsort((self.weights, self.articles, self.customers))
        np.add.at(summed, self.customers[order], vectors[self.articles[order]] * (self.weights[order] / UNIT)[:, None])
        lengths = np.linalg.norm(summed, axis=1, keepdims=True)
        return (summed / np.where(lengths > 0, lengths, 1)).astype(np.float32)

    def affinity(self, codes: np.ndarray, shares: np.ndarray) -> np.ndarray:
        """Return log affinities, shape (customers, values), of an attribute whose values have these shares overall."""
        places = self.customers * len(shares) + codes[self.articles]
        counted = np.bincount(places, self.weights, self.size * len(shares)).reshape(self.size, len(shares)) / UNIT
        own = (counted + SMOOTHING * shares) / (counted.sum(axis=1, keepdims=True) + SMOOTHING)
        affinity: np.ndarray = np.log(own / shares).astype(np.float32)
        return affinity


def build_profiles(tables: Inputs, ids: pl.Series, articles: pl.Series, *, week_id: int) -> CustomerProfiles:
    """Return the profiles of customers before a week.

    Parameters
    ----------
    ids
        ``customer_id``, sorted.
    articles
        ``article_id`` of the catalogue, sorted.
    """
    days = days_before(tables.calendar.start(week_id))
    bought = (
        tables.weekly("purchases")
        .before(week_id)
        .join(ids.to_frame("customer_id").lazy(), on="customer_id", how="semi")
        .select("customer_id", "article_id", "price", (UNIT * pl.lit(0.5).pow(days / HALF_LIFE_DAYS)).round().alias("weight"))
        .collect()
    )
    customers = ids.search_sorted(bought["customer_id"]).to_numpy()
    sums, counts = np.bincount(customers, bought["price"].to_numpy(), len(ids)), np.bincount(customers, minlength=len(ids))
    # Null where nothing was bought, or all of it was free: there is no price to compare with.
    means = np.divide(sums, counts, out=np.full(len(ids), np.nan), where=sums > 0)
    prices = pl.Series(means, dtype=pl.Float64).fill_nan(None)
    return CustomerProfiles(
        customers, articles.search_sorted(bought["article_id"]).to_numpy(), bought["weight"].to_numpy(), prices, len(ids)
    )


def encode_attribute(values: pl.Series, sold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the code of each article's value of an attribute, and each value's share of all units sold.

    Parameters
    ----------
    values
        The attribute by article, no nulls.
    sold
        Units of the last week by article.
    """
    known = values.unique().sort()
    codes = known.search_sorted(values).to_numpy()
    units = np.bincount(codes, sold + 1e-3, len(known))  # no value of the catalogue has a share of 0
    return codes, units / max(units.sum(), 1e-12)
