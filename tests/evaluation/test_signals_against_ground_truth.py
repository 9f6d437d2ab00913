"""The comparison with the simulated ground truth: real signals are found, shuffled ones are caught, each beside its baseline."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.simulator.simulate import simulate
from hm_pipeline.engine.home import Home
from hm_pipeline.evaluation.simulator import ground_truth as truth
from hm_pipeline.evaluation.simulator.ground_truth import WEEK, compare, likeness, render
from hm_pipeline.evaluation.simulator.ground_truth_rows import CUSTOMER, Stored, affinities, needs, offers, seasons
from hm_pipeline.orchestration.execute import materialize

WEEK_ID = 104
SIGNALS = ("need_propensity", "seasonality", "style_similarity", "availability")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Path]:
    folder = tmp_path_factory.mktemp("truth")
    simulate(folder / "raw", customers=2_500, articles=800, weeks=60, ground_truth=True)
    settings = Settings(home=folder / "home")
    ingest(folder / "raw", settings.home, settings=settings)
    materialize(settings, [(f"signal/{name}", WEEK_ID) for name in SIGNALS], audiences={WEEK_ID: "buyers"})
    return Home(settings.home), folder / "raw"


def spearman(rows: pl.DataFrame, column: str, by: tuple[str, ...] = ()) -> float:
    found = likeness(rows.with_columns(week_id=WEEK_ID), "signal", column, by=(WEEK, *by), is_baseline=False)
    assert found.spearman is not None
    return found.spearman


def test_likeness_by_hand() -> None:
    """Customer 1 agrees in order, customer 2 disagrees, 3 says nothing, 4 asks nothing: the mean of 1, -1 and 0."""
    rows = pl.DataFrame(
        {
            "customer_id": [1, 1, 1, 2, 2, 3, 3, 4, 4],
            "said": [0.1, 5.0, 5.5, 2.0, 1.0, 7.0, 7.0, 1.0, 2.0],
            "truth": [1.0, 2.0, 90.0, 1.0, 2.0, 1.0, 2.0, 3.0, 3.0],
        }
    )
    found = likeness(rows, "need", "said", by=(CUSTOMER,), is_baseline=True)
    assert (found.spearman, found.rows, found.groups, found.is_baseline) == (0.0, 7, 3, True)
    assert likeness(rows.head(3), "need", "said", by=(CUSTOMER,), is_baseline=True).spearman == 1.0
    assert likeness(rows.tail(2), "need", "said", by=(CUSTOMER,), is_baseline=True).spearman is None


def test_signals_know_the_truth(folders: tuple[Home, Path]) -> None:
    found = {(row.signal, row.column): row for row in compare(*folders, [WEEK_ID])}
    assert {signal for signal, _ in found} == set(truth.COMPARISONS)
    for signal, column in (("need", "need_propensity"), ("style", "style_similarity"), ("availability", "availability_units")):
        value = found[signal, column].spearman
        assert value is not None
        assert value > 0.25, signal
        assert found[signal, column].rows > 300
    assert found["season", "seasonality_growth"].rows > 20


@pytest.mark.parametrize(
    ("table", "column", "by"),
    [(needs, "need_propensity", (CUSTOMER,)), (affinities, "style_similarity", (CUSTOMER,)), (offers, "availability_units", ())],
)
def test_a_shuffled_signal_is_caught(folders: tuple[Home, Path], table, column: str, by: tuple[str, ...]) -> None:
    rows = table(Stored(*folders, WEEK_ID))
    shuffled = pl.col(column).shuffle(seed=3)
    broken = rows.with_columns(shuffled.over(by[0]) if by else shuffled)
    assert abs(spearman(broken, column, by)) < 0.1 < spearman(rows, column, by)


def test_the_truth_itself_is_perfect_and_turned_round_it_is_the_opposite(folders: tuple[Home, Path]) -> None:
    rows = seasons(Stored(*folders, WEEK_ID)).with_columns(same=pl.col("truth"), opposite=-pl.col("truth"))
    assert (spearman(rows, "same"), spearman(rows, "opposite")) == (1.0, -1.0)


def test_season_is_the_change_against_four_weeks(folders: tuple[Home, Path]) -> None:
    home, raw = folders
    shares = pl.read_parquet(raw / "truth" / "seasons.parquet").filter(pl.col("product_type_no") == 272)
    by_week = dict(shares.select("week_id", "share").iter_rows())
    expected = by_week[WEEK_ID] / np.mean([by_week[week] for week in range(WEEK_ID - 4, WEEK_ID)])
    rows = seasons(Stored(home, raw, WEEK_ID)).filter(pl.col("product_type_no") == 272)
    assert rows["truth"].item() == pytest.approx(expected, rel=1e-5)


def test_weeks_and_shops_without_truth_are_refused(folders: tuple[Home, Path], tmp_path: Path) -> None:
    home, raw = folders
    with pytest.raises(MissingInput, match="hm simulate FOLDER --ground-truth"):
        compare(home, tmp_path, [WEEK_ID])
    simulate(tmp_path / "other", customers=20, articles=30, weeks=3, seed=9, ground_truth=True)
    with pytest.raises(MissingInput, match="the shop that was ingested"):
        compare(home, tmp_path / "other", [WEEK_ID])
    assert render(compare(home, raw, [WEEK_ID]), ["2020-09-16"]).row_count >= 15
