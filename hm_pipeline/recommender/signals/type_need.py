"""Probability of every clothing type for a customer, if anything is bought.

Source: a gradient-boosted model on the customer's rhythm in each type, what goes with and follows on the last basket,
what buyers of the age take now, and the channel; fitted on buyers of the last weeks.  Grain: (customer, week, type);
the types are the customer's own and the most bought.
"""

from collections.abc import Iterator

import dataframely as dy
import numpy as np
import polars as pl

from hm_pipeline.base.contracts import CustomerWeek
from hm_pipeline.base.expressions import or_unknown, week_column
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.presentation import Preview
from hm_pipeline.recommender.learners import signal_boosters as _booster
from hm_pipeline.recommender.learners.signal_boosters import Boosters
from hm_pipeline.recommender.plots.reliability import reliability_of_earlier_weeks
from hm_pipeline.recommender.signals._lib.need_features import FEATURES, PurchaseWeeks, TypeStats, build_features
from hm_pipeline.recommender.signals._lib.signal import Signal

BLOCK = 4_000  # customers that are worked out at a time
POPULAR = 30  # types that everyone is asked about; they hold nine tenths of all sales
OUTPUTS = {"since_weeks": pl.Int16, "due_ratio": pl.Float32, "own_share": pl.Float32}


class TypeNeed(CustomerWeek):
    """Need of the audience for clothing types."""

    product_type_no = dy.Int64(primary_key=True, description="clothing type, -1 is unknown")
    type_need = dy.Float32(nullable=False, min=0, max=1, description="probability that the customer buys the type, if anything is bought")
    type_need_since_weeks = dy.Int16(nullable=True, min=1, description="weeks since the customer last bought the type; null if never")
    type_need_due_ratio = dy.Float32(
        nullable=True, min=0, description="that time over the customer's usual gap; null if bought in fewer than two weeks"
    )
    type_need_own_share = dy.Float32(
        nullable=True, min=0, max=1, description="share of the type in the customer's weeks of purchase; null if never"
    )


def iter_features(tables: Inputs, *, week_id: int) -> Iterator[pl.DataFrame]:
    """Yield the features of the audience's own and the popular types, a block of customers after the other."""
    ids = tables.audience.select("customer_id").collect()["customer_id"].sort()
    types = TypeStats.at(tables, week_id)
    years = tables.ages(ids).cast(pl.Float32).fill_null(float("nan")).to_numpy()
    purchases = PurchaseWeeks.of(tables, ids, types.numbers, week_id)
    popular = np.zeros(len(types.numbers), bool)
    popular[np.argsort(-types.month_rate[0], kind="stable")[:POPULAR]] = True
    popular &= types.month_rate[0] > 0
    for first in range(0, len(ids), BLOCK):
        last = min(first + BLOCK, len(ids))
        found = build_features(purchases, types, years, first, last)
        customer, kind = np.nonzero(popular[None, :] | (found["type_weeks"] > 0))
        keys = {"customer_id": ids.gather(customer + first), "product_type_no": types.numbers.gather(kind)}
        features = {name: pl.Series(name, found[name][customer, kind], pl.Float32) for name in FEATURES}
        yield pl.DataFrame({**keys, **features})


def fit(tables: Inputs, *, week_id: int, seed: int, weeks: int = 3, customers: int = 4_000, rounds: int = 60) -> Boosters:
    """Fit on buyers of the last weeks: which types did they take?

    Parameters
    ----------
    weeks
        Past weeks; four are no better.
    customers
        Buyers of each week in the sample, drawn by a hash of their id.
    rounds
        Trees; 70 have the same log loss and are asked for longer, fewer promise too much of what hardly anyone buys.
    """
    first = tables.calendar.first_week + 1
    frames = [_examples(tables, past, seed, customers) for past in range(max(week_id - weeks, first), week_id)]
    if not frames:
        return Boosters(FEATURES, {}, {"is_bought": 0.0})
    return _booster.fit(pl.concat(frames), features=FEATURES, objectives={"is_bought": {"objective": "binary"}}, seed=seed, rounds=rounds)


def _examples(tables: Inputs, past: int, seed: int, customers: int) -> pl.DataFrame:
    sold = tables.weekly("transactions").before(past + 1, weeks=1)
    buyers = sold.select("customer_id").unique().sort(pl.col("customer_id").hash(seed), "customer_id").head(customers)
    sample = tables.of(buyers.sort("customer_id").collect().lazy())
    bought = taken_types(tables, sold).collect()
    nobody = pl.DataFrame(schema={"customer_id": pl.Int64, "product_type_no": pl.Int64, **dict.fromkeys(FEATURES, pl.Float32)})
    rows = pl.concat([nobody, *iter_features(sample, week_id=past)])
    return rows.join(bought, on=["customer_id", "product_type_no"], how="left", maintain_order="left").with_columns(
        pl.col("is_bought").fill_null(0)
    )


def taken_types(tables: Inputs, sold: pl.LazyFrame) -> pl.LazyFrame:
    """Return the distinct ``customer_id``, ``product_type_no`` of purchases, with ``is_bought`` 1."""
    types = tables.dimension("articles").select("article_id", or_unknown("product_type_no"))
    pairs = sold.join(types, on="article_id").select("customer_id", "product_type_no").unique()
    return pairs.with_columns(pl.lit(1, dtype=pl.Int8).alias("is_bought"))


def compute(tables: Inputs, *, week_id: int, model: Boosters) -> pl.LazyFrame:
    """Return :class:`TypeNeed` of the audience."""
    frames = [
        rows.select(
            week_column(week_id),
            "customer_id",
            "product_type_no",
            model.predict("is_bought", rows).clip(0, 1).alias("type_need"),
            *(_known(rows[name], kind).alias(f"type_need_{name}") for name, kind in OUTPUTS.items()),
        )
        for rows in iter_features(tables, week_id=week_id)
    ]
    return TypeNeed.cast(pl.concat([TypeNeed.create_empty(), *frames])).lazy()


def _known(values: pl.Series, kind: type[pl.DataType]) -> pl.Series:
    """Return values with null for what is not known, and for a share of nothing."""
    there = values.is_finite() & ((values > 0) if values.name == "own_share" else pl.Series([True]))
    return pl.select(pl.when(there).then(values)).to_series().cast(kind)


SIGNAL = Signal(
    name="type_need",
    schema=TypeNeed,
    compute=compute,
    inputs=("purchases", "transactions", "customers", "articles", "history/type_rates", "history/type_pairs"),
    fit=fit,
    load=Boosters.load,
    refit_weeks=1,  # a fit takes seconds, and one of three weeks ago is off by a twentieth
    past_weeks=3,
    why="What people buy next follows from what they have, and from when they last bought its kind.",
    view="customer_types",
    services=(),  # its rows are types, not pairs
    previews=(Preview("reliability in earlier weeks", reliability_of_earlier_weeks),),
    questions=("need",),
)
