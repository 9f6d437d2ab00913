"""Best sellers around every age: the window widens until enough was bought in it, so that rare ages are not ranked by chance."""

import numpy as np
import polars as pl

OLDEST = 100  # years; ages above are read as this
WIDTHS = (1, 2, 4, 8, 16, 32, OLDEST)  # years on either side


def known_ages(customers: pl.LazyFrame) -> pl.LazyFrame:
    """Return ``customer_id`` and ``age`` in years of those whose age is known."""
    return customers.select("customer_id", pl.col("age").clip(0, OLDEST).cast(pl.Int64)).drop_nulls()


def best_by_age(sold: pl.DataFrame, *, most: int, least: int) -> pl.DataFrame:
    """Return the best sellers around every age from 0 to 100: ``age``, ``article_id``, ``rank`` and ``share`` of the window's units.

    Parameters
    ----------
    sold
        One row per unit: ``age`` of the buyer in years, ``article_id``.
    most
        Articles per age.
    least
        Units that make a window wide enough.
    """
    articles = sold["article_id"].unique().sort()
    # Row a holds the units bought by buyers younger than a: a window is the difference of two rows.
    younger = np.zeros((OLDEST + 2, len(articles)), dtype=np.int64)
    np.add.at(younger, (sold["age"].to_numpy() + 1, articles.search_sorted(sold["article_id"]).to_numpy()), 1)
    younger = younger.cumsum(axis=0)
    frames = [_best_around(age, younger, articles, most=most, least=least) for age in range(OLDEST + 1)]
    return pl.concat(frames)


def _best_around(age: int, younger: np.ndarray, articles: pl.Series, *, most: int, least: int) -> pl.DataFrame:
    for width in WIDTHS:
        units = younger[min(age + width, OLDEST) + 1] - younger[max(age - width, 0)]
        if units.sum() >= least:
            break
    order = np.argsort(-units, kind="stable")[:most]  # articles ascend, so that ties go to the lower id
    order = order[units[order] > 0]
    return pl.DataFrame(
        {
            "age": np.full(len(order), age, dtype=np.int64),
            "article_id": articles.gather(order),
            "rank": np.arange(1, len(order) + 1, dtype=np.int16),
            "share": (units[order] / max(units.sum(), 1)).astype(np.float32),
        }
    )
