"""Does the customer need this kind of clothing this week?

Source: the rhythm in which the customer bought each clothing type, against the type's share of current sales; a
gradient-boosted model fitted on buyers of the last two weeks.  It is P(buys the type | buys anything), computed per
(customer, type) and published per candidate pair.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.contracts import Pair
from hm_pipeline.inputs import Inputs
from hm_pipeline.signals import _booster
from hm_pipeline.signals._booster import Boosters
from hm_pipeline.signals._signal import Signal

TYPE = ["customer_id", "product_type_no"]
FEATURES = (
    "base_share", "own_share", "type_weeks", "since_weeks", "gap_weeks", "due_ratio", "all_weeks", "all_since_weeks", "age",
)  # fmt: skip


class NeedPropensity(Pair):
    """Need of candidate pairs; candidates of one clothing type share it."""

    need_propensity = dy.Float32(
        nullable=False, min=0, max=1, description="probability that the customer buys the type, if anything is bought"
    )
    need_since_weeks = dy.Int16(nullable=True, min=1, description="weeks since the customer last bought the type; null if never")
    need_due_ratio = dy.Float32(
        nullable=True, min=0, description="that time over the customer's usual gap; null if bought in fewer than two weeks"
    )
    need_own_share = dy.Float32(
        nullable=True, min=0, max=1, description="share of the type in the customer's weeks of purchase; null if never"
    )


def rhythm(wanted: pl.LazyFrame, purchases: pl.LazyFrame, shares: pl.LazyFrame, *, week_id: int) -> pl.LazyFrame:
    """Return the features of (customer, type) pairs at a cutoff.

    Parameters
    ----------
    wanted
        ``customer_id``, ``product_type_no`` and ``age`` in years.
    purchases
        The customers' weeks of purchase before the cutoff: ``customer_id``, ``product_type_no``, ``week_id``.
    shares
        ``product_type_no`` and its ``base_share`` of all current sales.
    """
    of_type = (
        purchases.unique()
        .group_by(TYPE)
        .agg(pl.len().alias("type_weeks"), pl.col("week_id").min().alias("first"), pl.col("week_id").max().alias("last"))
    )
    of_all = purchases.group_by("customer_id").agg(
        pl.col("week_id").n_unique().alias("all_weeks"), (week_id - pl.col("week_id").max()).alias("all_since_weeks")
    )
    gap = pl.when(pl.col("type_weeks") > 1).then((pl.col("last") - pl.col("first")) / (pl.col("type_weeks") - 1))
    return (
        wanted.join(of_type, on=TYPE, how="left")
        .join(of_all, on="customer_id", how="left")
        .join(shares, on="product_type_no", how="left")
        .with_columns(
            (week_id - pl.col("last")).alias("since_weeks"),
            gap.alias("gap_weeks"),
            (pl.col("type_weeks") / pl.col("all_weeks")).alias("own_share"),
            pl.col("base_share").fill_null(0),
        )
        .with_columns((pl.col("since_weeks") / pl.col("gap_weeks")).alias("due_ratio"))
    )


def type_shares(tables: Inputs, *, week_id: int, recent: int = 2) -> pl.LazyFrame:
    """Return each type's share of the units of the last weeks."""
    sales = tables.weekly("history/type_sales").at(week_id).filter(pl.col("sold_week_id") >= week_id - recent)
    counted = sales.group_by("product_type_no").agg(pl.col("sold_count").sum())
    return counted.select("product_type_no", (pl.col("sold_count") / pl.col("sold_count").sum()).alias("base_share"))


def typed(purchases: pl.LazyFrame, articles: pl.LazyFrame) -> pl.LazyFrame:
    """Return weeks of purchase per customer and clothing type."""
    types = articles.select("article_id", pl.col("product_type_no").fill_null(-1))
    return purchases.select("customer_id", "article_id", "week_id").join(types, on="article_id").select(*TYPE, "week_id")


