"""Calibration of probabilities: a piecewise-linear Platt scaling, fitted on a later cutoff than the trees were grown on.

Boosted trees over-predict rare events: a probability of one in two hundred becomes one in fifty, at some size of shop
whatever the settings.  A line in logits with a knot, fitted on outcomes that the trees have not seen, corrects this:
Platt's scaling (1999), with a slope of its own for small probabilities.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from hm_pipeline.recommender.learners.signal_boosters import DECIMALS, Boosters

KNOT = -2.5  # logit below which the slope may be another one: a chance of 8 %
IDENTITY = np.array([0.0, 1.0, 0.0])  # intercept, slope, and what is added to the slope below the bend
RIDGE = 1.0  # keeps the weights near identity where few outcomes contradict it
STEPS, HALVINGS = 50, 30  # of Newton's method, which is there after six but where outcomes contradict what was certain
LEAST = 1e-6  # probabilities are kept this far from 0 and 1
MOST_LOGIT = 30.0  # beyond, a chance is 0 or 1 to all digits that are kept
FILE = "recalibration.tsv"


@dataclass(frozen=True)
class Recalibrated(Boosters):
    """Boosters of which some give probabilities that are set right.

    Parameters
    ----------
    weights
        Name of a booster -> intercept, slope, and what is added to the slope below the bend.
    """

    weights: dict[str, tuple[float, ...]] = field(default_factory=dict)

    def predict_right(self, name: str, examples: pl.DataFrame, where: pl.Expr) -> pl.Series:
        """Return probabilities, set right for the rows that ``where`` chooses."""
        predicted = self.predict(name, examples)
        if name not in self.weights:
            return predicted
        right = recalibrated(predicted.to_numpy(), self.weights[name])
        return pl.Series(name, np.where(examples.select(where).to_series(), right, predicted.to_numpy()).astype(np.float32))

    def save(self, folder: Path) -> None:
        """Write the boosters, and the weights beside them."""
        super().save(folder)
        lines = ["\t".join([name, *map(repr, weights)]) for name, weights in self.weights.items()]
        (folder / FILE).write_text("".join(f"{line}\n" for line in lines))

    @classmethod
    def load(cls, folder: Path) -> "Recalibrated":
        """Read what :meth:`save` wrote."""
        known = Boosters.load(folder)
        lines = [line.split("\t") for line in (folder / FILE).read_text().splitlines()]
        weights = {name: tuple(map(float, values)) for name, *values in lines}
        return cls(known.features, known.boosters, known.constants, weights=weights)


def recalibrated(predicted: np.ndarray, weights: tuple[float, ...]) -> np.ndarray:
    """Return probabilities set right by weights."""
    return np.round(_chance(_terms(predicted) @ np.array(weights)), DECIMALS)


def fit_calibration(predicted: np.ndarray, outcome: np.ndarray) -> tuple[float, ...]:
    """Return the weights that make outcomes most likely.

    Parameters
    ----------
    predicted
        Probabilities of outcomes that the model was not fitted on.
    outcome
        1 where it happened, else 0.
    """
    terms, weights = _terms(predicted), IDENTITY.copy()
    for _ in range(STEPS):
        chance = _chance(terms @ weights)
        gradient = terms.T @ (outcome - chance) - RIDGE * (weights - IDENTITY)
        curvature = (terms * (chance * (1 - chance))[:, None]).T @ terms + RIDGE * np.eye(len(weights))
        step = np.linalg.solve(curvature, gradient)
        least = _loss(terms, outcome, weights)
        for _ in range(HALVINGS):
            if _loss(terms, outcome, weights + step) <= least:
                break
            step = step / 2
        weights = weights + step
        if np.abs(step).max() < 1e-9:
            break
    return tuple(float(weight) for weight in np.round(weights, DECIMALS))


def _loss(terms: np.ndarray, outcome: np.ndarray, weights: np.ndarray) -> float:
    logits = terms @ weights
    return float((np.logaddexp(0, logits) - outcome * logits).sum() + RIDGE / 2 * ((weights - IDENTITY) ** 2).sum())


def _terms(predicted: np.ndarray) -> np.ndarray:
    kept = np.clip(predicted.astype(np.float64), LEAST, 1 - LEAST)
    logits = np.log(kept / (1 - kept))
    return np.stack([np.ones_like(logits), logits, np.minimum(logits - KNOT, 0)], axis=1)


def _chance(logits: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -MOST_LOGIT, MOST_LOGIT))))
