"""The measures of signals: areas, losses and reliability, by hand, beside scikit-learn and beside brute force."""

from math import log

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

from hm_pipeline.evaluation.signal_metrics.losses import SignalLoss, area, log_loss, mean_loss, reliability, share_log_loss
from hm_pipeline.evaluation.signal_metrics.pooling import ReliabilityRow, pool_losses


def scored(count: int, seed: int, *, ties: bool, units: int = 40) -> pl.DataFrame:
    """Return scores that know a little of the truth; units differ in how often something comes true."""
    dice = np.random.default_rng(seed)
    unit = dice.integers(0, units, count)
    truth = (dice.random(count) < 0.1 + 0.5 * (unit / units)).astype(float)
    score = dice.normal(truth, 1.5)
    columns = {
        "unit": unit,
        "outcome": truth,
        "signal": score.round() if ties else score,
        "rival": dice.random(count),
        "segment": ["all"] * count,
    }
    return pl.DataFrame(columns)


def reliable(said: np.ndarray, truth: np.ndarray) -> ReliabilityRow:
    """Return how reliable predictions of a single week are."""
    rows = pl.DataFrame({"said": said, "outcome": truth})
    losses = reliability(rows, "said", pl.col("outcome")).select(pl.lit(1).alias("week_id"), pl.lit("need").alias("signal"), pl.all())
    (row,) = pool_losses(SignalLoss.validate(losses.select(SignalLoss.column_names()), cast=True)).reliability
    return row


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_area_is_that_of_scikit_learn(seed: int, ties: bool) -> None:
    rows = scored(3_000, seed, ties=ties)
    found = area(rows, ("signal", "rival"))
    for method in ("signal", "rival"):
        summed = found.filter(pl.col("method") == method).select("value", "weight", "row_count").sum()
        assert summed["value"].item() / summed["weight"].item() == pytest.approx(roc_auc_score(rows["outcome"], rows[method]), abs=1e-12)
        assert summed["weight"].item() == summed["row_count"].item() == 3_000


def test_an_area_by_hand() -> None:
    # Positives 3 and 1, negatives 2 and 1: 3 beats both, 1 loses to 2 and ties with 1: 2.5 of 4 pairs.
    rows = pl.DataFrame({"segment": ["all"] * 4, "unit": [0, 0, 1, 1], "outcome": [1.0, 1.0, 0.0, 0.0], "signal": [3, 1, 2, 1]})
    found = area(rows, ("signal",)).sort("unit")
    # Placed: 1 and .25, and 1 - .5 and 1 - .25; less .625, times 4 / 2, plus .625: unit 0 1.375 - .125, unit 1 .375 + .875.
    assert found["value"].to_list() == pytest.approx([1.25, 1.25])


@pytest.mark.parametrize("truth", [0.0, 1.0])
def test_one_class_has_no_area(truth: float) -> None:
    assert area(scored(50, 0, ties=False).with_columns(outcome=pl.lit(truth)), ("signal",)).is_empty()


@pytest.mark.parametrize("ties", [False, True])
def test_the_spread_over_units_is_that_of_areas_of_units_drawn_anew(ties: bool) -> None:
    rows = scored(4_000, 7, ties=ties)
    sums = area(rows, ("signal",)).sort("unit")
    dice = np.random.default_rng(1)
    drawn = dice.multinomial(40, np.full(40, 1 / 40), 600)
    quick = drawn @ sums["value"].to_numpy() / (drawn @ sums["weight"].to_numpy())
    truth, score, unit = (rows[name].to_numpy() for name in ("outcome", "signal", "unit"))
    brute = np.array([roc_auc_score(truth, score, sample_weight=weights[unit]) for weights in drawn])
    assert quick.std() == pytest.approx(brute.std(), rel=0.05)
    assert np.corrcoef(quick, brute)[0, 1] > 0.99  # draw for draw, not in spread alone


def test_losses_by_hand() -> None:
    rows = pl.DataFrame({"segment": ["all"] * 4, "unit": [0, 0, 1, 1], "outcome": [1.0, 0.0, 1.0, 0.0], "signal": [0.8, 0.3, 0.0, 1.0]})
    found = mean_loss(rows, {"signal": log_loss("signal")}, measure="log loss").sort("unit")
    # -ln(.8) - ln(.7) = .57982; a probability of 0 or 1 that is wrong costs as one of 1e-4 and .9999: -2 ln(1e-4) = 18.42068.
    assert found["value"].to_list() == pytest.approx([0.57982, 18.42068], abs=1e-5)
    assert found["weight"].to_list() == found["row_count"].to_list() == [2, 2]


