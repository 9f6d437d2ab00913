"""Sales of related articles: colourways of the product, its clothing type and department, and articles of similar text.

New articles have little past of their own; related ones have.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl

from hm_pipeline.base.expressions import or_unknown
from hm_pipeline.engine.inputs import Inputs

RELATED_COLUMNS = ("colourway_count", "colourway_trend", "type_mean", "type_trend", "department_mean", "department_trend", "alike_mean")
NEW_DAYS = 28  # age up to which an article is compared with those of similar text
NEIGHBOURS = 10  # articles of similar text
ARTICLES_AT_ONCE, THREADS = 500, 2  # new articles compared at a time, by so many threads


def related_article_features(rows: pl.DataFrame, tables: Inputs, *, week_id: int) -> pl.DataFrame:
    """Return the columns ``RELATED_COLUMNS`` for articles, in their order.

    Parameters
    ----------
    rows
        Articles with ``age_days`` and their units of the last two weeks.
    """
    kinds = tables.dimension("articles").select("article_id", "product_code", or_unknown("product_type_no", "department_no")).collect()
    known = rows.select("article_id", "age_days", "day_7_count", "lag_2_count").join(
        kinds, on="article_id", how="left", maintain_order="left"
    )
    new, old, sells = pl.col("day_7_count"), pl.col("lag_2_count"), pl.col("day_7_count") > 0

    def mean_of(name: str) -> pl.Expr:
        return (new.sum().over(name) / sells.sum().over(name).clip(1)).cast(pl.Float32)

    def trend_of(name: str) -> pl.Expr:
        return ((new.sum().over(name) + 5) / (old.sum().over(name) + 5)).cast(pl.Float32)

    others = pl.when(pl.col("product_code").is_not_null()).then(new.sum().over("product_code") - new)
    return known.select(
        others.alias("colourway_count"),
        pl.when(pl.col("product_code").is_not_null()).then(trend_of("product_code")).alias("colourway_trend"),
        mean_of("product_type_no").alias("type_mean"),
        trend_of("product_type_no").alias("type_trend"),
        mean_of("department_no").alias("department_mean"),
        trend_of("department_no").alias("department_trend"),
        pl.Series("alike_mean", _similar_text_sales(known, tables, week_id), dtype=pl.Float32).fill_nan(None),
    )


def _similar_text_sales(known: pl.DataFrame, tables: Inputs, week_id: int) -> np.ndarray:
    """Return the mean units of last week of the articles on sale with the most similar text; not a number for older articles."""
    texts = tables.weekly("embeddings").at(week_id).select("article_id", "text_vector").collect()
    vectors = known.select("article_id").join(texts, on="article_id", how="left", maintain_order="left")["text_vector"]
    described = vectors.is_not_null().to_numpy().copy()
    described[described] = vectors.drop_nulls().to_numpy().any(axis=1)  # without a text all are equally similar
    found = np.full(known.height, np.nan)
    selling = np.flatnonzero(described & (known["day_7_count"].to_numpy() > 0))
    new = np.flatnonzero(described & (known["age_days"].to_numpy() <= NEW_DAYS))
    if len(selling) <= NEIGHBOURS:
        return found
    theirs, units = vectors.gather(selling).to_numpy(), known["day_7_count"].to_numpy()[selling]

    def mean_of(some: np.ndarray) -> np.ndarray:
        unlike = np.round(vectors.gather(some).to_numpy() @ -theirs.T, 5)
        unlike[some[:, None] == selling] = 2  # not itself
        return np.asarray(units[np.argpartition(unlike, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]].mean(axis=1))

    parts = [new[start : start + ARTICLES_AT_ONCE] for start in range(0, len(new), ARTICLES_AT_ONCE)]
    with ThreadPoolExecutor(THREADS) as pool:
        for some, means in zip(parts, pool.map(mean_of, parts), strict=True):
            found[some] = means
    return found
