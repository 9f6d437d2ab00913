"""Drift against values worked out by hand, against scipy, and of homes in which one column of one week is another."""

from math import log

import numpy as np
import polars as pl
import pytest
from scipy.stats import chi2, ks_2samp, mannwhitneyu

from hm_pipeline.base.errors import LeakageError
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.partition_files import PartitionWriter
from hm_pipeline.evaluation.drift import STEP, samples, week_drift
from hm_pipeline.evaluation.drift.chart import draw_drift
from hm_pipeline.evaluation.drift.measures import psi_of, shift_of
from hm_pipeline.evaluation.drift.report import SHORT, SHOWN, conclusion, read_drift, short_table, table_of
from hm_pipeline.evaluation.drift.week_drift import Drift, columns_of, monitored_tables
from hm_pipeline.features.tables import feature_tables
from hm_pipeline.recommender.signals import SIGNALS
from tests.evaluation.weekly_homes import LAST, empty_home, put, stored

WEEK = LAST - 1
TABLES = {table.name: table for table in monitored_tables()}
ROWS = 400


def uniform(count, seed=0):
    return pl.Series(np.random.default_rng(seed).random(count))


# Measures --------------------------------------------------------------------------------------------------------


def test_psi_of_rows_by_bin_is_that_worked_out_by_hand():
    now, then = np.array([20, 80]), np.array([50, 50])
    by_hand = (20.5 / 101 - 50.5 / 101) * log(20.5 / 50.5) + (80.5 / 101 - 50.5 / 101) * log(80.5 / 50.5)
    assert psi_of(now, then) == pytest.approx(by_hand, abs=1e-6)
    assert psi_of(then, then) == 0
    assert psi_of(np.array([0, 20, 80]), np.array([0, 50, 50])) == psi_of(now, then)  # a bin that neither has is none


def test_bins_are_deciles_of_the_reference():
    then = pl.Series(range(1, 1001))
    lower_half = pl.Series([*range(1, 501)] * 2)
    by_hand = 5 * (200.5 / 1005 - 100.5 / 1005) * log(200.5 / 100.5) + 5 * (0.5 / 1005 - 100.5 / 1005) * log(0.5 / 100.5)
    found = shift_of(lower_half, [then])
    assert found.psi == pytest.approx(by_hand, abs=1e-6)
    assert found.ks == 0.5
    assert found.auc == 0.25
    assert shift_of(then, [then])[:2] == (0.0, pytest.approx(chi2.ppf(0.999, 9) * 2 / 1000, abs=1e-6))


def test_nulls_are_a_bin_of_their_own():
    then, now = pl.Series([1.0] * 75 + [None] * 25), pl.Series([1.0] * 25 + [None] * 75)
    assert shift_of(now, [then]).psi == pytest.approx(2 * (75.5 / 101 - 25.5 / 101) * log(75.5 / 25.5), abs=1e-6)
    assert shift_of(now, [then])[2:] == (0.0, 1.0, 0.5)  # the values themselves have not moved
    assert shift_of(now.fill_null(float("nan")), [then]) == shift_of(now, [then])
    gone = shift_of(pl.Series([None] * 50, dtype=pl.Float64), [then])
    assert gone.psi > 1
    assert gone[2:] == (None, None, None)


@pytest.mark.parametrize("value", [4, 6])
def test_a_constant_that_changes_is_seen_in_either_direction(value):
    then = pl.Series([5] * 100)
    assert shift_of(then, [then]) == (0.0, 0.0, 0.0, 1.0, 0.5)
    moved = shift_of(pl.Series([value] * 100), [then])
    assert moved.psi == pytest.approx(2 * (100.5 / 101 - 0.5 / 101) * log(100.5 / 0.5), abs=1e-6)
    assert moved[2] == 1.0
    assert moved.auc == (1.0 if value > 5 else 0.0)


def test_a_new_value_between_known_ones_is_a_bin_of_its_own():
    then = pl.Series([0, 2] * 50)
    assert shift_of(pl.Series([0, 1] * 50), [then]).psi == shift_of(pl.Series([0, 3] * 50), [then]).psi > 1


