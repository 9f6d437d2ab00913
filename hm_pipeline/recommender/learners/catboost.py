"""CatBoost: symmetric trees, slower to fit and fastest to score."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from hm_pipeline.recommender.learners.base import BINS, Floats, Member, Params


class CatBoost(Member):
    """Symmetric trees: slower to fit, fastest to score."""

    learner, file = "catboost", "catboost.cbm"

    @classmethod
    def fit(
        cls, params: Params, matrix: Floats, labels: npt.NDArray[np.float32], *, features: Sequence[str], seed: int, threads: int
    ) -> Self:
        """Fit on rows of features and their labels, 0 or 1."""
        import catboost  # noqa: PLC0415 - as above

        quiet = {"logging_level": "Silent", "allow_writing_files": False, "random_seed": seed, "thread_count": threads}
        fixed = {**quiet, "loss_function": "Logloss", "boosting_type": "Plain", "border_count": BINS}
        whole = {name: int(value) if name in {"iterations", "depth"} else value for name, value in params.items()}
        model = catboost.CatBoost({**fixed, **whole})
        model.fit(catboost.Pool(matrix, labels, feature_names=list(features)))
        return cls(model, features, threads)

    @classmethod
    def read(cls, path: Path, features: Sequence[str], threads: int) -> Self:
        """Read what :meth:`write` wrote."""
        import catboost  # noqa: PLC0415 - as above

        return cls(catboost.CatBoost().load_model(str(path)), features, threads)

    def write(self, path: Path) -> None:
        """Write the booster in its binary format, without the clock and the random name it puts in."""
        for name in ("model_guid", "train_finish_time"):
            self.model.get_metadata()[name] = ""
        self.model.save_model(str(path))

    def margin(self, matrix: Floats) -> Floats:
        """Return the raw margin of each row."""
        return np.asarray(self.model.predict(matrix, prediction_type="RawFormulaVal", thread_count=self.threads), dtype=np.float32)

    def gain(self) -> npt.NDArray[np.float64]:
        """Return how much the margin changes with each feature, which needs no data."""
        return np.asarray(self.model.get_feature_importance(), dtype=np.float64)
