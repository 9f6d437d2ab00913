"""Measures of how far a column's distribution has moved: PSI, and two-sample rank statistics with their effect size.

With a hundred thousand rows every p is small, so each statistic comes with a measure of size: PSI, the Kolmogorov-Smirnov
distance, and the area under the ROC curve of the column as a classifier of now against then.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

BINS = 10  # deciles of the reference
CHANCE = 1e-3  # how often equal distributions exceed what is called usual

Numbers = NDArray[np.float64]
Counts = NDArray[np.int64]


class Shift(NamedTuple):
    """Size of a shift; statistics of values are none where one side has no value.

    Parameters
    ----------
    psi
        Population stability index: 0 is equal, above 0.1 moderate, above 0.25 large by the rule of thumb.
    usual_psi
        Largest index of a single past week against all of them, and not less than what two samples of this size from one
        distribution exceed once in a thousand times.
    ks
        Largest distance of the two distribution functions, 0 to 1.
    p_value
        Probability of such a distance by chance, by the asymptotic Kolmogorov-Smirnov distribution; too large where values are tied.
    auc
        Probability that a value of now is larger than one of then, ties counted half; 0.5 is no shift up or down.
    """

    psi: float
    usual_psi: float
    ks: float | None
    p_value: float | None
    auc: float | None


def shift_of(now: pl.Series, past: Sequence[pl.Series]) -> Shift:
    """Measure the shift of a numeric or boolean column from past weeks, taken together, to now; NaN counts as null.

    Examples
    --------
    >>> week = pl.Series([1, 1, 1, None])
    >>> shift_of(week, [week])
    Shift(psi=0.0, usual_psi=5.413783, ks=0.0, p_value=1.0, auc=0.5)
    >>> shift_of(pl.Series([2, 2, 2, None]), [week]).psi  # 3.5 of 5.5 rows, half a row being added to each of three bins, against 0.5
    2.122811
    """
    new, weeks = _values(now), [_values(each) for each in past]
    old = np.sort(np.concatenate(weeks))
    before = np.stack([_counts(_binned(values, old), len(each)) for values, each in zip(weeks, past, strict=True)])
    then, here = before.sum(axis=0), _counts(_binned(new, old), len(now))
    psi = psi_of(here, then)
    usual = max(_psi_of_chance(here, then), *(psi_of(each, then) for each in before))
    if not (len(new) and len(old)):
        return Shift(psi, usual, None, None, None)
    distance, probability = _ks(new, old)
    return Shift(psi, usual, distance, probability, _auc(new, old))


def _values(column: pl.Series) -> Numbers:
    filled = column.cast(pl.Float64).fill_nan(None).drop_nulls()
    return filled.sort().to_numpy()


def _binned(values: Numbers, reference: Numbers) -> Counts:
    """Return the bin of each value, counted from 1: the deciles of the reference, or its very values where these are few."""
    known = np.unique(reference)
    if len(known) > BINS:
        edges = np.unique(np.quantile(reference, np.arange(1, BINS) / BINS, method="inverted_cdf"))
        return np.searchsorted(edges, values, side="left") + 1
    # Few values, a constant among them: each is a bin, and so is what lies between two of them, where the reference has nothing.
    left = np.searchsorted(known, values, side="left")
    return left + np.searchsorted(known, values, side="right") + 1


def _counts(bins: Counts, rows: int) -> Counts:
    """Return rows by bin; bin 0 takes the nulls."""
    found = np.bincount(bins, minlength=2 * BINS + 2)
    found[0] = rows - len(bins)
    return found


def psi_of(now: Counts, then: Counts) -> float:
    """Return the population stability index of rows by bin, half a row being added to each bin that either has.

    Examples
    --------
    >>> psi_of(np.array([10, 30]), np.array([10, 30])), psi_of(np.array([1, 3]), np.array([3, 1]))
    (0.0, 0.677838)
    """
    rows = np.stack([now, then])
    used = rows[:, rows.sum(axis=0) > 0] + 0.5
    new, old = used / used.sum(axis=1, keepdims=True)
    return round(float(((new - old) * np.log(new / old)).sum()), 6)


def _psi_of_chance(now: Counts, then: Counts) -> float:
    """Return what the index exceeds by chance once in a thousand times: it is a chi-square over the sizes of the samples."""
    from scipy.special import chdtri  # noqa: PLC0415 - scipy takes half a second to import

    bins = int(((now + then) > 0).sum())
    return round(float(chdtri(bins - 1, CHANCE) * (1 / now.sum() + 1 / then.sum())), 6) if bins > 1 else 0.0


def _ks(new: Numbers, old: Numbers) -> tuple[float, float]:
    from scipy.special import kolmogorov  # noqa: PLC0415 - as above

    every = np.concatenate([new, old])
    shares = (np.searchsorted(values, every, side="right") / len(values) for values in (new, old))
    distance = float(np.abs(np.subtract(*shares)).max())
    size = len(new) * len(old) / (len(new) + len(old))
    return round(distance, 6), float(kolmogorov(distance * np.sqrt(size)))


def _auc(new: Numbers, old: Numbers) -> float:
    below, upto = (np.searchsorted(old, new, side=side).sum(dtype=np.float64) for side in ("left", "right"))
    return round(float(below + upto) / 2 / (len(new) * len(old)), 6)