def test_truth_values_are_counted():
    then, now = pl.Series([True] * 10 + [False] * 90), pl.Series([True] * 50 + [False] * 50)
    assert shift_of(now, [then]).psi == psi_of(np.array([50, 50]), np.array([90, 10]))


def test_rank_statistics_are_those_of_scipy():
    drawn = np.random.default_rng(1)
    now, then = np.round(drawn.normal(0.3, 1, 300), 1), np.round(drawn.normal(0, 1, 500), 1)
    found = shift_of(pl.Series(now), [pl.Series(then[:200]), pl.Series(then[200:])])
    assert found.ks == pytest.approx(ks_2samp(now, then).statistic, abs=1e-6)
    assert found.p_value == pytest.approx(ks_2samp(now, then, method="asymp").pvalue, rel=0.25)
    assert found.auc == pytest.approx(mannwhitneyu(now, then).statistic / (300 * 500), abs=1e-6)


def test_what_single_weeks_before_differ_by_is_usual():
    restless = [uniform(ROWS, seed) + (seed % 2) for seed in range(6)]
    calm = [uniform(ROWS, seed) for seed in range(6)]
    assert shift_of(uniform(ROWS, 9) + 1, restless).psi < shift_of(uniform(ROWS, 9) + 1, restless).usual_psi
    assert shift_of(uniform(ROWS, 9) + 1, calm).psi > shift_of(uniform(ROWS, 9) + 1, calm).usual_psi


# Homes -----------------------------------------------------------------------------------------------------------


def view(name, week_id, *, seed=None, rows=ROWS, shift=0.0, step=1):
    """Rows of a view's table: every feature is uniform, and moved by so much."""
    table = TABLES[name]
    number = pl.int_range(rows, dtype=pl.Int64, eager=True) * step
    keys = {key: [week_id] * rows if key == "week_id" else number for key in table.schema.primary_key()}
    drawn = uniform(rows, week_id if seed is None else seed) * 0.4 + 0.1 + shift
    features = {column: drawn * 100 if "Int" in type(kind).__name__ else drawn for column, kind in table.features.items()}
    return pl.DataFrame(keys | {column: pl.Series(values) for column, values in features.items()}).cast(
        {column: kind.dtype for column, kind in table.schema.columns().items()}, strict=False
    )


def home_of(root, name, weeks=LAST, **options):
    graph = empty_home(root)
    for week_id in range(weeks):
        put(graph, TABLES[name].table, week_id, view(name, week_id, **options))
    return graph


def drift_of(graph, name, week_id=WEEK):
    table = TABLES[name]
    inputs = Inputs({table.table: graph.home.weekly(table.table, table.schema, max_week=week_id)})
    return week_drift._drift_of(inputs, table, week_id)


def test_every_single_valued_feature_of_a_weekly_view_is_monitored():
    lists = {table.name for table in feature_tables() if table.is_weekly} - set(TABLES)
    assert lists == {"rankings", "needs"}
    assert {table.table for table in TABLES.values()} == {"candidates", *(f"signal/{signal.name}" for signal in SIGNALS)}
    assert {read.name for read in STEP.reads} == {table.table for table in TABLES.values()}
    assert all((read.first, read.last) == (0, 0) for read in STEP.reads)  # no earlier week is made for the comparison


def test_the_column_that_moved_is_the_only_one_that_is_large(tmp_path):
    graph = home_of(tmp_path, "momentum")
    moved = view("momentum", WEEK).with_columns(pl.col("momentum_price") + 0.3)
    put(graph, "signal/momentum", WEEK, moved)
    found = drift_of(graph, "momentum")
    assert found["feature"].to_list() == columns_of(TABLES["momentum"])
    assert found.filter(week_drift.is_large())["feature"].to_list() == ["momentum_price"]
    assert set(found["reference_weeks"]) == {13}
    assert set(found["row_count"]) == {ROWS}
    assert set(found["reference_count"]) == {13 * ROWS}


def test_nulls_now_and_before_are_in_the_table(tmp_path):
    graph = home_of(tmp_path, "momentum")
    lost = view("momentum", WEEK).with_columns(pl.when(pl.int_range(pl.len()) % 4 > 0).then("momentum_price").alias("momentum_price"))
    put(graph, "signal/momentum", WEEK, lost)
    row = drift_of(graph, "momentum").row(by_predicate=pl.col("feature") == "momentum_price", named=True)
    assert (row["null_share"], row["reference_null_share"]) == (0.25, 0.0)
    assert row["psi"] > 0.25


