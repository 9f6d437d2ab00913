"""Catalogue of the simulated shop: articles, when they are available, their attributes and prices."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from hm_pipeline.base.ids import ten_digits
from hm_pipeline.datasets.simulator import palette
from hm_pipeline.datasets.simulator import vocabulary as words
from hm_pipeline.datasets.simulator.compatibility import suitable_details, suitable_fabrics, suitable_types

STYLES = 8  # latent dimensions of style
LAST_WEEK = 104
STOCK, OFFERED = 44, 23_000  # how often more than an average article the best can sell, where so many are on offer
Array = np.ndarray


@dataclass(frozen=True)
class Catalogue:
    """Articles as arrays; ``product`` and all below it are by article.

    ``launch`` and ``life`` are in weeks, ``appeal`` is the logarithm of how well it sells in its prime.
    """

    product: Array
    colourway: Array
    group: Array
    kind: Array
    colour: Array
    pattern: Array
    department: Array
    fabric: Array
    fit: Array
    detail: Array
    launch: Array
    life: Array
    appeal: Array
    euros: Array
    style: Array
    companion: Array

    @property
    def size(self) -> int:
        """Number of articles."""
        return len(self.product)

    @property
    def article_id(self) -> pl.Series:
        """Kaggle's ten digits."""
        return ten_digits(pl.Series("article_id", (100_000 + self.product) * 1000 + self.colourway))

    def is_offered(self, articles: Array, week_id: int) -> Array:
        """Return whether articles are on offer in a week."""
        return np.asarray((self.launch[articles] <= week_id) & (week_id < self.launch[articles] + self.life[articles]))

    def weight(self, week_id: int, trend: Array) -> tuple[Array, Array]:
        """Return the articles on offer in a week, and the logarithm of how well each sells; stock limits the best."""
        offered = np.flatnonzero(self.is_offered(np.arange(self.size), week_id))
        if not len(offered):  # a tiny catalogue can have an empty week
            offered = np.arange(self.size)
        age = np.maximum(week_id - self.launch[offered], 0)
        fresh = -2.5 * age / self.life[offered] - 0.9 * (age == 0)
        wanted = self.appeal[offered] + fresh + season(week_id)[self.kind[offered]] + trend[offered]
        most = STOCK * np.sqrt(len(offered) / OFFERED) * np.exp(wanted).mean()  # a small shop has less to stand out from
        return offered, -np.logaddexp(-wanted, -np.log(most))

    def price(self, articles: Array, week_id: int) -> Array:
        """Return what articles cost in a week, in Kaggle's unit; late in life they are marked down."""
        lived = (week_id - self.launch[articles]) / self.life[articles]
        share = np.select([lived > 0.92, lived > 0.8, lived > 0.65], [0.3, 0.5, 0.75], 1.0)
        euros = np.maximum(np.round(self.euros[articles] * share), 1.5) - 0.01
        return np.asarray(euros / 590)


def season(week_id: int) -> Array:
    """Return how much better each type sells in a week than on average, as a power of e."""
    angle = np.array([2 * np.pi * ((week_id - kind.peak_week) % 52) / 52 for kind in words.TYPES])
    return np.asarray(np.array([kind.season for kind in words.TYPES]) * np.cos(angle))


def build_catalogue(articles: int, first_week: int, rng: np.random.Generator) -> Catalogue:
    """Invent a catalogue."""
    sizes = np.minimum(rng.geometric(0.45, articles), 12)  # colourways of a product
    product = np.repeat(np.arange(articles), sizes)[:articles]
    products = int(product[-1]) + 1 if articles else 0
    drawn = _products(products, first_week, rng)
    by_article = {name: values[product] for name, values in drawn.items()}
    starts = np.searchsorted(product, np.arange(products))
    colour = rng.choice(len(palette.COLOURS), articles, p=_shares([colour.share for colour in palette.COLOURS]))
    tones = rng.normal(0, 0.5, (len(palette.COLOURS), STYLES))
    by_article["style"] = normalise(by_article["style"] + tones[colour] + rng.normal(0, 0.2, (articles, STYLES)), 3.0)
    by_article["appeal"] = by_article["appeal"] + rng.normal(0, 0.35, articles)
    by_article["launch"] = np.minimum(by_article["launch"] + rng.poisson(0.7, articles), LAST_WEEK)
    colourway = np.arange(articles) - starts[product] + 1
    companion = _companions(by_article["group"], by_article["kind"], by_article["launch"], rng)
    return Catalogue(product=product, colourway=colourway, colour=colour, companion=companion, **by_article)


def normalise(styles: Array, length: float) -> Array:
    """Return styles of one length, so that direction alone decides how much a customer prefers an article."""
    return np.asarray(length * styles / np.maximum(np.linalg.norm(styles, axis=1, keepdims=True), 1e-9), np.float32)


def _shares(weights: list[float]) -> Array:
    values = np.asarray(weights, float)
    return np.asarray(values / values.sum())


def _products(count: int, first_week: int, rng: np.random.Generator) -> dict[str, Array]:
    group = rng.choice(len(words.GROUPS), count, p=_shares([group.share for group in words.GROUPS]))
    kind = suitable_types(rng.choice(len(words.TYPES), count, p=_shares([kind.share for kind in words.TYPES])), group)
    launch = np.sort(rng.integers(first_week - 26, LAST_WEEK + 1, count))
    staple = rng.random(count) < 0.08
    life = np.where(staple, rng.integers(60, 131, count), np.clip(rng.lognormal(2.95, 0.55, count), 4, 80)).astype(np.int64)
    looks = rng.normal(0, 0.5, (len(words.TYPES), STYLES))[kind] + rng.normal(0, 0.6, (len(words.GROUPS), STYLES))[group]
    euros = np.array([kind.euros for kind in words.TYPES])[kind] * rng.lognormal(-0.14, 0.44, count)
    return {
        "group": group,
        "kind": kind,
        "launch": launch,
        "life": life,
        "appeal": rng.normal(0, 1.02, count) - 0.6 * staple,
        "department": rng.choice(3, count, p=[0.68, 0.2, 0.12]),
        "pattern": rng.choice(len(palette.PATTERNS), count, p=_shares([share for _, _, share in palette.PATTERNS])),
        "fabric": suitable_fabrics(rng.integers(0, len(words.FABRICS), count), kind),
        "fit": rng.integers(0, len(words.FITS), count),
        "detail": suitable_details(rng.integers(0, len(words.DETAILS), count), kind),
        "euros": euros,
        "style": looks + rng.normal(0, 0.7, (count, STYLES)),
    }


def _companions(group: Array, kind: Array, launch: Array, rng: np.random.Generator) -> Array:
    """Give each article one that goes with it: same part of the range, launched about then, another type if one is near."""
    order = np.lexsort((rng.random(len(group)), launch, group))
    companion = np.empty(len(group), np.int64)
    companion[order] = np.roll(order, -1)
    for step in (2, 3, 5):
        near = np.empty(len(group), np.int64)
        near[order] = np.roll(order, -step)
        companion = np.where(kind[companion] == kind, near, companion)
    return companion
