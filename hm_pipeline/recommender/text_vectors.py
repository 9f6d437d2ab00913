"""Text vectors: articles described with the same rare words lie close to each other.

Source: TF-IDF over name, attributes and description, reduced by truncated singular value decomposition (latent
semantic analysis, Deerwester et al. 1990).  Grain: article.  No purchases are read.
"""

import dataframely as dy
import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

DIMENSIONS = 32
DECIMALS = 5
WORDS = 20_000  # kept in the vocabulary, the most frequent ones
TEXTS = (
    "prod_name",
    "product_type_name",
    "graphical_appearance_name",
    "perceived_colour_value_name",
    "perceived_colour_master_name",
    "department_name",
    "index_name",
    "section_name",
    "garment_group_name",
    "detail_desc",
)


class TextVectors(dy.Schema):
    """Text vectors of all the catalogue, of length 1; an article without any text has length 0."""

    article_id = dy.Int64(primary_key=True, description="article, Kaggle's number without leading zeros")
    text_vector = dy.Array(dy.Float32(nullable=False), DIMENSIONS, nullable=False, description="text vector of length 1")


def compute(articles: pl.LazyFrame, *, seed: int = 0) -> pl.DataFrame:
    """Return :class:`TextVectors` of the catalogue."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - takes seconds that opening Dagster's UI need not pay
    from sklearn.utils.extmath import randomized_svd  # noqa: PLC0415 - as above

    texts = articles.select("article_id", pl.concat_str(TEXTS, separator=" ", ignore_nulls=True).alias("text")).sort("article_id").collect()
    vectors = np.zeros((texts.height, DIMENSIONS))
    if texts["text"].str.contains(r"\w\w").any():
        words = TfidfVectorizer(max_features=WORDS, sublinear_tf=True, dtype=np.float32).fit_transform(texts["text"].to_list())
        with threadpool_limits(1):  # one thread, so that sums are taken in one order
            left, strengths, _ = randomized_svd(
                words, max(1, min(DIMENSIONS, *(side - 1 for side in words.shape))), n_iter=4, random_state=seed
            )
        vectors[:, : left.shape[1]] = left * strengths
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return pl.DataFrame(
        {"article_id": texts["article_id"], "text_vector": np.round(unit, DECIMALS).astype(np.float32)},
        schema={"article_id": pl.Int64, "text_vector": pl.Array(pl.Float32, DIMENSIONS)},
    )
