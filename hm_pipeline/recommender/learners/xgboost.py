"""XGBoost: depth-wise trees."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from hm_pipeline.recommender.learners.base import BINS, FEW_ROWS, Floats, Member, Params


class XGBoost(Member):
    """Depth-wise trees."""

    learner, file = "xgboost", "xgboost.ubj"

    @classmethod
    def fit(
        cls, params: Params, matrix: Floats, labels: npt.NDArray[np.float32], *, features: Sequence[str], seed: int, threads: int
    ) -> Self:
        """Fit on rows of features and their labels, 0 or 1."""
        import xgboost  # noqa: PLC0415 - as above

        alone = 1 if len(matrix) < FEW_ROWS else threads
        fixed = {"objective": "binary:logistic", "tree_method": "hist", "max_bin": BINS, "seed": seed, "nthread": alone, "verbosity": 0}
        rows = xgboost.QuantileDMatrix(matrix, labels, feature_names=list(features), max_bin=BINS, nthread=alone)
        grown = {name: value for name, value in params.items() if name != "num_boost_round"}
        return cls(xgboost.train({**fixed, **grown}, rows, num_boost_round=int(params["num_boost_round"])), features, threads)

    @classmethod
    def read(cls, path: Path, features: Sequence[str], threads: int) -> Self:
        """Read what :meth:`write` wrote."""
        import xgboost  # noqa: PLC0415 - as above

        return cls(xgboost.Booster(model_file=bytearray(path.read_bytes())), features, threads)

    def write(self, path: Path) -> None:
        """Write the booster as UBJSON; the name of a temporary file has no format."""
        path.write_bytes(self.model.save_raw("ubj"))

    def margin(self, matrix: Floats) -> Floats:
        """Return the raw margin of each row."""
        self.model.set_param({"nthread": self.threads})
        margin = self.model.inplace_predict(matrix, predict_type="margin", validate_features=False)
        return np.asarray(margin, dtype=np.float32)

    def gain(self) -> npt.NDArray[np.float64]:
        """Return the total gain of the splits on each feature."""
        gains = self.model.get_score(importance_type="total_gain")
        return np.array([gains.get(name, 0.0) for name in self.features], dtype=np.float64)
