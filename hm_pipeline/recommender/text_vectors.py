"""Text vectors: articles described with the same rare words lie close to each other.

Source: TF-IDF over name, attributes and description, reduced by truncated singular value decomposition (latent
semantic analysis, Deerwester et al. 1990).  Words and directions are fitted on the catalogue of a season's start; articles
that come later are mapped by them alone.  Grain: (article, week).  No purchases are read.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import dataframely as dy
import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from hm_pipeline.base.contracts import ArticleWeek
from hm_pipeline.base.expressions import week_column
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.step import Step, WeekContext, at

DIMENSIONS = 32
DECIMALS = 5
SEASON = 13  # weeks between two fits
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


class TextVectors(ArticleWeek):
    """Text vectors of the catalogue as known at the week, of length 1; an article without any known word has length 0."""

    text_vector = dy.Array(dy.Float32(nullable=False), DIMENSIONS, nullable=False, description="text vector of length 1")


@dataclass(frozen=True)
class TextDirections:
    """Words with their weights and directions, and the vectors of the texts that they were fitted on.

    Parameters
    ----------
    words
        Vocabulary, in the order of the rows.
    weights
        Inverse document frequency of each word.
    directions
        A row of :data:`DIMENSIONS` numbers for each word.
    known
        ``text`` and ``text_vector`` of the fit, one row a text, sorted: a text that comes again is not mapped again.
    """

    words: tuple[str, ...]
    weights: np.ndarray
    directions: np.ndarray
    known: pl.DataFrame

    def save(self, folder: Path) -> None:
        """Write the words, the numbers and the vectors."""
        (folder / "words.json").write_text(json.dumps(self.words) + "\n")
        np.save(folder / "weights.npy", self.weights)
        np.save(folder / "directions.npy", self.directions)
        self.known.write_parquet(folder / "known.parquet")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        words = tuple(json.loads((folder / "words.json").read_text()))
        known = pl.read_parquet(folder / "known.parquet", glob=False, hive_partitioning=False)
        return cls(words, np.load(folder / "weights.npy"), np.load(folder / "directions.npy"), known)

    def vectors(self, texts: pl.DataFrame) -> pl.DataFrame:
        """Return ``text_vector`` beside each row of a frame with ``text``, in its order."""
        new = texts.select("text").unique().join(self.known, on="text", how="anti").sort("text")["text"]
        mapped = pl.concat([self.known, _frame(new, self._mapped(new.to_list()))])
        return texts.join(mapped, on="text", how="left", maintain_order="left")

    def _mapped(self, texts: Sequence[str]) -> np.ndarray:
        from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - takes seconds that opening Dagster's UI need not pay

        if not texts or not self.words:
            return np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        vectorizer = TfidfVectorizer(vocabulary=list(self.words), sublinear_tf=True, dtype=np.float32)
        vectorizer.idf_ = self.weights
        return _unit(vectorizer.transform(texts) @ self.directions)


def fit(articles: pl.LazyFrame, *, seed: int = 0) -> TextDirections:
    """Fit words and directions on the texts of a catalogue."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - as above
    from sklearn.utils.extmath import randomized_svd  # noqa: PLC0415 - as above

    texts = _texts(articles).sort("article_id")["text"]
    distinct = texts.unique().sort()
    empty = TextDirections(
        (), np.zeros(0, np.float32), np.zeros((0, DIMENSIONS), np.float32), _frame(distinct.clear(), np.zeros((0, DIMENSIONS)))
    )
    if not texts.str.contains(r"\w\w").any():
        return empty
    vectorizer = TfidfVectorizer(max_features=WORDS, sublinear_tf=True, dtype=np.float32)
    counted = vectorizer.fit_transform(texts.to_list())
    words = tuple(str(word) for word in vectorizer.get_feature_names_out())
    with threadpool_limits(1):  # one thread, so that sums are taken in one order
        rank = max(1, min(DIMENSIONS, *(side - 1 for side in counted.shape)))
        right = randomized_svd(counted, rank, n_iter=4, random_state=seed)[2]
    directions = np.zeros((len(words), DIMENSIONS), dtype=np.float32)
    directions[:, : len(right)] = right.T
    fitted = TextDirections(words, vectorizer.idf_.astype(np.float32), directions, empty.known)
    return TextDirections(words, fitted.weights, directions, fitted.vectors(distinct.to_frame()))


def compute(articles: pl.LazyFrame, *, week_id: int, model: TextDirections) -> pl.DataFrame:
    """Return :class:`TextVectors` of a catalogue."""
    return model.vectors(_texts(articles)).select(week_column(week_id), "article_id", "text_vector").sort("article_id")


def _texts(articles: pl.LazyFrame) -> pl.DataFrame:
    return articles.select("article_id", pl.concat_str(TEXTS, separator=" ", ignore_nulls=True).alias("text")).collect()


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: np.ndarray = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return np.round(unit, DECIMALS).astype(np.float32)


def _frame(texts: pl.Series, vectors: np.ndarray) -> pl.DataFrame:
    columns = {"text": texts, "text_vector": vectors.astype(np.float32)}
    return pl.DataFrame(columns, schema={"text": pl.String, "text_vector": pl.Array(pl.Float32, DIMENSIONS)})


def _fit_of_week(inputs: Inputs, week: WeekContext) -> TextDirections:
    return fit(inputs.dimension("articles"), seed=week.settings.seed)


def _vectors_of_week(inputs: Inputs, week: WeekContext) -> pl.DataFrame:
    return compute(inputs.dimension("articles"), week_id=week.week_id, model=week.model)


STEPS = (
    Step(
        "model/text_vectors",
        _fit_of_week,
        kind="model",
        reads=(at("articles"),),
        settings=("seed",),
        every=SEASON,
        load=TextDirections.load,
        description="Words and directions of the catalogue's texts, fitted every quarter.",
        unit="words, their weights and their directions",
        why="Articles that come later are mapped by the words of the season: a new one changes no other's vector.",
    ),
    Step(
        "embeddings",
        _vectors_of_week,
        schema=TextVectors,
        reads=(at("articles"),),
        model="model/text_vectors",
        description="Text vectors of the catalogue: articles described with the same rare words lie close.",
        unit="vectors of length 1: a product of two is their cosine",
        why="New articles have no sales yet, but a text.",
    ),
)
