"""Each signal on a few rows, with numbers worked out by hand; week 4 starts on day 28."""

from dataclasses import replace
from math import log, sqrt
from typing import Any

import polars as pl
import pytest

from hm_pipeline.embeddings.text import TextVectors
from hm_pipeline.history.type_sales import TypeSales
from hm_pipeline.history.vectors import Vectors
from hm_pipeline.inputs import Inputs
from hm_pipeline.signals import availability, need_propensity, seasonality, style_similarity
from hm_pipeline.signals._booster import Boosters
from hm_pipeline.tables import MemoryTable
from tests.laws.evaluator import ALL_STEPS, Evaluator, Shop
from tests.laws.tiny_shops import CALENDAR, Sale, articles, customers, transactions

A, B, C = 101, 102, 103
TYPES = {A: 10, B: 20, C: 10}
WEEK = 4


def shop_of(sales: list[Sale], ages: dict[int, int | None]) -> Shop:
    catalogue = articles([{"article_id": article, "product_type_no": kind} for article, kind in TYPES.items()])
    audience = pl.DataFrame({"customer_id": list(ages)}, schema={"customer_id": pl.Int64})
    return Shop(transactions(sales), catalogue, customers(ages), audience, CALENDAR)


def inputs_of(step: str, shop: Shop, pairs: list[tuple[int, int]] | None = None, week_id: int = WEEK) -> Inputs:
    """Return a step's inputs; the candidates are the given pairs."""
    known = Evaluator(shop).inputs(ALL_STEPS[step], week_id)
    if pairs is None:
        return known
    rows = pl.DataFrame([(week_id, *pair) for pair in pairs], schema=["week_id", "customer_id", "article_id"], orient="row")
    return replace(known, weekly_tables={**known.weekly_tables, "candidates": MemoryTable(rows, Vectors)})


def close(*values: float | None) -> Any:
    return [value if value is None else pytest.approx(value, abs=1e-4) for value in values]


def test_activity_halves_a_purchase_in_thirty_days() -> None:
    sales: list[Sale] = [(27, 1, A, 20_000, 2), (20, 1, B, 10_000, 1), (28, 1, C, 50_000, 2)]
    bought, never = Evaluator(shop_of(sales, {1: 30, 2: 30})).result("signal/activity", WEEK).rows(named=True)
    # 1 and 8 days before the cutoff: 2**(-1/30) + 2**(-8/30) = .97716 + .83124
    assert bought == {
        "week_id": WEEK, "customer_id": 1, "activity": pytest.approx(1.8084, abs=1e-4), "activity_count": 2, "activity_weeks": 2,
        "activity_idle_days": 1, "activity_price": pytest.approx(0.015), "activity_online_share": 0.5,
    }  # fmt: skip
    assert list(never.values()) == [WEEK, 2, 0, 0, 0, None, None, None]


def test_momentum_compares_days_with_a_fortnight() -> None:
    # Week 3: two units on the last day and one on day 22, online, buyer 20.  Week 2: four units in a shop, buyer 40.
    sales: list[Sale] = [(27, 1, A, 30_000, 2), (27, 1, A, 30_000, 2), (22, 1, A, 60_000, 2), *[(15, 2, A, 90_000, 1)] * 4]
    (row,) = Evaluator(shop_of(sales, {1: 20, 2: 40})).result("signal/momentum", WEEK).rows(named=True)
    assert row["momentum"] == pytest.approx((2 / 3 + 1) / (7 / 14 + 1))
    assert [row[f"momentum_{name}_count"] for name in ("day_1", "day_3", "day_7", "lag_2")] == [2, 2, 3, 4]
    assert row["momentum_price"] == pytest.approx(0.04)  # the last week's mean
    # Decayed units: 3 * 1024 = 3072 new, 4 * 1024 * 181 // 256 = 2896 old
    assert row["momentum_online_share"] == pytest.approx(3072 / 5968)
    assert row["momentum_buyer_age"] == pytest.approx((20 * 3072 + 40 * 2896) / 5968)


