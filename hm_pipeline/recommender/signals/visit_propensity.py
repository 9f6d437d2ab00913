"""Probability that the customer buys anything this week.

Source: a gradient-boosted model on the customer's own purchases: five weekly buckets, decayed counts, rhythm, spending
and channel, fitted on who came in past weeks.  Grain: (customer, week).  Its complement is the churn that RelBench's
task asks for; its features follow the recipe of the people who solved that by hand.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.base.contracts import CustomerWeek
from hm_pipeline.base.expressions import week_column
from hm_pipeline.base.fixed_point import SCALE, days_before, decay
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.learners import signal_boosters as _booster
from hm_pipeline.recommender.learners.signal_boosters import Boosters
from hm_pipeline.recommender.signals._lib.signal import Signal

BUCKETS = 5  # weeks that are looked at one by one
HALF_LIVES = (7, 30, 90, 365)  # days
YEAR = 52  # weeks
FEATURES = (
    *(f"week_{week}_{what}" for week in range(1, BUCKETS + 1) for what in ("count", "days")), *(f"decayed_{days}" for days in HALF_LIVES),
    "all_count", "visit_days", "idle_days", "known_days", "gap_days", "due_ratio", "last_count", "price", "online_share", "year_ago", "age",
)  # fmt: skip


class VisitPropensity(CustomerWeek):
    """Visit probability of the audience."""

    visit_propensity = dy.Float32(nullable=False, min=0, max=1, description="probability that the customer buys anything in the week")


def build_features(tables: Inputs, *, week_id: int) -> pl.DataFrame:
    """Return the features of the audience, sorted by customer; who never bought has zero counts and nulls."""
    days = days_before(tables.calendar.start(week_id)).alias("days")
    bought = tables.weekly("purchases").before(week_id).select("customer_id", days, "price", "sales_channel_id")
    day, count = pl.col("days"), pl.len()
    weekly = [
        expression
        for week in range(1, BUCKETS + 1)
        for expression in (
            ((day - 1) // 7 + 1 == week).sum().alias(f"week_{week}_count"),
            day.filter((day - 1) // 7 + 1 == week).n_unique().alias(f"week_{week}_days"),
        )
    ]
    known = bought.group_by("customer_id").agg(
        *weekly,
        *((decay(day, half_life_days=half).sum() / SCALE).alias(f"decayed_{half}") for half in HALF_LIVES),
        count.alias("all_count"),
        day.n_unique().alias("visit_days"),
        day.min().alias("idle_days"),
        day.max().alias("known_days"),
        (day == day.min()).sum().alias("last_count"),
        (pl.col("price").cast(pl.Int64).sum() / count / 1e6).alias("price"),
        ((pl.col("sales_channel_id") == 2).sum() / count).alias("online_share"),
        day.is_between(7 * YEAR - 13, 7 * YEAR + 7).sum().alias("year_ago"),
    )
    gap = pl.when(pl.col("visit_days") > 1).then((pl.col("known_days") - pl.col("idle_days")) / (pl.col("visit_days") - 1))
    rows = tables.audience.join(known, on="customer_id", how="left").join(
        tables.dimension("customers").select("customer_id", "age"), on="customer_id", how="left"
    )
    counts = [name for name in FEATURES if name.endswith(("_count", "_days", "year_ago")) or name.startswith("decayed")]
    zero = [name for name in counts if name not in ("idle_days", "known_days", "gap_days")]
    return (
        rows.with_columns(gap.alias("gap_days"))
        .with_columns((pl.col("idle_days") / pl.col("gap_days")).alias("due_ratio"), pl.col(zero).fill_null(0))
        .sort("customer_id")
        .collect()
    )


def fit(tables: Inputs, *, week_id: int, seed: int, weeks: int = 3, customers: int = 12_000) -> Boosters:
    """Fit on who came in the last weeks.

    Parameters
    ----------
    weeks
        Past weeks.
    customers
        Customers of each week in the sample, drawn by a hash of their id: half of those who bought in the week before,
        for whom most is at stake, half of all others.  Each stands for as many as it was drawn from.
    """
    first = tables.calendar.first_week + 1
    frames = [_examples(tables, past, seed, customers // 2) for past in range(max(week_id - weeks, first), week_id)]
    if not frames:
        return Boosters(FEATURES, {}, {"comes": 0.0})
    objectives = {"comes": {"objective": "binary"}}
    return _booster.fit(pl.concat(frames), features=FEATURES, objectives=objectives, seed=seed, weight="weight")


def _examples(tables: Inputs, past: int, seed: int, most: int) -> pl.DataFrame:
    sold = tables.weekly("transactions")
    came = sold.before(past + 1, weeks=1).select("customer_id", pl.lit(1, dtype=pl.Int8).alias("comes")).unique()
    regulars = sold.before(past, weeks=1).select("customer_id").unique()
    others = tables.dimension("customers").select("customer_id").join(regulars, on="customer_id", how="anti")
    drawn = []
    for people in (regulars, others):
        every = people.sort(pl.col("customer_id").hash(seed), "customer_id").collect()
        sample = every.head(most)
        drawn.append(sample.with_columns(pl.lit(every.height / max(sample.height, 1)).alias("weight")))
    chosen = pl.concat(drawn).sort("customer_id")
    rows = build_features(tables.of(chosen.select("customer_id").lazy()), week_id=past)
    joined = rows.join(chosen, on="customer_id", how="left", maintain_order="left").lazy().join(came, on="customer_id", how="left")
    # Weights around 1, as LightGBM's least leaf counts them.
    return joined.with_columns(pl.col("comes").fill_null(0), pl.col("weight") / pl.col("weight").mean()).sort("customer_id").collect()


def compute(tables: Inputs, *, week_id: int, model: Boosters) -> pl.LazyFrame:
    """Return :class:`VisitPropensity` of the audience."""
    rows = build_features(tables, week_id=week_id)
    predicted = model.predict("comes", rows).clip(0, 1).alias("visit_propensity")
    return VisitPropensity.cast(rows.select(week_column(week_id), "customer_id", predicted)).lazy()


SIGNAL = Signal(
    name="visit_propensity",
    schema=VisitPropensity,
    compute=compute,
    inputs=("purchases", "transactions", "customers"),
    fit=fit,
    load=Boosters.load,
    past_weeks=3,
    why="A customer about to come is worth preparing for; the more certain the visit, the safer the list should be.",
    services=("ranking", "lookbook"),
)