def fit(tables: Inputs, *, week_id: int, seed: int, weeks: int = 2, customers: int = 4_000, popular_types: int = 25) -> Boosters:
    """Fit on buyers of the last weeks: which of their own and the popular types did they take?

    Parameters
    ----------
    weeks
        Past weeks; two are as good as six in the public solutions.
    customers
        Buyers of each week in the sample, drawn by a hash of their id.
    popular_types
        Types asked about although the customer never bought them.
    """
    first = tables.calendar.first_week + 1
    frames = [
        _examples(tables, past, seed=seed, customers=customers, popular_types=popular_types)
        for past in range(max(week_id - weeks, first), week_id)
    ]
    if not frames:
        return Boosters(FEATURES, {}, {"is_bought": 0.0})
    examples = pl.concat(frames).sort("past", *TYPE)
    return _booster.fit(examples, features=FEATURES, objectives={"is_bought": "binary"}, seed=seed)


def _examples(tables: Inputs, past: int, *, seed: int, customers: int, popular_types: int) -> pl.DataFrame:
    articles, ages = tables.static("articles"), tables.static("customers").select("customer_id", "age")
    sold = tables.weekly("transactions").before(past + 1, weeks=1)
    buyers = sold.select("customer_id").unique().sort(pl.col("customer_id").hash(seed), "customer_id").head(customers)
    sample = tables.of(buyers.collect().lazy())
    purchases = typed(sample.weekly("purchases").before(past), articles)
    bought = typed(sold, articles).select(TYPE).unique().with_columns(pl.lit(1, dtype=pl.Int8).alias("is_bought"))
    shares = type_shares(tables, week_id=past)
    popular = shares.sort("base_share", "product_type_no", descending=[True, False]).head(popular_types).select("product_type_no")
    wanted = pl.concat([purchases.select(TYPE), sample.audience.select("customer_id").join(popular, how="cross")]).unique()
    rows = rhythm(wanted.join(ages, on="customer_id", how="left"), purchases, shares, week_id=past)
    return rows.join(bought, on=TYPE, how="left").with_columns(pl.col("is_bought").fill_null(0), pl.lit(past).alias("past")).collect()


def compute(tables: Inputs, *, week_id: int, model: Boosters) -> pl.LazyFrame:
    """Return :class:`NeedPropensity` of the candidates."""
    articles, ages = tables.static("articles"), tables.static("customers").select("customer_id", "age")
    types = articles.select("article_id", pl.col("product_type_no").fill_null(-1))
    # Collected, or the optimiser would join articles to needs by type first: all articles times all customers.
    pairs = tables.weekly("candidates").at(week_id).select("customer_id", "article_id").join(types, on="article_id").collect().lazy()
    wanted = pairs.select(TYPE).unique().join(ages, on="customer_id", how="left")
    purchases = typed(tables.weekly("purchases").before(week_id), articles)
    rows = rhythm(wanted, purchases, type_shares(tables, week_id=week_id), week_id=week_id).collect()
    needs = rows.select(
        *TYPE,
        model.predict("is_bought", rows).clip(0, 1).alias("need_propensity"),
        pl.col("since_weeks").cast(pl.Int16).alias("need_since_weeks"),
        pl.col("due_ratio").cast(pl.Float32).alias("need_due_ratio"),
        pl.col("own_share").cast(pl.Float32).alias("need_own_share"),
    )
    found = pairs.join(needs.lazy(), on=TYPE).with_columns(pl.lit(week_id, dtype=pl.Int64).alias("week_id"))
    return NeedPropensity.validate(found)


SIGNAL = Signal(
    schema=NeedPropensity,
    compute=compute,
    inputs=("purchases", "transactions", "customers", "articles", "history/type_sales", "candidates"),
    fit=fit,
    load=Boosters.load,
    past_weeks=2,
    why="What people buy next follows from what they have, and from when they last bought its kind.",
)
