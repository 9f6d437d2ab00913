"""Probabilities that are wrong in a known way come out right, and what was said rightly stays."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from hm_pipeline.recommender.signals._lib.calibration import KNOT, Recalibrated, fit_calibration, recalibrated

ROWS = 200_000


def drawn(distort: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray]:
    """Return what was said of events and whether they happened: at the chance that the distortion makes of what was said."""
    random = np.random.default_rng(5)
    logits = random.uniform(-6, 2, ROWS)
    true = distort[0] + distort[1] * logits + distort[2] * np.minimum(logits - KNOT, 0)
    return 1 / (1 + np.exp(-logits)), (random.random(ROWS) < 1 / (1 + np.exp(-true))).astype(float)


def test_a_known_distortion_is_found() -> None:
    said, happened = drawn((-0.3, 0.9, 0.8))
    intercept, slope, tail = fit_calibration(said, happened)
    assert (intercept, slope) == pytest.approx((-0.3, 0.9), abs=0.06)
    assert tail == pytest.approx(0.8, abs=0.15)  # of the few hundred events below the bend


def test_tenths_that_were_promised_too_much_come_out_right() -> None:
    said, happened = drawn((0.0, 1.0, 0.9))
    half = ROWS // 2
    right = recalibrated(said[half:], fit_calibration(said[:half], happened[:half]))
    order = np.argsort(said[half:])
    before, after, true = (values[order].reshape(10, -1).sum(axis=1) for values in (said[half:], right, happened[half:]))
    assert true[0] < 0.4 * before[0]  # the lowest tenth was promised more than twice as much as came
    # Chance alone is a third of the few dozen events there, and a hundredth of the others.
    assert true == pytest.approx(after, rel=0.05, abs=4 * np.sqrt(after.min()))


def test_what_is_right_is_left_alone() -> None:
    assert fit_calibration(*drawn((0.0, 1.0, 0.0))) == pytest.approx((0.0, 1.0, 0.0), abs=0.06)
    assert fit_calibration(np.empty(0), np.empty(0)) == (0.0, 1.0, 0.0)
    said = np.array([0.0, 1e-4, 0.3, 1.0])
    assert recalibrated(said, (0.0, 1.0, 0.0)) == pytest.approx(said, abs=2e-6)


def test_few_outcomes_move_little() -> None:
    intercept, slope, tail = fit_calibration(np.full(3, 0.5), np.zeros(3))
    assert -1 < intercept < 0
    assert (slope, tail) == pytest.approx((1.0, 0.0), abs=1e-6)  # at a logit of 0 the slopes say nothing


def test_a_certainty_that_did_not_come_true_is_one_no_more() -> None:
    for certain in (0.0, 1.0):
        weights = fit_calibration(np.full(4, certain), np.full(4, 1 - certain))
        assert recalibrated(np.array([certain]), weights) == pytest.approx(1 - certain, abs=0.3)


def test_order_of_rows_does_not_matter_and_no_order_is_lost() -> None:
    said, happened = drawn((-0.3, 0.9, 0.8))
    weights = fit_calibration(said, happened)
    assert fit_calibration(said[::-1], happened[::-1]) == weights
    assert (np.diff(recalibrated(np.sort(said), weights)) >= 0).all()


def test_only_the_rows_chosen_are_set_right_and_a_saved_model_says_the_same(tmp_path: Path) -> None:
    model = Recalibrated(("a",), {}, {"any": 0.25, "units": 2.0}, weights={"any": (-1.0, 1.0, 0.0)})
    rows = pl.DataFrame({"a": [1.0, 2.0, 3.0]})
    model.save(tmp_path)
    for known in (model, Recalibrated.load(tmp_path)):
        said = known.predict_right("any", rows, pl.col("a") > 1)
        assert said.to_list() == [0.25, pytest.approx(0.10923, abs=1e-5), pytest.approx(0.10923, abs=1e-5)]
        assert known.predict_right("units", rows, pl.col("a") > 1).to_list() == [2.0, 2.0, 2.0]
