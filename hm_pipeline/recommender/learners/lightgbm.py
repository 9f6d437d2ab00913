"""LightGBM: leaf-wise trees."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from hm_pipeline.recommender.learners.base import BINS, FEW_ROWS, Floats, Member, Params


class LightGBM(Member):
    """Leaf-wise trees."""

    learner, file = "lightgbm", "lightgbm.txt"

    @classmethod
    def fit(
        cls, params: Params, matrix: Floats, labels: npt.NDArray[np.float32], *, features: Sequence[str], seed: int, threads: int
    ) -> Self:
        """Fit on rows of features and their labels, 0 or 1."""
        import lightgbm  # noqa: PLC0415 - takes seconds that opening Dagster's UI need not pay

        alone = 1 if len(matrix) < FEW_ROWS else threads
        same = {"deterministic": True, "force_row_wise": True, "seed": seed, "num_threads": alone}
        fixed = {**same, "objective": "binary", "max_bin": BINS, "feature_pre_filter": False, "verbosity": -1}
        rows = lightgbm.Dataset(matrix, labels, feature_name=list(features), params=fixed)
        grown = {name: value for name, value in params.items() if name != "num_iterations"}
        return cls(lightgbm.train({**fixed, **grown}, rows, num_boost_round=int(params["num_iterations"])), features, threads)

    @classmethod
    def read(cls, path: Path, features: Sequence[str], threads: int) -> Self:
        """Read what :meth:`write` wrote."""
        import lightgbm  # noqa: PLC0415 - as above

        return cls(lightgbm.Booster(model_file=path), features, threads)

    def write(self, path: Path) -> None:
        """Write the booster as text; by ourselves, for LightGBM does not notice a full disk."""
        path.write_text(self.model.model_to_string(), encoding="utf-8")

    def margin(self, matrix: Floats) -> Floats:
        """Return the raw margin of each row."""
        return np.asarray(self.model.predict(matrix, raw_score=True, num_threads=self.threads), dtype=np.float32)

    def gain(self) -> npt.NDArray[np.float64]:
        """Return the total gain of the splits on each feature."""
        return np.asarray(self.model.feature_importance("gain"), dtype=np.float64)
