"""Features of the first stage: the ranks of the strategies, the article's sales and forecast, and the customer's affinity.

Every term puts a pair into one of a few buckets.  Sales are cut into buckets once an article, affinities once a customer
and value of an attribute; what is left for a pair is to look its bucket up, or what the bucket weighs.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from hm_pipeline.base.expressions import or_unknown
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.candidates.first_stage.pool import CandidatePool
from hm_pipeline.recommender.history.article_sales import buyer_age
from hm_pipeline.recommender.profiles import CustomerProfiles, build_profiles, encode_attribute

BUCKETS = 8  # of ranks: 1, 2-3, 4-7, ... 128 and more; one more bucket is "not proposed"
ATTRIBUTES = ("index_group_no", "section_no", "department_no", "product_type_no", "colour_group_code")
AFFINITIES = np.array([-2.5, -1.5, -1.0, -0.5, -0.2, 0.1, 0.4, 0.8, 1.2, 1.7, 2.3, 3.0])  # natural logarithms of ratios
UNITS = np.array([0.02, 0.05, 0.1, 0.2, 0.35, 0.6, 1.0, 1.8, 3.0, 5.0, 9.0, 16.0])  # over the mean article on offer
TRENDS = np.array([0.4, 0.6, 0.8, 0.95, 1.1, 1.3, 1.7, 2.5])
AGE_DAYS = np.array([7.5, 14.5, 28.5, 56.5, 112.5, 224.5])
GAPS = np.array([-25, -15, -9, -5, -2, 2, 5, 9, 15, 25], float)  # years between the article's buyers and the customer
PRICES = np.array([0.2, 0.4, 0.6, 0.8, 1.0, 1.25, 1.6, 2.2, 3.5])  # over the customer's mean price
ARTICLE_TERMS = {"units": UNITS, "week_units": UNITS, "trend": TRENDS, "age_days": AGE_DAYS}


@dataclass(frozen=True)
class BinnedFeature:
    """Buckets of what pairs share: an article, a proposal, a customer and a value of an attribute.

    Parameters
    ----------
    known
        The buckets, of any shape.
    spread
        Returns those of the pairs, given the buckets, or what stands in their places; the same function for terms of the same.
    """

    known: np.ndarray
    spread: Callable[[np.ndarray], np.ndarray]


def digitize(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Return the bucket of each value; what is not a number has the last one."""
    found = np.zeros(values.shape, np.uint8)
    for edge in edges:  # there are few: to look each value up among them would take longer
        found += values >= edge
    found[np.isnan(values)] = len(edges) + 1
    return found


def bin_counts(strategies: list[str]) -> dict[str, int]:
    """Return the number of buckets of every term."""
    ranks = dict.fromkeys(strategies, BUCKETS + 1)
    articles = {name: len(edges) + 2 for name, edges in ARTICLE_TERMS.items()}
    tastes = dict.fromkeys(ATTRIBUTES, len(AFFINITIES) + 2)
    return {**ranks, **articles, **tastes, "age_gap": len(GAPS) + 2, "price": len(PRICES) + 2}


def terms_of(union: CandidatePool, tables: Inputs, *, week_id: int) -> dict[str, BinnedFeature]:
    """Return every term of the pairs."""
    facts = tables.cached_for_partition(_facts, week_id)
    taste = build_profiles(tables, union.customer_ids, union.article_ids, week_id=week_id)
    found = {name: _ranks(name, union) for name in union.values}

    def of_articles(values: np.ndarray) -> np.ndarray:
        return np.asarray(values[union.article])

    found |= {name: BinnedFeature(digitize(facts[name].to_numpy(), edges), of_articles) for name, edges in ARTICLE_TERMS.items()}
    found |= {name: _affinity(name, taste, facts, union) for name in ATTRIBUTES}
    age = _floats(tables.ages(union.customer_ids))[union.customer]
    found["age_gap"] = BinnedFeature(digitize(facts["buyer_age"].to_numpy()[union.article] - age, GAPS), np.asarray)
    price = _floats(taste.prices)[union.customer]
    found["price"] = BinnedFeature(digitize(facts["last_price"].to_numpy()[union.article] / price, PRICES), np.asarray)
    return found


def _ranks(name: str, union: CandidatePool) -> BinnedFeature:
    known = _rank_bucket(union.values[name][f"{name}_rank"].to_numpy())

    def spread(values: np.ndarray) -> np.ndarray:
        return union.spread(name, values[:-1], values[-1])

    return BinnedFeature(np.append(known, np.uint8(BUCKETS)), spread)


def _rank_bucket(ranks: np.ndarray) -> np.ndarray:
    """Return the integer part of a rank's binary logarithm."""
    table = np.minimum(np.log2(np.arange(1, 2**BUCKETS)).astype(np.uint8), BUCKETS - 1)
    return np.asarray(table[np.minimum(ranks, 2**BUCKETS - 1) - 1])


def _affinity(name: str, taste: CustomerProfiles, facts: pl.DataFrame, union: CandidatePool) -> BinnedFeature:
    codes, shares = encode_attribute(facts[name], facts["day_7_count"].fill_null(0).to_numpy())
    known = digitize(taste.affinity(codes, shares), AFFINITIES)
    known[~taste.has_history] = len(AFFINITIES) + 1

    def spread(values: np.ndarray) -> np.ndarray:
        return np.asarray(values.ravel()[union.customer * len(shares) + codes[union.article]])

    return BinnedFeature(known, spread)


def _facts(tables: Inputs, week_id: int) -> pl.DataFrame:
    """Return what is known of every article of the catalogue, in its order; floats, not a number where nothing is known."""
    sales = tables.weekly("history/article_sales").at(week_id)
    forecast = tables.weekly("signal/availability").at(week_id)
    week = pl.col("day_7_count") / pl.col("day_7_count").filter(pl.col("day_7_count") > 0).mean()
    units = pl.col("availability_units") / pl.col("availability_units").filter(pl.col("day_7_count") > 0).mean()
    known = (
        sales.select("article_id", "day_7_count", "lag_2_count", "last_price", buyer_age().alias("buyer_age"))
        .join(forecast.select("article_id", "availability_units", "availability_age_days"), on="article_id", how="left")
        .select(
            "article_id",
            "day_7_count",
            units.alias("units"),
            week.alias("week_units"),
            ((pl.col("day_7_count") + 1) / (pl.col("lag_2_count") + 1)).alias("trend"),
            pl.col("availability_age_days").alias("age_days"),
            pl.col("buyer_age"),
            (pl.col("last_price") / 1).alias("last_price"),
        )
    )
    catalogue = tables.dimension("articles").select("article_id", or_unknown(*ATTRIBUTES))
    rows = catalogue.sort("article_id").join(known, on="article_id", how="left", maintain_order="left").collect()
    floats = ("units", "week_units", "trend", "age_days", "buyer_age", "last_price")
    return rows.with_columns(pl.col(floats).cast(pl.Float64).fill_null(float("nan")))


def _floats(values: pl.Series) -> np.ndarray:
    return values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
