"""Customers of the simulated shop: age, style, how often they come, how much they spend and where."""

from dataclasses import dataclass
from hashlib import sha256

import numpy as np
import polars as pl

from hm_pipeline.datasets.simulator import palette
from hm_pipeline.datasets.simulator import vocabulary as words
from hm_pipeline.datasets.simulator.catalogue import LAST_WEEK, STYLES, Array, Catalogue, normalise

SEGMENTS = 48  # segments of customers of similar age and style
CIRCLE_STYLE = 0.34  # weight of the circle's style in what it finds
BASKET = 6  # articles of the last visit that can be bought again
NEVER = -1000
AGES = ((0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0), (16.0, 21.0, 25.0, 33.0, 48.0, 57.0, 86.0))


@dataclass(frozen=True)
class Segments:
    """Segments of customers: age, style, and the logarithm of what they make of each index group."""

    age: Array
    style: Array
    group: Array

    def distribution(self, shop: Catalogue, offered: Array, weight: Array) -> Array:
        """Return, for each circle, the running total of the chances of the articles on offer."""
        utility = weight + self.group[:, shop.group[offered]] + CIRCLE_STYLE * (self.style @ shop.style[offered].T)
        chance = np.exp(utility - utility.max(axis=1, keepdims=True))
        return np.asarray(np.cumsum(chance / chance.sum(axis=1, keepdims=True), axis=1))


@dataclass(frozen=True)
class SimulatedCustomers:
    """Customers as arrays, the last three change as they shop."""

    age: Array
    segment: Array
    style: Array
    favourites: Array
    colour: Array
    rate: Array
    joined: Array
    left: Array
    thrift: Array
    online: Array
    last_visit: Array
    last_basket: Array
    last_bought: Array

    @property
    def size(self) -> int:
        """Number of customers."""
        return len(self.age)

    def here(self, week_id: int) -> Array:
        """Return who has joined and not left."""
        return np.asarray((self.joined <= week_id) & (week_id < self.left))


def build_segments(shop: Catalogue, rng: np.random.Generator) -> Segments:
    """Invent the circles, spread evenly over the ages; all together they like no style better than another."""
    age = np.interp((np.arange(SEGMENTS) + 0.5) / SEGMENTS, *AGES)
    drift = rng.normal(0, 1, (2, STYLES))  # style changes with age
    bent = np.stack([(age - 36) / 14, np.cos(age / 9)], axis=1)
    style = bent @ drift * 0.6 + rng.normal(0, 0.5, (SEGMENTS, STYLES))
    style = normalise(style - style.mean(axis=0), 2.4)
    fit = np.stack([-(((age - group.age) / group.spread) ** 2) / 4 for group in words.GROUPS], axis=1)
    fit = np.maximum(fit + rng.normal(0, 0.8, fit.shape), -3.5)
    return Segments(age, style, _draws(fit, style, shop).astype(np.float32))


def _draws(fit: Array, style: Array, shop: Catalogue) -> Array:
    """Return what circles make of the index groups, so that each group sells its share whatever its articles are.

    The shares of circles and groups are fitted in turn, and what the articles of a group draw by themselves is taken off.
    """
    share = np.exp(fit)
    sold = np.array([group.sold for group in words.GROUPS])
    for _ in range(50):
        share *= sold / share.mean(axis=0)
        share /= share.sum(axis=1, keepdims=True)
    pull = np.exp(shop.appeal + CIRCLE_STYLE * (style @ shop.style.T))
    drawn = np.stack([pull[:, shop.group == place].sum(axis=1) for place in range(len(words.GROUPS))], axis=1)
    return np.asarray(np.log(share) - np.log(np.maximum(drawn, 1e-9)))


def build_customers(customers: int, first_week: int, segments: Segments, rng: np.random.Generator) -> SimulatedCustomers:
    """Invent the customers: three in ten join while the shop is watched, and as many of all leave for good."""
    age = np.interp(rng.random(customers), *AGES)
    rank = np.searchsorted(segments.age, age) + rng.integers(-4, 5, customers)
    segment = np.clip(rank, 0, SEGMENTS - 1)
    joined, left = (rng.integers(first_week, LAST_WEEK + 1, customers) for _ in range(2))
    joined = np.where(rng.random(customers) < 0.7, NEVER, joined)
    left = np.where((rng.random(customers) < 0.7) | (left < joined), LAST_WEEK + 1, left)
    kinds = np.array([kind.share for kind in words.TYPES])
    favourites = np.zeros(customers, np.int64)
    for _ in range(6):
        favourites |= np.int64(1) << rng.choice(len(kinds), customers, p=kinds / kinds.sum())
    return SimulatedCustomers(
        age=np.round(age).astype(np.int64),
        segment=segment,
        style=(segments.style[segment] + rng.normal(0, 0.7, (customers, STYLES))).astype(np.float32),
        favourites=favourites,
        colour=rng.integers(0, len(palette.COLOURS), (customers, 2)).astype(np.int8),
        rate=(0.042 * rng.lognormal(0, 1.0, customers)).astype(np.float32),
        joined=joined.astype(np.int16),
        left=left.astype(np.int16),
        thrift=rng.normal(0, 0.5, customers).astype(np.float32),
        online=rng.beta(1.4, 0.6, customers).astype(np.float32),
        last_visit=np.full(customers, NEVER, np.int16),
        last_basket=np.full((customers, BASKET), -1, np.int32),
        last_bought=np.full((customers, len(words.TYPES)), NEVER, np.int16),
    )


def customers_table(shoppers: SimulatedCustomers, seed: int, rng: np.random.Generator) -> pl.DataFrame:
    """Return the customers in Kaggle's columns, sorted by id."""
    count = shoppers.size
    ids = sorted(sha256(f"customer {seed} {number}".encode()).hexdigest() for number in range(count))
    postal = [sha256(f"postal {seed} {number}".encode()).hexdigest() for number in range(max(count // 4, 1))]
    news, is_known = rng.random(count) < 0.35, rng.random(count) >= 0.01
    active = news & is_known & (rng.random(count) < 0.97)
    club = rng.choice(np.array(["ACTIVE", "PRE-CREATE", ""]), count, p=[0.93, 0.065, 0.005])
    known = rng.random(count) >= 0.012
    return pl.DataFrame(
        {
            "customer_id": ids,
            "FN": pl.select(pl.when(pl.Series(news & is_known)).then(pl.lit("1.0"))).to_series(),
            "Active": pl.select(pl.when(pl.Series(active)).then(pl.lit("1.0"))).to_series(),
            "club_member_status": pl.Series(club.tolist()).replace("", None),
            "fashion_news_frequency": pl.Series(np.where(is_known, np.where(news, "Regularly", "NONE"), "").tolist()).replace("", None),
            "age": pl.select(pl.when(pl.Series(known)).then(pl.Series(shoppers.age))).to_series(),
            "postal_code": pl.Series(postal).gather(rng.integers(0, len(postal), count)),
        }
    )
