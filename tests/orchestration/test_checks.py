"""Checks of the product: every asset has some, each result is of its partition by name, and what blocks is what it says."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

import hm_pipeline
from hm_pipeline.assets import PRODUCT
from hm_pipeline.base.contracts import Articles
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.dimension import record, stamped
from hm_pipeline.engine.model_runs import RUN, WEEK, Pointer
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.orchestration.check_descriptions import check_table, describe_check
from hm_pipeline.orchestration.check_results import CheckedPartition
from hm_pipeline.orchestration.checked_partitions import checked, weeks_of
from hm_pipeline.orchestration.definitions import build_defs
from hm_pipeline.orchestration.partitions import asset_key
from hm_pipeline.orchestration.table_checks import CONTRACT, CURRENT, LOADS, ROWS, checks_of
from tests.evaluation.weekly_homes import EPOCH, LAST, empty_home, purchases, put, stored, usual_weeks

BLOCKING = {
    ("transactions", "contract"),
    ("transactions", "rows"),
    ("transactions", "volume"),
    ("transactions", "price_range"),
    ("transactions", "nulls"),
    ("transactions", "rejected"),
    ("articles", "contract"),
    ("articles", "rows"),
    ("customers", "contract"),
    ("customers", "rows"),
    ("recommendations", "coverage"),
    ("submission", "coverage"),
    ("scoreboard", "map_drop"),
}


@pytest.mark.parametrize("name", PRODUCT)
def test_every_asset_has_a_check_and_each_has_a_description(name):
    found = checks_of(PRODUCT[name])
    assert found
    assert len({check.name for check in found}) == len(found)
    assert all(len(check.description) > 30 for check in found)


@pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")
def test_dagster_has_them_all_with_what_blocks_and_the_weeks_of_their_assets(tmp_path):
    graph = build_defs(Settings(home=tmp_path)).resolve_asset_graph()
    keys = graph.asset_check_keys
    assert {key.asset_key for key in keys} == {asset_key(name) for name in PRODUCT}
    specs = {(key.asset_key.to_user_string(), key.name): graph.get_check_spec(key) for key in keys}
    assert {name for name, spec in specs.items() if spec.blocking} == BLOCKING
    assert all(("Blocks." in spec.description) == spec.blocking for spec in specs.values())
    weekly = {name for name, spec in specs.items() if spec.partitions_def}
    assert ("candidates", "contract") in weekly
    assert ("model/first_stage_model", "loads") in weekly
    assert not weekly & {("articles", "contract"), ("candidates", "current")}


def test_the_page_of_all_checks_is_generated_from_them():
    page = (Path(hm_pipeline.__file__).parents[1] / "docs" / "checks.md").read_text(encoding="utf-8")
    assert page == check_table(PRODUCT), "python -m hm_pipeline.orchestration.check_descriptions > docs/checks.md"
    assert all(f"`{check.name}`" in page for step in PRODUCT.values() for check in checks_of(step))


def test_the_effect_of_a_failure_is_in_the_description():
    assert describe_check(CURRENT).endswith(" Warns.")
    assert describe_check(ROWS).endswith(" Fails.")


# Which partitions --------------------------------------------------------------------------------------------------


@pytest.fixture
def graph(tmp_path):
    return usual_weeks(tmp_path)


def named(graph, name, check, weeks, *, is_planned=False):
    found = checked(graph, graph.steps[name], check, weeks, is_planned=is_planned)
    return [(week_id, part.week_id if part else None) for week_id, part in found]


def test_the_weeks_of_a_run_are_those_of_its_tags(graph):
    step, key = graph.steps["transactions"], graph.calendar.key
    assert weeks_of(graph, step, {"dagster/partition": key(3)}) == [3]
    span = {"dagster/asset_partition_range_start": key(3), "dagster/asset_partition_range_end": key(5)}
    assert weeks_of(graph, step, span) == [3, 4, 5]
    assert weeks_of(graph, step, {}) == []


def test_a_check_is_of_the_week_of_the_run_and_not_of_the_newest(graph):
    assert named(graph, "transactions", ROWS, [3]) == [(3, 3)]
    assert named(graph, "transactions", ROWS, [3, 4, 5]) == [(3, 3), (4, 4), (5, 5)]
    assert named(graph, "transactions", ROWS, []) == [(LAST - 1, LAST - 1)]
    assert named(graph, "candidates", ROWS, [3]) == [(3, None)]
    assert named(graph, "articles", ROWS, [-1]) == [(-1, -1)]


def test_hm_checks_the_last_week_of_a_range_and_each_where_it_blocks(graph):
    (volume,) = (check for check in checks_of(graph.steps["transactions"]) if check.name == "volume")
    assert named(graph, "transactions", ROWS, [3, 4], is_planned=True) == [(4, 4)]
    assert named(graph, "transactions", volume, [3, 4], is_planned=True) == [(3, 3), (4, 4)]


def test_a_serving_week_has_the_purchases_before_it_checked(graph):
    assert named(graph, "transactions", ROWS, [LAST]) == [(LAST, None), (LAST - 1, LAST - 1)]
    assert named(graph, "transactions", ROWS, [LAST - 1, LAST]) == [(LAST, None), (LAST - 1, LAST - 1)]
    finding = CheckedPartition(graph, graph.steps["transactions"], ROWS, LAST, None).finding
    assert finding.passed
    assert finding.found == f"no purchases are stored: those of week {graph.calendar.key(LAST - 1)} are checked instead"


def test_a_home_without_purchases_passes_no_check(tmp_path):
    empty = empty_home(tmp_path)
    assert named(empty, "transactions", ROWS, [LAST]) == [(LAST, None)]
    assert not CheckedPartition(empty, empty.steps["transactions"], ROWS, LAST, None).finding.passed


# Findings ----------------------------------------------------------------------------------------------------------


def test_a_contract_names_its_rules_and_rows_their_numbers(graph):
    purchases(graph, 3, 50, price=-10)
    found = CONTRACT.find(stored(graph, "transactions", 3))
    assert found.expected == "0 of 50 rows break a rule of Transactions"
    assert found.found == "50 of 50 rows break a rule of Transactions: price|min 50"
    good = CONTRACT.find(stored(graph, "transactions", 4))
    assert good.passed
    assert good.found == "0 of 101 rows break a rule of Transactions"
    assert ROWS.find(stored(graph, "transactions", 4)).found == "101 rows"


def test_a_model_that_cannot_be_loaded_fails(tmp_path):
    graph = empty_home(tmp_path)
    put_model(graph, "model/first_stage", loss=0.5)
    found = LOADS.find(stored(graph, "model/first_stage", LAST))
    assert not found.passed
    assert found.expected == "a model that loads, 0 of 1 metrics not finite"
    assert "Error: " in found.found


def put_model(graph, name, **metrics):
    week_id = graph.steps[name].fit_week(LAST, graph.calendar)
    fits = graph.home.fits(name.removeprefix("model/"), week_id)
    run = fits / f"{RUN}hand"
    run.mkdir(parents=True)
    Manifest("hand", (), metrics=metrics).save(run)
    Pointer(f"{WEEK}{week_id}/{run.name}").save(fits)


@pytest.mark.parametrize("metric", [0.5, float("nan")])
def test_a_metric_that_is_no_number_fails(tmp_path, metric):
    graph = empty_home(tmp_path)
    step = graph.steps["model/first_stage"]
    graph.steps = {**graph.steps, step.name: replace(step, load=lambda folder: folder)}
    put_model(graph, step.name, loss=metric)
    found = LOADS.find(stored(graph, step.name, LAST))
    assert found.passed == (metric == 0.5)


@pytest.fixture
def changed(tmp_path):
    """A home with an article that got another colour in week 5."""
    graph = usual_weeks(tmp_path)
    first = Articles.cast(graph.home.dimension("articles").collect())
    colour = pl.when(pl.col("article_id") == 1).then(pl.lit("blue")).otherwise("colour_group_name").alias("colour_group_name")
    known = record(None, first, "article_id", week_id=0)
    rows = record(known, first.with_columns(colour), "article_id", week_id=5)
    put(graph, "articles", None, stamped(rows, EPOCH))
    return graph


def by_name(graph):
    part = stored(graph, "articles", -1)
    return {check.name: check.find(part) for check in checks_of(part.step)}


def test_an_article_with_a_past_passes_and_one_that_is_there_twice_does_not(changed):
    found = by_name(changed)
    assert {name: finding.passed for name, finding in found.items()} == dict.fromkeys(found, True)
    assert found["contract"].found == "0 of 2 rows break a rule of Articles"
    rows = stored(changed, "articles", -1).table.collect()
    put(changed, "articles", None, pl.concat([rows, rows.tail(1)]))
    twice = by_name(changed)
    assert not twice["contract"].passed
    assert not twice["unique"].passed
    put(changed, "articles", None, rows.with_columns(pl.col("event_timestamp") + pl.duration(days=1)))
    stamps = by_name(changed)["timestamps"]
    assert stamps.found == "3 rows stamped otherwise than with the cutoff of the week from which they are known"
