"""Similarity of the article to the customer's past purchases.

Source: cosine to the customer's mean collaborative vector and mean text vector, and the share of the customer's
purchases that have the article's attributes over the share of all current sales that have them (the affinity scores
of the public solutions).  Recent purchases count more.  Grain: candidate pair.
"""

import dataframely as dy
import numpy as np
import polars as pl

from hm_pipeline.base.contracts import Pair
from hm_pipeline.base.expressions import or_unknown, week_column
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.history.article_sales import buyer_age
from hm_pipeline.recommender.profiles import CustomerProfiles, build_profiles, encode_attribute
from hm_pipeline.recommender.signals._lib.signal import Signal

ATTRIBUTES = {
    "type": "product_type_no",
    "department": "department_no",
    "section": "section_no",
    "colour": "colour_group_code",
    "pattern": "graphical_appearance_no",
}
BLOCK = 200_000  # pairs multiplied at a time
DECIMALS = 5


class StyleSimilarity(Pair):
    """Style of candidate pairs; null where the customer, or the article, has nothing to compare."""

    style_similarity = dy.Float32(
        nullable=True, min=-1, max=1, description="mean of the two cosines, the one there is where the other is not"
    )
    style_collaborative = dy.Float32(nullable=True, min=-1, max=1, description="cosine of collaborative vectors")
    style_text = dy.Float32(nullable=True, min=-1, max=1, description="cosine of text vectors")
    style_type = dy.Float32(nullable=True, description="log affinity to the clothing type: 0 is average")
    style_department = dy.Float32(nullable=True, description="log affinity to the department: 0 is average")
    style_section = dy.Float32(nullable=True, description="log affinity to the section: 0 is average")
    style_colour = dy.Float32(nullable=True, description="log affinity to the colour: 0 is average")
    style_pattern = dy.Float32(nullable=True, description="log affinity to the pattern: 0 is average")
    style_price_ratio = dy.Float32(nullable=True, min=0, description="price of the article over the customer's mean price")
    style_age_gap = dy.Float32(nullable=True, description="mean age of the article's buyers minus the customer's age, in years")


def compute(tables: Inputs, *, week_id: int) -> pl.LazyFrame:
    """Return :class:`StyleSimilarity` of the candidates."""
    pairs = tables.weekly("candidates").at(week_id).select("customer_id", "article_id").sort("customer_id", "article_id").collect()
    catalogue = _catalogue(tables, week_id)
    ids = pairs["customer_id"].unique().sort()
    taste = build_profiles(tables, ids, catalogue["article_id"], week_id=week_id)
    customers = ids.search_sorted(pairs["customer_id"]).to_numpy()
    articles = catalogue["article_id"].search_sorted(pairs["article_id"]).to_numpy()
    has_history = taste.has_history[customers]
    columns = {
        f"style_{name}": _affinities(taste, catalogue, column, customers, articles, has_history) for name, column in ATTRIBUTES.items()
    }
    cosines = {
        name: _cosines(taste, catalogue[column], customers, articles)
        for name, column in (("style_collaborative", "vector"), ("style_text", "text_vector"))
    }
    mean = pl.mean_horizontal("style_collaborative", "style_text").cast(pl.Float32)
    price, buyer_age = catalogue["last_price"].gather(articles), catalogue["buyer_age"].gather(articles)
    found = pairs.with_columns(
        week_column(week_id),
        *(pl.Series(name, values) for name, values in {**columns, **cosines}.items()),
        (price / taste.prices.gather(customers)).cast(pl.Float32).alias("style_price_ratio"),
        (buyer_age - tables.ages(ids).gather(customers)).cast(pl.Float32).alias("style_age_gap"),
    )
    return StyleSimilarity.cast(found.with_columns(mean.alias("style_similarity")).lazy())


def _catalogue(tables: Inputs, week_id: int) -> pl.DataFrame:
    """Return articles with attributes, vectors, last price and mean age of buyers, sorted by article_id."""
    sales = tables.weekly("history/article_sales").at(week_id)
    return (
        tables.dimension("articles")
        .select("article_id", or_unknown(*ATTRIBUTES.values()))
        .join(tables.weekly("history/vectors").at(week_id).select("article_id", "vector"), on="article_id", how="left")
        .join(tables.weekly("embeddings").at(week_id).select("article_id", "text_vector"), on="article_id", how="left")
        .join(sales.select("article_id", "last_price", "day_7_count", buyer_age().alias("buyer_age")), on="article_id", how="left")
        .sort("article_id")
        .collect()
    )


def _affinities(
    taste: CustomerProfiles, catalogue: pl.DataFrame, column: str, customers: np.ndarray, articles: np.ndarray, has_history: np.ndarray
) -> pl.Series:
    codes, shares = encode_attribute(catalogue[column], catalogue["day_7_count"].fill_null(0).to_numpy())
    found = taste.affinity(codes, shares)[customers, codes[articles]]
    return _nullable(np.round(found, DECIMALS), has_history)


def _cosines(taste: CustomerProfiles, vectors: pl.Series, customers: np.ndarray, articles: np.ndarray) -> pl.Series:
    known = vectors.is_not_null().to_numpy()
    width = vectors.dtype.shape[0] if isinstance(vectors.dtype, pl.Array) else 0
    matrix = np.zeros((len(vectors), width), dtype=np.float32)
    if known.any():
        matrix[known] = vectors.drop_nulls().to_numpy()
    means = taste.mean_vectors(matrix)
    found = np.empty(len(customers), dtype=np.float32)
    for start in range(0, len(customers), BLOCK):
        block = slice(start, start + BLOCK)
        found[block] = np.einsum("ij,ij->i", means[customers[block]], matrix[articles[block]])
    there = known[articles] & (np.abs(matrix[articles]).sum(axis=1) > 0) & (np.abs(means).sum(axis=1) > 0)[customers]
    return _nullable(np.round(found, DECIMALS).clip(-1, 1), there)


def _nullable(values: np.ndarray, there: np.ndarray) -> pl.Series:
    return pl.select(pl.when(pl.Series(there)).then(pl.Series(values, dtype=pl.Float32))).to_series()


SIGNAL = Signal(
    name="style_similarity",
    schema=StyleSimilarity,
    compute=compute,
    inputs=("purchases", "customers", "articles", "embeddings", "history/article_sales", "history/vectors", "candidates"),
    why="Among articles that sell equally well, style decides.",
    services=("ranking", "signals"),
)
