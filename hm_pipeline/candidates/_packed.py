"""Sorting proposals as single numbers, which takes a third of the time that sorting their columns does."""

import numpy as np
import polars as pl

BITS = 63  # of a number that has a sign
PROPOSAL = {"customer_id", "article_id", "score"}


def best_first(proposals: pl.DataFrame) -> pl.DataFrame:
    """Sort proposals by customer, then by score, the larger first, then by article.

    Customer, score and article are packed into one number each where they fit, and are read from the sorted numbers again.

    Parameters
    ----------
    proposals
        ``customer_id``, ``article_id`` and the integer ``score``; none is null.
    """
    packed = _packed(proposals) if {*proposals.columns} == PROPOSAL and proposals.height else None
    if packed is None:
        return proposals.sort("customer_id", "score", "article_id", descending=[False, True, False])
    return packed


def _packed(proposals: pl.DataFrame) -> pl.DataFrame | None:
    customers, articles = (proposals[name].unique().sort() for name in ("customer_id", "article_id"))
    most = int(proposals["score"].max())  # type: ignore[arg-type]
    range_bits, article_bits = (most - int(proposals["score"].min())).bit_length(), len(articles).bit_length()  # type: ignore[arg-type]
    if len(customers).bit_length() + range_bits + article_bits > BITS:
        return None
    numbers = places(customers, proposals["customer_id"]) << range_bits
    numbers = (numbers | (most - proposals["score"].to_numpy().astype(np.int64))) << article_bits
    numbers = np.sort(numbers | articles.search_sorted(proposals["article_id"]).to_numpy())
    return pl.DataFrame(
        {
            "customer_id": customers.gather(numbers >> (range_bits + article_bits)),
            "article_id": articles.gather(numbers & (2**article_bits - 1)),
            "score": most - ((numbers >> article_bits) & (2**range_bits - 1)),
        }
    )


def places(known: pl.Series, ids: pl.Series) -> np.ndarray:
    """Return the place of each id among sorted ones that are known; ids that repeat one after the other are looked up once."""
    runs = ids.rle().struct.unnest()
    return np.repeat(known.search_sorted(runs["value"]).to_numpy().astype(np.int64), runs["len"].to_numpy())