def test_seasonality_without_a_year_before_expects_what_is() -> None:
    # Type 10 is half of week 2 and three quarters of week 3: .625 of both, and of the year so far.
    sales: list[Sale] = [(15, 1, A, 5, 1), (15, 1, B, 5, 1), *[(22, 1, A, 5, 1)] * 3, (22, 1, B, 5, 1)]
    found = Evaluator(shop_of(sales, {1: 30})).result("signal/seasonality", WEEK)
    assert found["seasonality_share"].to_list() == close(0.625, 0.375, 0.625)
    assert found["seasonality"].to_list() == found["seasonality_growth"].to_list() == [1.0, 1.0, 1.0]


def test_seasonality_moves_as_last_year_moved() -> None:
    # Week 60; a year before: weeks 4 to 7 at half and half, week 8 at three quarters.  Now type 10 has a quarter.
    sold = {**dict.fromkeys(range(4, 8), (10, 10)), 8: (30, 10), **dict.fromkeys(range(56, 60), (10, 30))}
    rows = [(60, kind, week, units) for week, counts in sold.items() for kind, units in zip((10, 20), counts, strict=True)]
    state = TypeSales.validate(pl.DataFrame(rows, schema=TypeSales.column_names(), orient="row"))
    tables = Inputs({"history/type_sales": MemoryTable(state, TypeSales)}, {"articles": shop_of([], {}).articles.lazy()})
    found = seasonality.compute(tables, week_id=60).collect().filter(pl.col("article_id") == A)
    # Movement .75 / .5 = 1.5, seen 4 * 10 + 30 = 70 units: trust 70 / 270.  Growth 1 + .5 * .25926 = 1.12963.
    # Expected .25 * 1.12963 = .28241 over the mean of the year's known weeks, (.75 + 4 * .25) / 5 = .35.
    assert found.select("seasonality_growth", "seasonality_share", "seasonality").row(0) == tuple(close(1.12963, 0.28241, 0.80688))


def test_availability_describes_an_article() -> None:
    sales: list[Sale] = [(8, 1, A, 40_000, 1), (26, 1, A, 30_000, 1), (29, 1, B, 5, 1)]
    model = Boosters(availability.FEATURES, {}, {"any": 0.25, "units": 2.0})
    tables = inputs_of("signal/availability", shop_of(sales, {1: 30}))
    (row,) = availability.compute(tables, week_id=WEEK, model=model).collect().rows()
    # First sold 20 days before the cutoff, last 2 days; 30,000 after 40,000 is a quarter down.
    assert row == (WEEK, A, 0.25, 2.0, 20, 2, 0.25)


def test_availability_learns_from_what_followed() -> None:
    sales: list[Sale] = [(3, 1, A, 5, 1), (15, 1, A, 5, 1), (16, 1, A, 5, 1), (17, 1, B, 5, 1), (29, 1, B, 5, 1)]
    model = availability.fit(inputs_of("model/availability", shop_of(sales, {1: 30})), week_id=WEEK, seed=0)
    # Cutoffs 1, 2 and 3: A known at 1 sold 0, A at 2 sold 2, A and B at 3 sold 0.  One of four sold, 2 units of four rows.
    assert (model.figures["examples"], model.constants) == (4.0, {"any": 0.25, "units": 0.5})


def test_need_propensity_knows_the_rhythm() -> None:
    # Type 10 in weeks 0 and 2, type 20 in week 2: type 10 comes every second week and is due.
    sales: list[Sale] = [(1, 1, A, 5, 1), (15, 1, C, 5, 1), (16, 1, B, 5, 1), (29, 1, B, 5, 1)]
    tables = inputs_of("signal/need_propensity", shop_of(sales, {1: 30, 2: None}), [(1, A), (1, B), (1, C), (2, A)])
    model = Boosters(need_propensity.FEATURES, {}, {"is_bought": 0.25})
    found = need_propensity.compute(tables, week_id=WEEK, model=model).collect().sort("customer_id", "article_id")
    need = pl.exclude("week_id", "need_propensity")
    assert found.select(need).rows() == [(1, A, 2, 1.0, 1.0), (1, B, 2, None, 0.5), (1, C, 2, 1.0, 1.0), (2, A, None, None, None)]
    assert found["need_propensity"].to_list() == [0.25] * 4


