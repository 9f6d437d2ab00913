"""Ground truth of the simulated shop: the causes of its purchases, written beside its files to evaluate signals against.

``OUT/truth`` holds ``offers.parquet``, ``seasons.parquet``, ``customers.parquet``, ``articles.parquet`` and
``needs.parquet``.  No part of the pipeline reads it: only the comparison in the evaluation does.
"""

from pathlib import Path

import numpy as np
import polars as pl

from hm_pipeline.base.expressions import week_column
from hm_pipeline.base.files import atomic_write
from hm_pipeline.datasets.simulator import palette
from hm_pipeline.datasets.simulator import vocabulary as words
from hm_pipeline.datasets.simulator.catalogue import LAST_WEEK, Array, Catalogue, season
from hm_pipeline.datasets.simulator.customers import CIRCLE_STYLE, Segments, SimulatedCustomers
from hm_pipeline.datasets.simulator.weekly_sales import LIKES, NOISE, likes, look, utility

FOLDER = "truth"
PROFILES = 20_000  # customers whose style is written
NEEDS = 4_000  # customers whose needs are written
NEED_WEEKS = 8  # last weeks whose needs are written
GLANCES = 64  # times a customer looks, to work out the chances of the types


class GroundTruthRecorder:
    """Watches the shop just before each week's visits, with dice of its own: the shop sells the same with and without it.

    Parameters
    ----------
    shop, shoppers, segments
        The simulated shop; the customers' memories change from week to week.
    ids
        Ids of customers and articles as they stand in the files.
    seed
        Seed of the shop.
    """

    def __init__(
        self, shop: Catalogue, shoppers: SimulatedCustomers, segments: Segments, ids: tuple[pl.Series, pl.Series], seed: int
    ) -> None:
        self._shop, self._shoppers, self._segments = shop, shoppers, segments
        self._customer_id, self._article_id = ids
        self._rng = np.random.default_rng([seed, 2])
        self._offers: list[pl.DataFrame] = []
        self._needs: list[pl.DataFrame] = []

    def see(self, week_id: int, trend: Array) -> None:
        """Note a week before its visits; ``trend`` is the fortune of every article."""
        offered, weight = self._shop.weight(week_id, trend)
        chances = self._segments.distribution(self._shop, offered, weight)
        self._offers.append(self._offer(week_id, offered, chances))
        if week_id > LAST_WEEK - NEED_WEEKS:
            self._needs.append(self._need(week_id, offered, chances))

    def write(self, out: Path) -> None:
        """Write the tables, each atomically."""
        offers = pl.concat(self._offers)
        customers, articles = self._affinities()
        tables = {
            "offers": offers,
            "seasons": self._seasons(offers),
            "customers": customers,
            "articles": articles,
            "needs": pl.concat(self._needs),
        }
        for name, table in tables.items():
            atomic_write(out / FOLDER / f"{name}.parquet", table.write_parquet)

    def _offer(self, week_id: int, offered: Array, chances: Array) -> pl.DataFrame:
        """Return articles on offer with their expected share of what is looked at; what is not on offer has no row."""
        here = self._shoppers.here(week_id)
        crowd = np.bincount(self._shoppers.segment, self._shoppers.rate * here, len(chances))
        share = crowd @ np.diff(chances, axis=1, prepend=0) / max(crowd.sum(), 1e-12)
        rows = {"article_id": self._article_id.gather(offered), "share": pl.Series(share, dtype=pl.Float32)}
        return pl.DataFrame(rows).select(week_column(week_id), "article_id", "share")

    def _seasons(self, offers: pl.DataFrame) -> pl.DataFrame:
        """Return each type's share of what is looked at, and ``calendar``, what the time of the year alone does to it."""
        types = pl.DataFrame({"article_id": self._article_id, "product_type_no": _numbers()[self._shop.kind]})
        shares = offers.join(types, on="article_id").group_by("week_id", "product_type_no").agg(pl.col("share").sum())
        weeks = shares["week_id"].unique().sort()
        turns = np.exp(np.stack([season(week_id) for week_id in weeks]))
        calendar = {
            "week_id": np.repeat(weeks, turns.shape[1]),
            "product_type_no": np.tile(_numbers(), len(weeks)),
            "calendar": turns.ravel(),
        }
        return shares.join(pl.DataFrame(calendar), on=["week_id", "product_type_no"]).sort("week_id", "product_type_no")

    def _need(self, week_id: int, offered: Array, chances: Array) -> pl.DataFrame:
        """Return the customers' needs of all types: what is due, and the chance that an article taken is of the type."""
        people = spread(self._shoppers.size, NEEDS)
        kinds, examples = np.unique(self._shop.kind, return_index=True)  # need depends on the type alone: any article of it will do
        count, width = len(people), len(kinds)
        rows = np.repeat(people, GLANCES)
        seen = look(self._shoppers, rows, offered, chances, self._rng)
        pull = np.exp(utility(self._shop, self._shoppers, rows, seen, week_id) / NOISE)
        taken = pull / pull.sum(axis=1, keepdims=True) / GLANCES
        place = np.repeat(np.arange(count), GLANCES)[:, None] * width + np.searchsorted(kinds, self._shop.kind[seen])
        chance = np.bincount(place.ravel(), taken.ravel(), count * width)
        terms = likes(self._shop, self._shoppers, people, np.broadcast_to(examples, (count, width)), week_id)
        return pl.DataFrame(
            {
                "customer_id": self._customer_id.gather(np.repeat(people, width)),
                "product_type_no": np.tile(_numbers()[kinds], count),
                "due": terms["need"].ravel().astype(np.float32),
                "favourite": terms["favourite"].ravel().astype(bool),
                "chance": chance.astype(np.float32),
            }
        ).select(week_column(week_id), pl.all())

    def _affinities(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Return vectors whose product is what a customer makes of an article, without needs and favourite types."""
        shop, shoppers, people = self._shop, self._shoppers, spread(self._shoppers.size, PROFILES)
        circle = shoppers.segment[people]
        style = LIKES["style"] * shoppers.style[people] + CIRCLE_STYLE * self._segments.style[circle]
        colours = np.zeros((len(people), len(palette.COLOURS)))
        np.put_along_axis(colours, shoppers.colour[people].astype(np.int64), LIKES["colour"], axis=1)
        purse = LIKES["purse"] * shoppers.thrift[people, None]
        customer = np.concatenate([style, self._segments.group[circle], colours, purse], axis=1)
        groups, shades = np.eye(len(words.GROUPS))[shop.group], np.eye(len(palette.COLOURS))[shop.colour]
        article = np.concatenate([shop.style, groups, shades, np.log(shop.euros / 15)[:, None]], axis=1)
        return _vectors("customer_id", self._customer_id.gather(people), customer), _vectors("article_id", self._article_id, article)


def spread(size: int, most: int) -> Array:
    """Return places of at most so many of ``size``, spread evenly."""
    return np.unique(np.linspace(0, size - 1, min(size, most)).astype(np.int64))


def _vectors(name: str, ids: pl.Series, vectors: Array) -> pl.DataFrame:
    return pl.DataFrame(
        {name: ids, "taste": vectors.astype(np.float32)}, schema_overrides={"taste": pl.Array(pl.Float32, vectors.shape[1])}
    )


def _numbers() -> Array:
    return np.array([kind.number for kind in words.TYPES], np.int64)