def test_few_weeks_are_used_and_counted_and_none_gives_no_value(tmp_path):
    graph = home_of(tmp_path, "momentum", weeks=4)
    for week_id in range(4):
        found = drift_of(graph, "momentum", week_id)
        assert set(found["reference_weeks"]) == {week_id}
        assert found["psi"].is_null().all() == (week_id == 0)
    Drift.validate(found)


def test_gaps_are_left_out(tmp_path):
    graph = home_of(tmp_path, "momentum")
    for gap in (WEEK - 3, WEEK - 4):
        (graph.home.folder("signal/momentum", gap) / "manifest.json").unlink()
    assert set(drift_of(graph, "momentum")["reference_weeks"]) == {11}


def test_weeks_for_another_audience_are_not_compared(tmp_path):
    graph = home_of(tmp_path, "activity")
    for week_id in range(LAST):
        is_everyone = week_id in (WEEK, WEEK - 2)
        rows = view("activity", week_id, shift=0.2 if is_everyone else 0)
        put(graph, "signal/activity", week_id, rows, audience=f"{'everyone' if is_everyone else 'buyers'}:{week_id}")
    assert set(drift_of(graph, "activity")["reference_weeks"]) == {1}
    assert not drift_of(graph, "activity").select(week_drift.is_large()).to_series().any()
    assert set(drift_of(graph, "activity", WEEK - 1)["reference_weeks"]) == {12}


def test_later_weeks_change_nothing_and_cannot_be_read(tmp_path):
    graph = home_of(tmp_path, "momentum")
    before = drift_of(graph, "momentum", WEEK - 2)
    for later in (WEEK - 1, WEEK):
        put(graph, "signal/momentum", later, view("momentum", later, shift=0.4))
    assert drift_of(graph, "momentum", WEEK - 2).equals(before)
    table = TABLES["momentum"]
    handle = graph.home.weekly(table.table, table.schema, max_week=WEEK - 2)
    with pytest.raises(LeakageError):
        samples.sample_weeks(handle, WEEK - 2, [WEEK - 1], ["momentum"])


def test_the_order_of_rows_and_files_does_not_matter(tmp_path):
    graph, other = home_of(tmp_path / "a", "activity"), home_of(tmp_path / "b", "activity")
    for week_id in range(LAST):
        put(other, "signal/activity", week_id, view("activity", week_id).sample(fraction=1, shuffle=True, seed=1))
    assert drift_of(graph, "activity").equals(drift_of(other, "activity"))


def test_a_sample_is_small_and_of_the_same_customers_in_each_week(tmp_path, monkeypatch):
    monkeypatch.setattr(samples, "NOW", 100)
    monkeypatch.setattr(samples, "THEN", 1_300)
    graph = home_of(tmp_path, "activity", rows=4_000)
    found = drift_of(graph, "activity")
    assert 50 < found["row_count"][0] < 200
    assert 650 < found["reference_count"][0] < 2_600
    table = TABLES["activity"]
    handle = graph.home.weekly(table.table, table.schema)
    _, past = samples.sample_weeks(handle, WEEK, [WEEK - 1, WEEK - 2], ["customer_id"])
    assert set(past[0]["customer_id"]) == set(past[1]["customer_id"])
    assert not drift_of(graph, "activity").select(week_drift.is_large()).to_series().any()


def test_of_many_files_a_few_are_read(tmp_path, monkeypatch):
    monkeypatch.setattr(samples, "FILES", 2)
    graph = empty_home(tmp_path)
    rows = view("activity", WEEK)
    writer = PartitionWriter(graph.home.folder("signal/activity", WEEK))
    writer.finish([writer.write(rows.slice(40 * place, 40), place) for place in range(10)], fingerprint="")
    table = TABLES["activity"]
    now, _ = samples.sample_weeks(graph.home.weekly(table.table, table.schema), WEEK, [], ["customer_id"])
    assert sorted(now["customer_id"]) == [*range(80, 120), *range(280, 320)]