def test_wape_by_hand() -> None:
    shares = pl.DataFrame({"segment": ["all"] * 3, "unit": [10, 20, 30], "outcome": [0.5, 0.3, 0.2], "signal": [0.4, 0.3, 0.3]})
    found = mean_loss(shares, {"signal": (pl.col("signal") - pl.col("outcome")).abs()}, measure="WAPE", weight=pl.col("outcome"))
    # |.4 - .5| + 0 + |.3 - .2| = .2 of a truth of 1.
    assert found["value"].to_list() == pytest.approx([0.1, 0, 0.1])
    assert found["value"].sum() / found["weight"].sum() == pytest.approx(0.2)


@pytest.mark.parametrize("seed", range(4))
def test_the_loss_of_shares_is_the_divergence_of_kullback_and_leibler(seed: int) -> None:
    dice = np.random.default_rng(seed)
    truth, said = dice.dirichlet(np.full(20, 0.5)), dice.dirichlet(np.full(20, 2.0))
    truth[:3] = 0  # types that sold nothing
    truth /= truth.sum()
    rows = pl.DataFrame({"outcome": truth, "said": 7 * said, "right": truth})  # brought to a sum of one
    found = rows.select(share_log_loss("said").alias("said"), share_log_loss("right").alias("right"))
    there = truth > 0
    assert found["said"].sum() == pytest.approx((truth[there] * np.log(truth[there] / said[there])).sum(), abs=1e-4)
    assert found["said"].min() > -1e-12  # each type costs something of its own
    assert found["right"].abs().max() < 1e-4


def test_the_loss_of_shares_by_hand() -> None:
    # .5 ln(.5 / .25) - .5 + .25 and .5 ln(.5 / .75) - .5 + .75: .09657 and .04727, ln(4 / 3) / 2 = .14384 together.
    rows = pl.DataFrame({"outcome": [0.5, 0.5], "said": [0.25, 0.75]})
    found = rows.select(share_log_loss("said")).to_series().to_list()
    assert found == pytest.approx([0.09657, 0.04727], abs=1e-5)
    assert sum(found) == pytest.approx(log(4 / 3) / 2)


def test_bins_hold_equal_numbers_of_rows_in_the_order_of_predictions() -> None:
    said = np.random.default_rng(0).permutation(1_000) / 1_000
    found = reliability(pl.DataFrame({"said": said}), "said", pl.col("said") > 0.5).sort("unit")
    assert found["unit"].to_list() == list(range(100))
    assert set(found["row_count"]) == {10}
    assert found["weight"].to_list() == pytest.approx([(100 * place + 45) / 1_000 for place in range(100)])
    assert found["value"].to_list() == [0.0] * 50 + [9.0] + [10.0] * 49


def test_perfect_probabilities_are_reliable() -> None:
    dice = np.random.default_rng(4)
    chance = dice.beta(1, 4, 200_000)
    row = reliable(chance, dice.random(200_000) < chance)
    assert row.is_reliable
    assert row.slope == pytest.approx(1, abs=0.02)
    assert row.rows == 200_000
    assert row.predicted == tuple(sorted(row.predicted))


def test_unreliable_predictions_fail() -> None:
    dice = np.random.default_rng(4)
    chance = dice.beta(1, 4, 200_000) / 2
    truth = dice.random(200_000) < chance
    twice, constant, shifted = (reliable(said, truth) for said in (2 * chance, np.full(200_000, chance.mean()), chance + 0.1))
    assert not twice.is_reliable
    assert twice.slope == pytest.approx(0.5, abs=0.02)
    assert twice.gaps == pytest.approx([-0.5] * 10, abs=0.1)
    assert constant.slope is None
    assert not constant.is_reliable
    assert shifted.slope == pytest.approx(1, abs=0.03)  # the slope alone does not see it
    assert not shifted.is_reliable


def test_nothing_predicted_is_right_where_nothing_came_true() -> None:
    row = ReliabilityRow(signal="need", rows=20, predicted=(0, 0, *range(1, 9)), came_true=(0, 2, *range(1, 9)), slope=1.0)
    assert row.gaps[:3] == [0.0, float("inf"), 0.0]
    assert not row.is_reliable
    assert row.model_copy(update={"came_true": row.predicted}).is_reliable
