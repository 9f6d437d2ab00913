"""Blend of the learners' scores: put on a common scale within a customer, then weighted."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from hm_pipeline.recommender.ensemble.sampling import MapScorer
from hm_pipeline.recommender.learners.base import Floats

DECIMALS = 5  # kept of a score, so that the last bits of a sum do not decide a rank or a byte
FEWEST_HITS = 30  # below, weights follow chance: equal ones are no worse and do not pretend
STEPS = {1: 1, 2: 20, 3: 10, 4: 8, 5: 6}  # of the grid of weights, by how many are blended: two hundred points at most


def standardised(margins: Floats, starts: npt.NDArray[np.intp]) -> npt.NDArray[np.float64]:
    """Put each learner's margins on one scale within a customer: mean 0, standard deviation 1.

    Parameters
    ----------
    margins
        One row per candidate, one column per learner; a customer's rows lie together.
    starts
        Where each customer's rows begin.

    Returns
    -------
    numpy.ndarray
        Same shape; 0 where a learner holds all candidates of a customer equal.
    """
    if not len(margins):
        return np.empty(margins.shape, dtype=np.float64)
    sizes = np.diff(np.append(starts, len(margins)))
    owner = np.repeat(np.arange(len(sizes)), sizes)
    centred = margins - (np.add.reduceat(margins, starts, axis=0, dtype=np.float64) / sizes[:, None])[owner]
    spread = np.sqrt(np.add.reduceat(centred**2, starts, axis=0) / sizes[:, None])
    return np.where(spread[owner] > 1e-6, centred / np.maximum(spread, 1e-6)[owner], 0.0)


def blended(scaled: npt.NDArray[np.float64], weights: tuple[float, ...]) -> Floats:
    """Return the weighted sum of standardised scores, rounded."""
    total = np.zeros(len(scaled))
    for column, weight in enumerate(weights):
        total += weight * scaled[:, column]
    return rounded(total)


def rounded(scores: npt.NDArray[np.floating]) -> Floats:
    """Return scores as they are written."""
    return (np.round(scores.astype(np.float64), DECIMALS) + 0.0).astype(np.float32)  # + 0.0 turns -0.0 into 0.0


def blend_weights(scaled: npt.NDArray[np.float64], scorer: MapScorer) -> tuple[tuple[float, ...], float]:
    """Return the weights on the simplex that give the best MAP@12, and that MAP@12.

    The grid holds each learner alone, so that the blend is no worse than the best of them where it was fitted.  Of
    equal scores the most even weights win.  With fewer than ``FEWEST_HITS`` hits the weights are equal.
    """
    learners = scaled.shape[1]
    equal = (1.0 / learners,) * learners
    if scorer.hits < FEWEST_HITS:
        return equal, scorer(blended(scaled, equal))
    steps = STEPS[learners]
    grid = [tuple(part / steps for part in parts) for parts in _compositions(steps, learners)]
    grid.sort(key=lambda weights: (sum(weight**2 for weight in weights), weights))
    scores = [scorer(blended(scaled, weights)) for weights in grid]
    best = int(np.argmax(scores))  # the first of equals
    return grid[best], scores[best]


def _compositions(total: int, parts: int) -> Iterator[tuple[int, ...]]:
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        yield from ((first, *rest) for rest in _compositions(total - first, parts - 1))
