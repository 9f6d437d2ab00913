"""Strategies: their registration, and the few expressions that they share.

A strategy proposes articles for customers; it ranks its own proposals and scores them.  Which of all proposals are
kept is decided by the first stage.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from hm_pipeline.base.expressions import or_unknown, week_column
from hm_pipeline.base.fixed_point import SCALE, days_before, decay
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.registration import Registration
from hm_pipeline.recommender.candidates._lib.packed_sort import aggregate, sort_by_score

MIN_PROBABILITY = 0.05  # of any sale: below it lie half of what customers bought before, and a fiftieth of what they buy again


@dataclass(frozen=True, kw_only=True)
class Strategy(Registration):
    """A way to propose articles.

    ``compute`` returns proposals for ``tables.audience``: the pair, ``<name>_rank``, ``<name>_score`` and what other
    numbers are worth a feature.
    """


def available_articles(tables: Inputs, *, week_id: int, least_chance: float = MIN_PROBABILITY) -> pl.LazyFrame:
    """Return ``article_id`` of what is available in the week, by the availability signal."""
    return tables.weekly("signal/availability").at(week_id).filter(pl.col("availability") >= least_chance).select("article_id")


def last_purchases(tables: Inputs, *, week_id: int, most: int, weeks: int | None = None) -> pl.LazyFrame:
    """Return what customers bought last: ``customer_id``, ``article_id`` and ``t_dat`` of the last purchase.

    Parameters
    ----------
    most
        Articles of a customer.
    weeks
        Past weeks; all where not given.
    """
    last = tables.cached_for_shard(_newest, week_id).lazy().filter(pl.col("place") < most).drop("place")
    # The latest come first, so that what was bought in the last weeks is the head of each customer's list.
    return last if weeks is None else last.filter(pl.col("t_dat") >= tables.calendar.start(week_id - weeks))


def _newest(tables: Inputs, week_id: int) -> pl.DataFrame:
    day = pl.col("t_dat").to_physical().cast(pl.Int64).alias("score")
    bought = tables.weekly("purchases").before(week_id).select("customer_id", "article_id", day).collect()
    ordered = sort_by_score(aggregate(bought, "article_id", np.maximum))
    place = pl.int_range(pl.len()).over("customer_id").alias("place")
    return ordered.select("customer_id", "article_id", pl.col("score").cast(pl.Int32).cast(pl.Date).alias("t_dat"), place)


def favourite_values(tables: Inputs, attribute: str, *, week_id: int, half_life_days: float, most: int) -> pl.LazyFrame:
    """Return the values of an article's attribute that customers bought most.

    Returns
    -------
    pl.LazyFrame
        ``customer_id``, the attribute (-1 is unknown), ``weight`` of the purchases with the value and ``all``, that of all
        the customer's purchases; at most ``most`` values of a customer.
    """
    values = tables.dimension("articles").select("article_id", or_unknown(attribute))
    weight = decay(days_before(tables.calendar.start(week_id)), half_life_days=half_life_days).alias("score")
    own = tables.weekly("purchases").before(week_id).join(values, on="article_id").select("customer_id", attribute, weight).collect()
    weighed = sort_by_score(aggregate(own, attribute, np.add), attribute).rename({"score": "weight"})
    weighed = weighed.with_columns(pl.col("weight").sum().over("customer_id").alias("all"))
    return weighed.filter(pl.int_range(pl.len()).over("customer_id") < most, pl.col("weight") > 0).lazy()


def rank_proposals(proposals: pl.LazyFrame, name: str, *, week_id: int, most: int, then: str | None = None) -> pl.LazyFrame:
    """Rank proposals within customers by ``score``, keep the best and name the columns for a strategy.

    Parameters
    ----------
    then
        Column that breaks ties, the larger first; the last tie is broken by the article.
    """
    if then is None:
        ordered = sort_by_score(proposals.collect()).lazy()
    else:
        ordered = proposals.sort("customer_id", "score", then, "article_id", descending=[False, True, True, False])
    return (
        ordered.with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int16).over("customer_id").alias(f"{name}_rank"))
        .filter(pl.col(f"{name}_rank") <= most)
        .with_columns(week_column(week_id), (pl.col("score") / SCALE).cast(pl.Float32).alias(f"{name}_score"))
    )
