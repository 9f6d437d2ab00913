"""Grades of a simulated shop, weeks pooled, and the tables that show it."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from rich.console import Console, Group

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.step import WeekContext
from hm_pipeline.engine.tables import InMemoryTable
from hm_pipeline.evaluation.signal_metrics import report, week_losses
from hm_pipeline.evaluation.signal_metrics.losses import SignalLoss
from hm_pipeline.evaluation.signal_metrics.pooling import ReliabilityRow, SignalMetrics, pool_losses, read_losses
from tests.laws.evaluator import ALL_STEPS, Evaluator, Shop

STEP = ALL_STEPS["signal_scores"]


@pytest.fixture(scope="module")
def inputs(known: Evaluator, week_id: int) -> Inputs:
    return known.inputs(STEP, week_id)


@pytest.fixture(scope="module")
def losses(inputs: Inputs, shop: Shop, week_id: int) -> pl.DataFrame:
    return week_losses.evaluate(inputs, WeekContext(week_id, shop.calendar, None, "everyone", None))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def pooled(losses: pl.DataFrame) -> SignalMetrics:
    return pool_losses(pl.concat([losses, losses.with_columns(week_id=pl.col("week_id") + 1)]))


def sums(losses: dict[str, np.ndarray], *, measure: str = "log loss", weeks: int = 1) -> pl.DataFrame:
    """Return grades of units of ten rows each whose measures are given."""
    rows = [
        (week, "need", "all", measure, method, unit, 10, 10.0, 10 * value)
        for week in range(weeks) for method, values in losses.items() for unit, value in enumerate(values)
    ]  # fmt: skip
    return SignalLoss.validate(pl.DataFrame(rows, schema=SignalLoss.create_empty().schema, orient="row"))


def shuffled(inputs: Inputs, name: str, week_id: int, by: str | None = None) -> Inputs:
    """Return the inputs with a signal's values given to other keys; ``by`` keeps together what shares a value."""
    rows = inputs.weekly(f"signal/{name}").at(week_id).collect()
    keys = rows.select("week_id", *(["article_id"] if "article_id" in rows.columns else ["customer_id", "product_type_no"]))
    values = rows.drop(keys.columns)
    if by is None:
        mixed = values.sample(fraction=1, shuffle=True, seed=3)
    else:
        codes = inputs.dimension("articles").select("article_id", by).collect()
        kinds = keys.join(codes, on="article_id", how="left", maintain_order="left")[by]
        others = kinds.unique().sort()
        first = pl.DataFrame({by: kinds}).with_columns(values).unique(by, keep="first").sort(by).drop(by)
        moved = pl.DataFrame({by: others, "to": others.sample(fraction=1, shuffle=True, seed=3)})
        mixed = pl.DataFrame({by: kinds}).join(moved, on=by, maintain_order="left").select(pl.col("to").alias(by)).join(
            first.with_columns(others), on=by, maintain_order="left"
        ).drop(by)  # fmt: skip
    schema = inputs.weekly(f"signal/{name}").schema
    table = InMemoryTable(pl.concat([keys, mixed], how="horizontal"), schema)
    return replace(inputs, weekly_tables={**inputs.weekly_tables, f"signal/{name}": table})


def value(losses: pl.DataFrame, signal: str, measure: str) -> float:
    chosen = {"signal": signal, "measure": measure, "method": "signal", "segment": "all"}
    rows = losses.filter(pl.col(name) == kind for name, kind in chosen.items())
    return rows["value"].sum() / rows["weight"].sum()


def test_signals_beat_shuffled_ones(inputs: Inputs, losses: pl.DataFrame, shop: Shop, week_id: int) -> None:
    week: Any = WeekContext(week_id, shop.calendar, None, "everyone", None)  # type: ignore[arg-type]
    broken = shuffled(shuffled(inputs, "type_need", week_id), "availability", week_id)
    worse = week_losses.evaluate(shuffled(broken, "seasonality", week_id, by="product_type_no"), week)
    for signal, measure, sign in (("need", "AUC", 1), ("availability", "AUC", 1), ("need", "log loss", -1), ("units", "MAE", -1),
                                  ("season", "WAPE", -1), ("season", "log loss", -1)):  # fmt: skip
        assert sign * value(losses, signal, measure) > sign * value(worse, signal, measure) + 0.01, (signal, measure)
    assert value(worse, "need", "AUC") == pytest.approx(0.5, abs=0.1)
    assert value(losses, "need", "AUC") > 0.65


