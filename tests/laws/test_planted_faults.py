"""Planted faults: a law that no fault can break proves nothing."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any

import polars as pl
import pytest

from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.step import Step, WeekContext, at, before
from hm_pipeline.recommender.learners import signal_boosters as _booster
from hm_pipeline.recommender.signals._lib.calibration import Recalibrated
from tests.laws import laws
from tests.laws.conftest import Worlds
from tests.laws.evaluator import ALL_STEPS, Evaluator, Shop

Body = Callable[[Inputs, WeekContext], Any]
PURCHASES = before("transactions", of_audience=True)
FUTURES = ("removed", "added", "changed")


def planted(name: str, body: Body, *reads: Any) -> dict[str, Step]:
    """Return the steps with one body, and what it reads, replaced."""
    return {**ALL_STEPS, name: replace(ALL_STEPS[name], body=body, reads=(*reads, at("audience")))}


def activity(week: WeekContext, tables: Inputs, counted: pl.LazyFrame) -> pl.LazyFrame:
    """Return a table of the signal `activity` from its headline column."""
    zero = {"activity_count": 0, "activity_weeks": 0, "activity_idle_days": None, "activity_price": None, "activity_online_share": None}
    people = tables.audience.join(counted, on="customer_id", how="left").with_columns(pl.col("activity").fill_null(0))
    return people.with_columns(week_id=pl.lit(week.week_id, dtype=pl.Int64), **{name: pl.lit(value) for name, value in zero.items()})


def reads_its_own_week(tables: Inputs, week: WeekContext) -> pl.LazyFrame:
    return activity(week, tables, tables.weekly("transactions").at(week.week_id).group_by("customer_id").agg(pl.len().alias("activity")))


def sees_the_others(tables: Inputs, week: WeekContext) -> pl.LazyFrame:
    bought = tables.weekly("purchases").before(week.week_id)
    return activity(week, tables, bought.group_by("customer_id").agg(pl.len().alias("activity")).with_columns(pl.col("activity").rank()))


def serves_strangers(tables: Inputs, week: WeekContext) -> pl.LazyFrame:
    bought = tables.weekly("transactions").before(week.week_id).group_by("customer_id").agg(pl.len().alias("activity"))
    return activity(week, replace(tables, audience_frame=bought.select("customer_id")), bought)


def takes_the_first_row(tables: Inputs, week: WeekContext) -> pl.LazyFrame:
    bought = tables.weekly("purchases").before(week.week_id)
    return activity(week, tables, bought.group_by("customer_id", maintain_order=True).agg(pl.col("price").first().alias("activity")))


def rolls_dice(dice: Iterator[int]) -> Body:
    def body(tables: Inputs, week: WeekContext) -> pl.LazyFrame:
        drawn = pl.int_range(pl.len()).shuffle(seed=next(dice)).alias("activity")
        return activity(week, tables, tables.audience.select("customer_id", drawn))

    return body


def ranks_by_next_week(tables: Inputs, week: WeekContext) -> pl.LazyFrame:
    sold = tables.weekly("transactions").at(week.week_id).group_by("article_id").agg(pl.len().alias("popular_score"))
    best = sold.sort("popular_score", "article_id", descending=[True, False]).head(60)
    ranked = best.with_columns(pl.int_range(1, pl.len() + 1).alias("popular_rank"), pl.lit(week.week_id).alias("week_id"))
    ranked = ranked.with_columns(pl.lit(1).alias(f"popular_day_{days}_rank") for days in (1, 3))
    return tables.audience.join(ranked, how="cross")


def learns_the_answer(tables: Inputs, week: WeekContext) -> Recalibrated:
    known = tables.weekly("history/article_sales").at(week.week_id)
    sold = tables.weekly("transactions").at(week.week_id).group_by("article_id").agg(pl.len().alias("units"))
    examples = known.join(sold, on="article_id", how="left").with_columns(pl.col("units").fill_null(0)).sort("article_id").collect()
    targets = examples.with_columns((pl.col("units") > 0).alias("any"))
    objectives = {"any": {"objective": "binary"}, "units": {"objective": "poisson"}}
    fitted = _booster.fit(targets, features=("day_7_count",), objectives=objectives, seed=0, rounds=5)
    return Recalibrated(fitted.features, fitted.boosters, fitted.constants, fitted.metrics)


LEAKS = {
    "signal/activity": (reads_its_own_week, at("transactions")),
    "strategy/popular": (ranks_by_next_week, at("transactions")),
    "model/availability": (learns_the_answer, at("transactions"), at("history/article_sales")),
}


@pytest.mark.parametrize("future", FUTURES)
@pytest.mark.parametrize("name", LEAKS)
def test_a_leak_is_found(name: str, future: str, worlds: Worlds, week_id: int) -> None:
    known, altered = (Evaluator(worlds(world).shop, planted(name, *LEAKS[name])) for world in ("known", future))
    with pytest.raises(AssertionError):
        laws.ignores_the_future(name, week_id, known, altered)


def test_what_a_leaky_model_predicts_is_found_too(worlds: Worlds, week_id: int) -> None:
    steps = planted("model/availability", *LEAKS["model/availability"])
    served = replace(steps["signal/availability"], body=availability)
    known, altered = (Evaluator(worlds(world).shop, {**steps, served.name: served}) for world in ("known", "removed"))
    with pytest.raises(AssertionError):
        laws.ignores_the_future(served.name, week_id, known, altered)


def availability(tables: Inputs, week: WeekContext) -> pl.DataFrame:
    """Return a table of the signal `availability` from a model that knows one feature."""
    known = tables.weekly("history/article_sales").at(week.week_id).sort("article_id").collect()
    names = ("median_units", "value", "age_days", "idle_days", "markdown_share", "peak_share")
    constants = [pl.lit(1).alias(f"availability_{name}") for name in names]
    units = week.model.predict("units", known).alias("availability_units")
    said = week.model.predict("any", known).alias("availability")
    return known.select("week_id", "article_id", said, units, *constants, pl.lit(value=False).alias("availability_is_launch"))


@pytest.mark.parametrize("body", [sees_the_others, serves_strangers])
def test_a_look_at_other_customers_is_found(body: Body, worlds: Worlds, week_id: int) -> None:
    read = PURCHASES if body is sees_the_others else before("transactions")
    together, alone = (Evaluator(worlds(world).shop, planted("signal/activity", body, read)) for world in ("known", "alone"))
    with pytest.raises(AssertionError):
        laws.ignores_other_customers("signal/activity", week_id, together, alone)


def test_a_look_at_the_order_of_rows_is_found(shop: Shop, week_id: int) -> None:
    steps = planted("signal/activity", takes_the_first_row, PURCHASES)
    with pytest.raises(AssertionError):
        laws.ignores_row_order("signal/activity", week_id, Evaluator(shop, steps), Evaluator(shop, steps, disorder=5))


def test_chance_is_found(shop: Shop, week_id: int) -> None:
    steps = planted("signal/activity", rolls_dice(count()))
    with pytest.raises(AssertionError):
        laws.repeats_itself("signal/activity", week_id, Evaluator(shop, steps), Evaluator(shop, steps))


def test_the_same_bodies_pass_where_they_do_no_wrong(worlds: Worlds, week_id: int) -> None:
    def sound(tables: Inputs, week: WeekContext) -> pl.LazyFrame:
        bought = tables.weekly("purchases").before(week.week_id)
        return activity(week, tables, bought.group_by("customer_id").agg(pl.len().alias("activity")))

    steps = planted("signal/activity", sound, PURCHASES)
    worlds_of = {name: Evaluator(worlds(name).shop, steps) for name in ("known", "alone", *FUTURES)}
    for future in FUTURES:
        laws.ignores_the_future("signal/activity", week_id, worlds_of["known"], worlds_of[future])
    laws.ignores_other_customers("signal/activity", week_id, worlds_of["known"], worlds_of["alone"])
    laws.ignores_row_order("signal/activity", week_id, worlds_of["known"], Evaluator(worlds_of["known"].shop, steps, disorder=5))
