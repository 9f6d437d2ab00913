"""Gradient boosters behind one interface: fit, score, save in their own formats.

All answer the same question, whether the customer bought the candidate, with a raw margin (log-odds).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.base.files import atomic_write

Floats = npt.NDArray[np.float32]
Params = Mapping[str, float]
BINS = 63  # of a feature; more cost time and gained nothing on this problem
FEW_ROWS = 200_000  # below, threads wait for each other longer than they work; the trees are the same


class Member(ABC):
    """One fitted learner.

    Parameters
    ----------
    model
        The booster itself.
    features
        Feature columns in the order of the matrix.
    threads
        Threads to score with.
    """

    learner: ClassVar[str]
    file: ClassVar[str]

    def __init__(self, model: Any, features: Sequence[str], threads: int) -> None:
        self.model, self.features, self.threads = model, tuple(features), threads

    @classmethod
    @abstractmethod
    def fit(
        cls, params: Params, matrix: Floats, labels: npt.NDArray[np.float32], *, features: Sequence[str], seed: int, threads: int
    ) -> Self:
        """Fit on rows of features and their labels, 0 or 1."""

    @classmethod
    @abstractmethod
    def read(cls, path: Path, features: Sequence[str], threads: int) -> Self:
        """Read what :meth:`write` wrote."""

    @abstractmethod
    def write(self, path: Path) -> None:
        """Write the booster in its native format."""

    @abstractmethod
    def margin(self, matrix: Floats) -> Floats:
        """Return the raw margin of each row."""

    @abstractmethod
    def gain(self) -> npt.NDArray[np.float64]:
        """Return what each feature contributed, in the booster's own unit."""

    def score(self, matrix: pl.DataFrame | Floats) -> Floats:
        """Return the raw margin of each row; missing values are null in a table and NaN in an array."""
        rows = as_floats(matrix, self.features) if isinstance(matrix, pl.DataFrame) else matrix
        return self.margin(rows) if len(rows) else np.empty(0, dtype=np.float32)

    def importance(self) -> dict[str, float]:
        """Return each feature's share of the gain."""
        gain = self.gain()
        shares = gain / (gain.sum() or 1.0)
        return {name: round(float(share), 6) for name, share in zip(self.features, shares, strict=True)}

    def save(self, folder: Path) -> None:
        """Write the booster into a folder, in its native format."""
        atomic_write(folder / self.file, self.write)

    @classmethod
    def load(cls, folder: Path, features: Sequence[str], *, threads: int) -> Self:
        """Read the booster from a folder."""
        if not (folder / cls.file).exists():
            raise MissingInput(f"no {cls.file}", where=str(folder), hint="materialise the ensemble again")
        return cls.read(folder / cls.file, features, threads)


def as_floats(matrix: pl.DataFrame, features: Sequence[str]) -> Floats:
    """Return the feature columns in order as Float32, nulls as NaN, which all boosters take for missing.

    Raises
    ------
    MissingInput
        If a feature is not among the columns.
    """
    missing = [name for name in features if name not in matrix.columns]
    if missing:
        raise MissingInput(f"no column {', '.join(missing)}", where="feature_matrix", hint="materialise it again, then the ensemble")
    return matrix.select(pl.col(features).cast(pl.Float32).fill_null(float("nan"))).to_numpy(order="c")
