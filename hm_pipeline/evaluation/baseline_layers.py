"""Layers of the baselines: own purchases, frequent partners, what groups of customers buy, what everyone buys.

A layer is a table of ``customer_id, article_id, place``; a ranking is layers below one another, each article once.
Scores are integers and ties fall to the smaller ``article_id``.
"""

from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from hm_pipeline.base.calendar import DAYS, Calendar
from hm_pipeline.base.columns import K
from hm_pipeline.base.expressions import week_column
from hm_pipeline.engine.tables import WeeklyTable

DECAY_SCALE = 1_000_000  # fixed point of 1 / days, as a sum of floats depends on the order of rows
AGE_EDGES = (25, 35, 45, 55)  # under 25, decades, 55 and over: the bins of the published baseline
GENDER_GROUPS = (1, 3)  # index groups Ladieswear and Menswear; the others are bought for and by everyone
CUSTOMER, ARTICLE = "customer_id", "article_id"


def recent_purchases(transactions: WeeklyTable, week_id: int, calendar: Calendar, days: int) -> pl.LazyFrame:
    """Return the purchases of the last days before a week, with ``decay``, one over the days since in fixed point."""
    start = calendar.start(week_id)
    rows = transactions.before(week_id, weeks=-(-days // DAYS)).filter(pl.col("t_dat") >= start - timedelta(days=days))
    ago = (pl.lit(start) - pl.col("t_dat")).dt.total_days()
    return rows.with_columns(pl.col("price").cast(pl.Int64), decay=DECAY_SCALE // ago)


def top_articles(recent: pl.LazyFrame, score: pl.Expr, by: Sequence[str] = ()) -> pl.LazyFrame:
    """Return the best articles, of each group where groups are given, with their ``place`` from 1."""
    scores = recent.group_by(*by, ARTICLE).agg(score=score.cast(pl.Int64))
    return _placed(scores.sort(*by, "score", ARTICLE, descending=[*(False for _ in by), True, False]), by)


def _placed(ordered: pl.LazyFrame, by: Sequence[str]) -> pl.LazyFrame:
    place = pl.int_range(1, pl.len() + 1, dtype=pl.Int64)
    return ordered.with_columns(place=place.over(by) if by else place).filter(pl.col("place") <= K)


def own_purchases(recent: pl.LazyFrame, audience: pl.DataFrame, weight: pl.Expr) -> pl.LazyFrame:
    """Return the best of each customer's own purchases by the sum of a weight."""
    known = recent.join(audience.lazy().select(CUSTOMER), on=CUSTOMER, how="semi")
    return top_articles(known, weight.sum(), by=[CUSTOMER]).select(CUSTOMER, ARTICLE, "place")


def for_everyone(audience: pl.DataFrame, articles: pl.LazyFrame) -> pl.LazyFrame:
    """Give every customer of an audience the same articles."""
    return audience.lazy().select(CUSTOMER).unique().join(articles, how="cross")


def frequent_partners(own: pl.LazyFrame, recent: pl.LazyFrame, partners: int) -> pl.LazyFrame:
    """Return the articles that most often share a basket (customer, day, channel) with a customer's own purchases."""
    basket = [CUSTOMER, "t_dat", "sales_channel_id"]
    baskets = recent.select(*basket, ARTICLE).unique()
    known = baskets.join(own.select(ARTICLE).unique(), on=ARTICLE, how="semi").rename({ARTICLE: "own_id"})
    pairs = known.join(baskets, on=basket, nulls_equal=True).filter(pl.col(ARTICLE) != pl.col("own_id"))
    best = top_articles(pairs, pl.len(), by=["own_id"]).filter(pl.col("place") <= partners).rename({"place": "partner_place"})
    found = own.rename({ARTICLE: "own_id"}).join(best, on="own_id")
    # the best partner of every own article comes before the second of any
    return found.select(CUSTOMER, ARTICLE, place=pl.col("partner_place") * K + pl.col("place"))


def _gendered(articles: pl.LazyFrame) -> pl.LazyFrame:
    return articles.filter(pl.col("index_group_no").is_in(GENDER_GROUPS)).select(ARTICLE, gender="index_group_no")


def _age_bin() -> pl.Expr:
    edges_passed = pl.sum_horizontal(pl.col("age") >= edge for edge in AGE_EDGES)
    return pl.when(pl.col("age").is_not_null()).then(edges_passed.cast(pl.Int64)).alias("age_bin")


def customer_groups(
    transactions: WeeklyTable, articles: pl.LazyFrame, customers: pl.LazyFrame, *, audience: pl.DataFrame, week_id: int
) -> pl.LazyFrame:
    """Return ``customer_id, gender, age_bin`` of the customers whose gender can be inferred from their history."""
    bought = transactions.before(week_id).select(CUSTOMER, ARTICLE).join(audience.lazy().select(CUSTOMER), on=CUSTOMER, how="semi")
    counts = bought.join(_gendered(articles), on=ARTICLE).group_by(CUSTOMER, "gender").agg(bought_count=pl.len())
    ordered = counts.sort(CUSTOMER, "bought_count", "gender", descending=[False, True, False])
    genders = ordered.unique(CUSTOMER, keep="first", maintain_order=True).select(CUSTOMER, "gender")
    return genders.join(customers.select(CUSTOMER, _age_bin()), on=CUSTOMER, how="left")


def group_favourites(recent: pl.LazyFrame, articles: pl.LazyFrame, customers: pl.LazyFrame) -> pl.LazyFrame:
    """Return the best articles of each gender and age bin, and of each gender with a null bin for all ages."""
    bought = recent.join(_gendered(articles), on=ARTICLE).join(customers.select(CUSTOMER, _age_bin()), on=CUSTOMER, how="left")
    of_all_ages = bought.with_columns(age_bin=pl.lit(None, dtype=pl.Int64))
    groups = pl.concat([bought.filter(pl.col("age_bin").is_not_null()), of_all_ages])
    return top_articles(groups, pl.col("decay").sum(), by=["gender", "age_bin"])


def stack(layers: Sequence[pl.LazyFrame], week_id: int) -> pl.DataFrame:
    """Put the layers below one another, each article once, and cut the list at 12."""
    columns = [pl.col(name).cast(pl.Int64) for name in (CUSTOMER, ARTICLE, "place")]
    rows = pl.concat([layer.select(*columns, layer=pl.lit(index)) for index, layer in enumerate(layers)])
    ordered = rows.sort(CUSTOMER, "layer", "place", ARTICLE).unique([CUSTOMER, ARTICLE], keep="first", maintain_order=True)
    ranked = ordered.with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int16).over(CUSTOMER))
    kept = ranked.filter(pl.col("rank") <= K)
    return kept.select(week_column(week_id), CUSTOMER, ARTICLE, "rank").collect()
