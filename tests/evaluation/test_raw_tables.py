"""Checks of an ingested week fail on a broken week and pass on a usual one; what blocks is what no season does."""

import polars as pl
import pytest

from hm_pipeline.datasets.kaggle.rejected_rows import FILE, rejects_of
from hm_pipeline.datasets.kaggle.transactions import UNKNOWN_ARTICLE
from hm_pipeline.evaluation.raw_tables import CHECKS
from tests.evaluation.weekly_homes import LAST, empty_home, purchases, stored, usual_weeks

WEEK = LAST - 1
BY_NAME = {check.name: check for check in CHECKS}


@pytest.fixture
def graph(tmp_path):
    return usual_weeks(tmp_path)


def found(graph, name, week_id=WEEK):
    return BY_NAME[name].find(stored(graph, "transactions", week_id))


@pytest.mark.parametrize("name", BY_NAME)
def test_a_usual_week_passes_and_the_result_has_both_sides(graph, name):
    finding = found(graph, name)
    assert finding.passed
    assert finding.expected
    assert finding.found
    assert "{}" not in finding.expected + finding.found


@pytest.mark.parametrize(("rows", "is_mild"), [(5, False), (60, True), (300, True), (2_000, False)])
def test_a_week_of_another_size_warns_and_one_of_another_order_blocks(graph, rows, is_mild):
    purchases(graph, WEEK, rows)
    finding = found(graph, "volume")
    assert not finding.passed
    assert finding.is_mild == is_mild
    assert finding.found == f"{rows:,} purchases"
    assert "the median of 13 weeks" in finding.expected


def test_a_sale_and_closed_weeks_before_it_do_not_move_the_expectation(graph):
    purchases(graph, WEEK - 2, 900)
    for closed in (WEEK - 5, WEEK - 6, WEEK - 7):
        purchases(graph, closed, 0)
    finding = found(graph, "volume")
    assert finding.passed
    assert "the median of 10 weeks" in finding.expected
    assert found(graph, "volume", WEEK - 5).found == "0 purchases, the shop was closed"
    assert found(graph, "volume", WEEK - 5).passed
    assert not found(graph, "volume", WEEK - 2).passed


def test_too_few_weeks_pass_and_the_result_has_their_number(graph):
    finding = found(graph, "volume", 3)
    assert finding.passed
    assert finding.found.startswith("3 weeks with purchases before it, too few")
    assert not found(usual_with(graph, 4, 900), "volume", 4).passed  # four are enough


def usual_with(graph, week_id, rows):
    purchases(graph, week_id, rows)
    return graph


def test_a_small_shop_is_not_judged(tmp_path):
    graph = empty_home(tmp_path)
    for week_id in range(LAST):
        purchases(graph, week_id, 1 + 30 * (week_id == WEEK))
    assert found(graph, "volume").passed
    assert "1 purchases in a usual week, too few" in found(graph, "volume").found


def test_a_week_that_is_cut_short_is_not_judged(tmp_path):
    graph = usual_weeks(tmp_path, last_day=None)
    start = graph.calendar.start(LAST)
    cut = usual_weeks(tmp_path / "cut", last_day=start)
    purchases(cut, LAST, 9)
    assert found(cut, "volume", LAST).passed
    assert "cut short" in found(cut, "volume", LAST).found


@pytest.mark.parametrize(("price", "is_mild"), [(200, False), (12_000 // 2, False), (32_000, True), (2_000_000, False)])
def test_prices_in_another_unit_block_and_other_prices_warn(graph, price, is_mild):
    purchases(graph, WEEK, price=price)
    finding = found(graph, "price_range")
    assert not finding.passed
    assert finding.is_mild == is_mild
    assert f"{price / 1e6:.4g}" in finding.found


def test_one_price_far_above_all_others_warns(graph):
    file = stored(graph, "transactions", WEEK).files[0]
    rows = pl.read_parquet(file, hive_partitioning=False)
    rows.with_columns(pl.when(pl.int_range(pl.len()) == 3).then(9_000_000).otherwise("price").cast(pl.Int32).alias("price")).write_parquet(
        file
    )
    finding = found(graph, "price_range")
    assert (finding.passed, finding.is_mild) == (False, True)
    assert "the highest 9" in finding.found


def test_a_lost_column_blocks_and_some_more_nulls_warn(graph):
    purchases(graph, WEEK, channel=None)
    lost = found(graph, "nulls")
    assert (lost.passed, lost.is_mild) == (False, False)
    assert lost.found == "sales_channel_id null in 100.0% of purchases"
    file = stored(graph, "transactions", WEEK).files[0]
    rows = pl.read_parquet(file, hive_partitioning=False)
    rows.with_columns(pl.when(pl.int_range(pl.len()) >= 8).then(2).cast(pl.Int8).alias("sales_channel_id")).write_parquet(file)
    some = found(graph, "nulls")
    assert (some.passed, some.is_mild) == (False, True)


def _reject(graph, rows, *, reason, day):
    text = f"{day},abc,1,0.02"
    rejects_of(("transactions_train.csv", line, "article_id", reason, text) for line in range(rows)).write_parquet(graph.home.root / FILE)


@pytest.mark.parametrize(
    ("rows", "reason", "passed", "is_mild"),
    [(1, "no", True, True), (50, "no", False, True), (9, UNKNOWN_ARTICLE, False, True), (50, UNKNOWN_ARTICLE, False, False)],
)
def test_purchases_left_out_warn_and_those_of_an_incomplete_catalogue_block(graph, rows, reason, passed, is_mild):
    _reject(graph, rows, reason=reason, day=graph.calendar.start(WEEK))
    finding = found(graph, "rejected")
    assert (finding.passed, finding.is_mild) == (passed, is_mild)
    assert finding.found.startswith(f"{rows} of {rows + 101} purchases left out")
    assert found(graph, "rejected", WEEK - 1).passed  # of another week


def test_categories_that_nobody_bought_before_are_named(graph):
    purchases(graph, WEEK, article=2)
    finding = found(graph, "new_categories")
    assert not finding.passed
    assert finding.found == "100.0% of purchases in new categories of product_type_name"
    assert finding.offending.rows() == [("product_type_name", "scarf", 100)]
    assert BY_NAME["new_categories"].is_warning


def test_later_weeks_are_not_looked_at(graph):
    def sides():
        findings = [found(graph, name, WEEK - 3) for name in BY_NAME]
        return [(finding.expected, finding.found) for finding in findings]

    before = sides()
    for later in range(WEEK - 2, LAST):
        purchases(graph, later, 900, price=9_000_000, channel=None, article=2)
    assert sides() == before
