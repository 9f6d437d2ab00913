"""The recall budget of a simulated shop: counts that add up, and what the filter of availability is worth."""

from dataclasses import replace

import polars as pl
import pytest

from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.step import WeekContext
from hm_pipeline.engine.tables import InMemoryTable
from hm_pipeline.evaluation.retrieval import week_recall
from hm_pipeline.recommender.candidates import STRATEGIES
from tests.laws.evaluator import ALL_STEPS, Evaluator, Shop

Counts = dict[tuple[str, str], dict[str, int]]


@pytest.fixture(scope="module")
def inputs(known: Evaluator, week_id: int) -> Inputs:
    return known.inputs(ALL_STEPS["recall_budget"], week_id)


@pytest.fixture(scope="module")
def week(known: Evaluator, shop: Shop, week_id: int) -> WeekContext:
    return WeekContext(week_id, shop.calendar, known.settings, "everyone", known.result("model/first_stage", week_id).loaded)


def counted(inputs: Inputs, week: WeekContext) -> Counts:
    return {(row["part"], row["name"]): row for row in week_recall.count(inputs, week).to_dicts()}


@pytest.fixture(scope="module")
def counts(inputs: Inputs, week: WeekContext) -> Counts:
    return counted(inputs, week)


def test_what_is_kept_adds_up(counts: Counts) -> None:
    union, kept = counts["union", "all"], counts["budget", "100"]
    assert 0 < kept["hit_count"] <= union["hit_count"] <= union["bought_count"]
    assert union["row_count"] > kept["row_count"] > 0
    for strategy in STRATEGIES:
        proposed, left, without = (counts[part, strategy.name] for part in ("strategy", "kept", "without"))
        assert left["row_count"] <= proposed["row_count"] <= union["row_count"]
        assert left["hit_count"] <= proposed["hit_count"]
        assert proposed["alone_row_count"] <= proposed["row_count"]
        assert without["row_count"] <= min(kept["row_count"], union["row_count"] - proposed["alone_row_count"])


def test_without_the_filter_is_as_where_all_is_on_offer(counts: Counts, known: Evaluator, week: WeekContext) -> None:
    # Every strategy, those that lead from article to article too, proposes what it would of a shop that has everything; the
    # tables are opened anew, so that nothing that was made of the others can be taken for theirs.
    inputs = known.inputs(ALL_STEPS["recall_budget"], week.week_id)
    table = inputs.weekly("signal/availability")
    rows = table.at(week.week_id).with_columns(pl.lit(1, dtype=pl.Float32).alias("availability"))
    everything = {"signal/availability": InMemoryTable(rows, table.schema, max_week=table.max_week)}
    open_to_all = counted(replace(inputs, weekly_tables={**inputs.weekly_tables, **everything}), week)
    unfiltered, union, kept = counts["unfiltered", "100"], open_to_all["union", "all"], open_to_all["budget", "100"]
    assert unfiltered["alone_row_count"] == union["row_count"] > counts["union", "all"]["row_count"]
    assert (unfiltered["row_count"], unfiltered["hit_count"]) == (kept["row_count"], kept["hit_count"])


def test_a_week_in_which_nobody_bought_has_no_counts(inputs: Inputs, week: WeekContext) -> None:
    table = inputs.weekly("transactions")
    nobody = InMemoryTable(table.before(week.week_id), table.schema, max_week=table.max_week)
    assert week_recall.count(replace(inputs, weekly_tables={**inputs.weekly_tables, "transactions": nobody}), week).is_empty()