def test_need_propensity_learns_from_the_last_buyers() -> None:
    # Cutoff 2: buyer 1 is asked about type 10, which all know, and takes it (and 20, not asked about).
    # Cutoff 3: buyer 2 is asked about 10 and 20, which sold before, and takes 20.  Two of three.
    sales: list[Sale] = [(1, 1, A, 5, 1), (15, 1, C, 5, 1), (16, 1, B, 5, 1), (22, 2, B, 5, 1), (29, 2, A, 5, 1)]
    model = need_propensity.fit(inputs_of("model/need_propensity", shop_of(sales, {1: 30, 2: 40})), week_id=WEEK, seed=0)
    assert (model.figures["examples"], model.constants) == (3.0, {"is_bought": pytest.approx(2 / 3, abs=1e-6)})


def styled(pairs: list[tuple[int, int]]) -> pl.DataFrame:
    """Customer 1, aged 30, took A 8 days ago; customer 2, aged 50, took B yesterday; customer 3 never bought."""
    sales: list[Sale] = [(20, 1, A, 20_000, 1), (27, 2, B, 30_000, 1)]
    tables = inputs_of("signal/style_similarity", shop_of(sales, {1: 30, 2: 50, 3: 20}), pairs)
    axes = {A: (1.0, 0.0), B: (0.0, 1.0), C: (sqrt(0.5), sqrt(0.5))}
    texts = {A: (1.0, 0.0), B: (1.0, 0.0), C: (0.0, 0.0)}
    vectors = pl.DataFrame([(WEEK, article, pad(axis, Vectors)) for article, axis in axes.items()], schema=schema(Vectors), orient="row")
    words = pl.DataFrame([(article, pad(axis, TextVectors)) for article, axis in texts.items()], schema=schema(TextVectors), orient="row")
    weekly = {**tables.weekly_tables, "history/vectors": MemoryTable(vectors, Vectors)}
    known = replace(tables, weekly_tables=weekly, static_tables={**tables.static_tables, "embeddings": words.lazy()})
    return style_similarity.compute(known, week_id=WEEK).collect().sort("customer_id", "article_id")


def schema(table: type[Any]) -> Any:
    return table.create_empty().schema


def pad(axis: tuple[float, ...], table: type[Any]) -> list[float]:
    (width,) = (kind.shape[0] for kind in schema(table).values() if isinstance(kind, pl.Array))
    return [*axis, *[0.0] * (width - len(axis))]


def test_style_similarity_compares_with_what_was_bought() -> None:
    found = styled([(1, A), (1, B), (1, C)])
    assert found["style_collaborative"].to_list() == close(1, 0, sqrt(0.5))
    assert found["style_text"].to_list() == close(1, 1, None)  # C has no text
    assert found["style_similarity"].to_list() == close(1, 0.5, sqrt(0.5))
    assert found["style_price_ratio"].to_list() == close(1, 1.5, None)  # C never sold
    assert found["style_age_gap"].to_list() == close(0, 20, None)
    # Of last week's units type 20 has all but .002 of 1.003.  A weighs 2**(-8/90) = .94025, two average units are added.
    weight, shares = 0.94025, {10: 0.002 / 1.003, 20: 1.001 / 1.003}
    own = {10: (weight + 2 * shares[10]) / (weight + 2), 20: 2 * shares[20] / (weight + 2)}
    assert found["style_type"].to_list() == close(*(log(own[kind] / shares[kind]) for kind in (10, 20, 10)))


def test_style_similarity_is_null_without_purchases() -> None:
    (row,) = styled([(3, B)]).drop("week_id", "customer_id", "article_id", "style_age_gap").rows()
    assert set(row) == {None}


def test_style_similarity_has_no_price_to_compare_with_where_all_was_free() -> None:
    tables = Evaluator(shop_of([(20, 1, A, 0, 1), (27, 1, B, 0, 1)], {1: 30}))
    assert tables.result("signal/style_similarity", WEEK)["style_price_ratio"].to_list() == [None, None]
