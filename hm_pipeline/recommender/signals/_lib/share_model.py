"""Forecasts of shares: a multinomial logit over groups whose features are their own past.

The weights of last week, the last months and last year are fitted on past weeks; groups
that sell little lean on the mean of their year.  Train (2009), "Discrete Choice Methods with Simulation", chapter 3.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

YEAR = 52  # weeks
SMOOTHING = 50.0  # units of a group's mean year that are added to every window
FEATURES = ("level", "last", "before_last", "two_months", "year", "same_week", "same_weeks", "parent")
# Where there is no past to learn from: the level of four weeks, drawn to the last of them.
DEFAULTS = np.array([1.0, 0.7, 0.15, 0.0, 0.0, 0.0, 0.0, 1.0])
RIDGE = 10.0  # units' worth of trust in the defaults: a spread of a third around each of them
MOST_UNITS = 1_000.0  # of a week that teach: beyond, what moves shares is no longer the chance of who bought
HALF_LIFE_WEEKS = 26.0  # of what a past week teaches
DECIMALS = 6
STEPS, STRIDE = 30, 1.0  # of Newton's method; it is there after five or six, and no weight leaps on the way
LEAST_LOGIT = -25.0  # below the largest: no share is ever 0


@dataclass(frozen=True)
class ShareModel:
    """Weights of the features, by the level of the hierarchy they were fitted for."""

    weights: dict[str, list[float]]
    metrics: dict[str, float] = field(default_factory=dict)

    def expect(self, level: str, sold: np.ndarray, week: int, parent: np.ndarray | None = None) -> np.ndarray:
        """Return the expected share of every group in a week, shape (groups,), from the weeks before it.

        Parameters
        ----------
        sold
            Units, shape (groups, weeks); columns from ``week`` on are not read.
        parent
            Growth that each group's parent is expected to have, as a logarithm, shape (groups,).
        """
        return _softmax(build_features(sold, week, parent) @ np.array(self.weights.get(level, DEFAULTS)))

    def save(self, folder: Path) -> None:
        """Write the weights as JSON."""
        (folder / "shares.json").write_text(json.dumps({"weights": self.weights, "figures": self.metrics}, indent=1) + "\n")

    @classmethod
    def load(cls, folder: Path) -> "ShareModel":
        """Read what :meth:`save` wrote."""
        fields = json.loads((folder / "shares.json").read_text())
        return cls(fields["weights"], fields["figures"])


def window(sold: np.ndarray, week: int, first: int, last: int) -> np.ndarray:
    """Return the units of the weeks from ``last`` to ``first`` before a week, both included, shape (groups,)."""
    return np.asarray(sold[:, max(week - last, 0) : max(week - first + 1, 0)].sum(axis=1))


def build_features(sold: np.ndarray, week: int, parent: np.ndarray | None = None) -> np.ndarray:
    """Return the features of every group, shape (groups, features): logarithms of shares, all but the level as differences."""
    groups = len(sold)
    year = window(sold, week, 1, YEAR) + 1.0
    mean_year = year / year.sum()

    def share(first: int, last: int) -> np.ndarray:
        units = window(sold, week, first, last)
        return np.asarray(np.log((units + SMOOTHING * mean_year) / (units.sum() + SMOOTHING)))

    level = share(1, 4)
    known = week > YEAR + 4
    then = share(YEAR + 1, YEAR + 4) if known else np.zeros(groups)
    season = [share(YEAR, YEAR) - then, share(YEAR - 2, YEAR + 2) - then] if known else [np.zeros(groups)] * 2
    own = [level, share(1, 1) - level, share(2, 2) - level, share(1, 8) - level, np.log(mean_year) - level]
    return np.stack([*own, *season, np.zeros(groups) if parent is None else parent], axis=1)


def fit(sold: np.ndarray, weeks: Sequence[int], parents: Sequence[np.ndarray] | None = None) -> list[float]:
    """Return the weights that make the shares of past weeks most likely.

    Parameters
    ----------
    sold
        Units, shape (groups, weeks).
    weeks
        Columns whose sales are explained by the columns before them.
    parents
        For each of them, the growth that the groups' parents were expected to have.
    """
    given: Sequence[np.ndarray | None] = parents if parents is not None else [None] * len(weeks)
    last = max(weeks, default=0)
    examples = [
        (build_features(sold, week, parent), sold[:, week], 0.5 ** ((last - week) / HALF_LIFE_WEEKS))
        for week, parent in zip(weeks, given, strict=True)
        if sold[:, week].sum() > 0
    ]
    weights = DEFAULTS.copy()
    for _ in range(STEPS if examples else 0):
        gradient, curvature = -RIDGE * (weights - DEFAULTS), RIDGE * np.eye(len(weights))
        for features, units, new in examples:
            expected = _softmax(features @ weights)
            mean = expected @ features
            taught = new * min(units.sum(), MOST_UNITS)
            gradient += taught * ((units / units.sum() - expected) @ features)
            curvature += taught * ((features * expected[:, None]).T @ features - np.outer(mean, mean))
        step = np.clip(np.linalg.solve(curvature, gradient), -STRIDE, STRIDE)
        weights = weights + step
        if np.abs(step).max() < 1e-9:
            break
    return [float(value) for value in np.round(weights, DECIMALS)]


def _softmax(logits: np.ndarray) -> np.ndarray:
    if not len(logits):
        return logits
    powers = np.exp(np.maximum(logits - logits.max(), LEAST_LOGIT))
    return np.asarray(powers / powers.sum())
