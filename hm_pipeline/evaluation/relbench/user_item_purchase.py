"""rel-hm user-item-purchase: predict the articles that each of this week's buyers buys.

Population: customers with a transaction in (t, t + 7 d], our week w; customers who buy nothing are left out.  Labels:
their distinct articles.  MAP@12 is Kaggle's measure as well; precision and recall are RelBench's: hits by 12, and hits
by distinct articles bought, both averaged over customers.

Differences to RelBench: lists may be shorter than 12, where RelBench fills them with an article that does not exist;
the places left empty count as misses all the same.  Lists of others are left out.  An article named twice in a list
is refused; RelBench counts it twice.

References
----------
snap-stanford/relbench at f4fdd49, relbench/tasks/hm.py, ``UserItemPurchaseTask``; at f17f5ef, relbench/metrics.py,
``link_prediction_map``, ``link_prediction_precision`` and ``link_prediction_recall``; baselines: examples/baseline_link.py.
"""

import polars as pl

from hm_pipeline.base.columns import BUYER, KEYS, K
from hm_pipeline.base.errors import SchemaViolation
from hm_pipeline.base.expressions import week_column
from hm_pipeline.evaluation.relbench.alignment import Baseline, require_labels, require_once
from hm_pipeline.evaluation.scoreboard.rows import DECIMALS, Row
from hm_pipeline.recommender.metrics.ranking import average_precision

NAME = "user-item-purchase"
NO_ARTICLE = -1  # RelBench's filler: named where nothing is known of a customer, never a hit


class PurchaseScore(Row):
    """Scores of predicted purchases, means over customers."""

    customers: int
    places: int
    mean_average_precision: float
    precision: float
    recall: float


def population(transactions: pl.LazyFrame, customers: pl.LazyFrame, articles: pl.LazyFrame, *, week_id: int) -> pl.LazyFrame:
    """Return the task's population: ``week_id, customer_id`` of the customers with a label, sorted."""
    return labels(transactions, customers, articles, week_id=week_id).select(BUYER).unique().sort(BUYER)


def labels(transactions: pl.LazyFrame, customers: pl.LazyFrame, articles: pl.LazyFrame, *, week_id: int) -> pl.LazyFrame:
    """Return ``week_id, customer_id, article_id``: each article a customer bought in the week once, sorted.

    Parameters
    ----------
    customers, articles
        The catalogues; others are left out, as RelBench's ``filter_dangling_entities`` does.
    """
    bought = transactions.filter(pl.col("week_id") == week_id).select(KEYS).unique()
    known = bought.join(customers, on="customer_id", how="semi").join(articles, on="article_id", how="semi")
    return known.sort(KEYS)


def score(predictions: pl.DataFrame, labels: pl.DataFrame, *, places: int = K) -> PurchaseScore:
    """Score lists of articles.

    Parameters
    ----------
    predictions
        ``week_id, customer_id, article_id, rank``, 1 is best; a customer about whom nothing is known has one row with
        :data:`NO_ARTICLE`.  Ranks beyond ``places`` are not looked at.
    labels
        ``week_id, customer_id, article_id``; repeated rows count once.

    Raises
    ------
    MissingInput
        If there are no labels.
    SchemaViolation
        If a customer of the population has no list, or one with a rank below 1, or a rank or an article twice.
    """
    require_labels(labels, where=NAME)
    pairs = labels.select(KEYS).unique()
    ranked = predictions.join(pairs.select(BUYER).unique(), on=BUYER, how="semi").filter(
        pl.col("rank").is_null() | (pl.col("rank") <= places)
    )
    _require_lists(ranked, pairs)
    hits = ranked.join(pairs, on=KEYS, how="semi").group_by(BUYER).agg(hits=pl.len())
    counted = (
        pairs.group_by(BUYER).agg(bought=pl.len()).join(hits, on=BUYER, how="left").sort(BUYER).with_columns(pl.col("hits").fill_null(0))
    )
    found, bought = counted["hits"].to_numpy().astype(float), counted["bought"].to_numpy()
    precisions = average_precision(ranked, pairs, k=places)["average_precision"].to_numpy()
    return PurchaseScore(
        customers=counted.height,
        places=places,
        mean_average_precision=round(float(precisions.mean()), DECIMALS),
        precision=round(float((found / places).mean()), DECIMALS),
        recall=round(float((found / bought).mean()), DECIMALS),
    )


def _require_lists(ranked: pl.DataFrame, pairs: pl.DataFrame) -> None:
    unlisted = pairs.join(ranked, on=BUYER, how="anti").select(BUYER).unique().sort(BUYER)
    if unlisted.height:
        week_id, customer_id = unlisted.row(0)
        raise SchemaViolation(
            f"{unlisted.height} customers have no list, first week_id {week_id}, customer_id {customer_id}",
            where=NAME,
            hint=f"name at least one article for every customer of the population, {NO_ARTICLE} where none is known",
        )
    if ranked.filter(pl.col("rank").is_null() | (pl.col("rank") < 1)).height:
        raise SchemaViolation("a rank is missing or below 1", where=NAME, hint="count ranks from 1, the best")
    require_once(ranked, keys=(*BUYER, "rank"), where=NAME, what="article")
    require_once(ranked.filter(pl.col("article_id") != NO_ARTICLE), keys=KEYS, where=NAME, what="rank")


def best_sellers(transactions: pl.LazyFrame, customers: pl.LazyFrame, *, week_id: int) -> pl.LazyFrame:
    """Name the 12 articles with the most transactions of the week before for everyone; ties fall to the smaller id.

    RelBench's global popularity counts all weeks it trains on, each customer once a week.
    """
    sold = transactions.filter(pl.col("week_id") == week_id - 1).group_by("article_id").agg(count=pl.len())
    best = sold.sort(["count", "article_id"], descending=[True, False]).head(K)
    ranked = best.select("article_id", rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int16))
    asked = customers.select(week_column(week_id), "customer_id").unique()
    return asked.join(ranked, how="cross").sort(*BUYER, "rank")


def past_purchases(transactions: pl.LazyFrame, customers: pl.LazyFrame, *, week_id: int) -> pl.LazyFrame:
    """Name the 12 articles a customer bought in most weeks so far, the newer before the older, then the smaller id.

    RelBench's past visit, which counts weeks too but lets ties fall as they come.  Customers without a past get
    :data:`NO_ARTICLE`.
    """
    past = transactions.filter(pl.col("week_id") < week_id).join(customers, on="customer_id", how="semi")
    pairs = past.group_by("customer_id", "article_id").agg(weeks=pl.col("week_id").n_unique(), last=pl.col("t_dat").max())
    order = pairs.sort(["customer_id", "weeks", "last", "article_id"], descending=[False, True, True, False])
    place = pl.int_range(1, pl.len() + 1, dtype=pl.Int16).over("customer_id").alias("rank")
    own = order.select("customer_id", "article_id", place).filter(pl.col("rank") <= K)
    asked = customers.select(week_column(week_id), "customer_id").unique().join(own, on="customer_id", how="left")
    return asked.with_columns(pl.col("article_id").fill_null(NO_ARTICLE), pl.col("rank").fill_null(1)).sort(*BUYER, "rank")


BASELINES: dict[str, Baseline] = {"best sellers": best_sellers, "past purchases": past_purchases}