# Report, picture and check ---------------------------------------------------------------------------------------


@pytest.fixture
def drifted(tmp_path):
    """A home in which momentum's price has moved in the last week, with the drift of the last two."""
    graph = home_of(tmp_path, "momentum")
    put(graph, "signal/momentum", WEEK, view("momentum", WEEK).with_columns(pl.col("momentum_price") + 0.3))
    for week_id in (WEEK - 1, WEEK):
        put(graph, "drift", week_id, drift_of(graph, "momentum", week_id))
    return graph


def test_the_check_warns_of_what_moved_by_name_and_passes_a_calm_week(drifted):
    (check,) = STEP.checks
    found = check.find(stored(drifted, "drift", WEEK))
    assert check.is_warning
    assert not found.passed
    assert found.found.startswith("1 of 8 features with a PSI of 0.25 or more, and more than usual, against 13 weeks before")
    assert ": momentum_price " in found.found
    assert found.offending["feature"].to_list() == ["momentum_price"]
    calm = check.find(stored(drifted, "drift", WEEK - 1))
    assert calm.passed
    assert calm.found.startswith("0 of 8 features")
    assert calm.notes == {}


def test_columns_without_a_week_to_compare_with_are_counted_apart(drifted):
    put(drifted, "drift", WEEK, pl.concat([drift_of(drifted, "momentum"), _uncompared(TABLES["activity"])]))
    found = STEP.checks[0].find(stored(drifted, "drift", WEEK))
    assert found.notes == {"not compared": "6 have no stored week of the same audience to be compared with"}
    table = drifted.home.weekly("drift", Drift).at(WEEK)
    assert week_drift.count_drifted(None, None, table) == {"drifted": 1.0, "compared": 8.0}


def test_the_short_table_is_shown_without_a_click_whatever_the_names(drifted):
    longest = sorted((name for table in TABLES.values() for name in columns_of(table)), key=len)[-SHORT:]
    rows = read_drift(drifted.home, WEEK).with_columns(feature=pl.Series(longest), null_share=0.995, reference_null_share=0.995)
    shown = short_table(pl.concat([rows, rows]).with_columns(psi=pl.when(pl.int_range(pl.len()) < SHORT).then(12.25)))
    assert shown.splitlines()[2] == "| feature | PSI | usual | AUC | nulls | before |"
    assert shown.count("| 12.25 |") == SHORT
    assert "8 have no stored week" in shown
    assert len(shown) < 1_000


def test_the_worst_comes_first_in_table_and_picture(drifted):
    rows = read_drift(drifted.home, WEEK)
    assert rows["feature"][0] == "momentum_price"
    assert table_of(rows).lines[0][0] == "momentum_price"
    assert conclusion(rows) == "1 of 8 features have a PSI of 0.25 or more, and more than usual."
    assert draw_drift(rows).startswith(b"\x89PNG")
    assert draw_drift(rows) == draw_drift(rows)
    pictures = [preview.make(drifted, WEEK) for preview in STEP.previews]
    assert "momentum_price" in pictures[0]
    assert pictures[1] == draw_drift(rows)
    assert len(table_of(rows, 3).lines) == 3 < SHOWN
    assert [preview.make(drifted, 0) for preview in STEP.previews] == [None, None]


def test_weeks_that_were_made_since_are_noticed(drifted):
    tables = [table for table in monitored_tables() if table.name != "momentum"]
    every = pl.concat([drift_of(drifted, "momentum"), *(_uncompared(table) for table in tables)])
    put(drifted, "drift", WEEK, every)
    assert not week_drift.counts_other_weeks(drifted, WEEK)
    (drifted.home.folder("signal/momentum", WEEK - 5) / "manifest.json").unlink()
    assert week_drift.counts_other_weeks(drifted, WEEK)


def _uncompared(table):
    rows = {"week_id": WEEK, "view": table.name, "feature": columns_of(table), "reference_weeks": 0, "row_count": 0, "reference_count": 0}
    frame = pl.DataFrame(rows)
    return Drift.cast(frame.with_columns(pl.lit(None).alias(name) for name in Drift.column_names() if name not in rows))