def test_a_week_without_purchases_is_empty(shop: Shop, week_id: int) -> None:
    silent = replace(shop, transactions=shop.transactions.filter(pl.col("week_id") < week_id))
    tables = Evaluator(silent).inputs(STEP, week_id)
    found = week_losses.evaluate(tables, WeekContext(week_id, shop.calendar, None, "everyone", None))  # type: ignore[arg-type]
    assert found.is_empty()
    assert found.schema == SignalLoss.create_empty().schema


def test_every_question_is_evaluated_by_every_measure(losses: pl.DataFrame) -> None:
    SignalLoss.validate(losses)
    found = set(losses.select("signal", "measure").unique().rows())
    assert found == {
        ("need", "log loss"), ("need", "AUC"), ("need", "reliability"), ("season", "WAPE"), ("season", "log loss"),
        ("availability", "AUC"), ("availability", "reliability"), ("units", "MAE"), ("units", "reliability"),
    }  # fmt: skip


def test_gains_are_positive_where_the_signal_is_better() -> None:
    lower, higher = np.array([0.1, 0.3]), np.array([0.4, 0.6])
    for measure, better, worse in (("log loss", lower, higher), ("WAPE", lower, higher), ("AUC", higher, lower)):
        for signal, rival, sign in ((better, worse, 1), (worse, better, -1)):
            first, second = pool_losses(sums({"rival": rival, "signal": signal}, measure=measure)).methods
            assert (first.method, first.gain, second.method) == ("signal", None, "rival")
            assert first.value == pytest.approx(signal.mean())
            assert second.gain is not None
            assert [second.gain.mean, second.gain.low, second.gain.high] == pytest.approx([sign * 0.3] * 3)


def test_the_interval_holds_the_true_difference() -> None:
    dice = np.random.default_rng(5)
    held = []
    for _ in range(200):
        base = dice.gamma(2, 1, 60)
        signal, rival = base + dice.normal(0, 0.3, 60), base + 0.1 + dice.normal(0, 0.3, 60)
        gain = pool_losses(sums({"signal": signal, "rival": rival})).methods[1].gain
        assert gain is not None
        assert gain.mean == pytest.approx((rival - signal).mean(), abs=1e-6)
        held.append(gain.low <= 0.1 <= gain.high)
    assert 0.88 <= np.mean(held) <= 0.99


def test_a_unit_is_drawn_with_all_its_weeks() -> None:
    dice = np.random.default_rng(6)
    losses = {"signal": dice.random(30), "rival": dice.random(30)}
    once, thrice = (pool_losses(sums(losses, weeks=weeks)) for weeks in (1, 3))
    assert thrice.weeks == (0, 1, 2)
    assert once.methods == thrice.methods  # the same thing seen again is no more evidence


def test_tables_fit_a_hundred_columns(pooled: SignalMetrics) -> None:
    console = Console(width=100, record=True, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(Group(*report.render(pooled)))
    text = capture.get()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 100
    for row in pooled.methods:
        assert f"{row.value:.4f}" in text
        assert row.method.replace("_", " ") in text


def test_a_gap_is_told_in_percent_up_to_a_thousand() -> None:
    said, true = (1.0,) * 10, (0.0, 0.5, 1.0, 1.1, 10.98, 10.99, 500.0, 1.0, 1.0, 1.0)
    row = ReliabilityRow(signal="availability", rows=9, predicted=said, came_true=true, slope=-12.345)
    found = SignalMetrics(weeks=(3,), methods=(), reliability=(row,))
    ((line,),) = (table.lines for table in report.tables(found))
    assert line == ("availability", "-100", "-50", "+0", "+10", "+998", ">999", ">999", "+0", "+0", "+0", "-12.345", "no")
    wide = found.model_copy(update={"reliability": (row.model_copy(update={"came_true": (99.0,) * 10}),)})
    console = Console(width=100)
    with console.capture() as capture:
        console.print(Group(*report.render(wide)))
    assert "…" not in capture.get()


def test_markdown_has_as_many_cells_as_headers(pooled: SignalMetrics) -> None:
    found = {table.title: (table.header, table.lines) for table in report.tables(pooled)}
    assert {"need", "season", "availability", "units"} < found.keys()
    for header, lines in found.values():
        assert lines
        assert {len(line) for line in lines} == {len(header)}
    rows = [line for line in report.markdown(pooled).splitlines() if line.startswith("|")]
    assert len(rows) == sum(2 + len(lines) for _, lines in found.values())
    assert sorted({row.count("|") - 1 for row in rows}) == sorted({len(report.HEADER), len(report.RELIABILITY)})


def test_nothing_to_grade_is_said_and_told_what_to_do(tmp_path) -> None:
    home = Home(tmp_path)
    with pytest.raises(MissingInput):
        read_losses(home, [103])
