"""Three boosters behind one face: fit, score, save in their own formats.

All see the same question, whether the customer bought the candidate, and answer with a raw margin (log-odds).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.engine.tables import write_aside
from hm_pipeline.recommender.ensemble.sampling import Floats, as_floats

Params = Mapping[str, float]
BINS = 63  # of a feature; more cost time and gained nothing on this problem
FEW_ROWS = 200_000  # below, LightGBM's threads wait for each other longer than they work; the trees are the same


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
        write_aside(folder / self.file, self.write)

    @classmethod
    def load(cls, folder: Path, features: Sequence[str], *, threads: int) -> Self:
        """Read the booster from a folder."""
        if not (folder / cls.file).exists():
            raise MissingInput(f"no {cls.file}", where=str(folder), remedy="materialise the ensemble again")
        return cls.read(folder / cls.file, features, threads)


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
        """Write the booster as UBJSON; the name of a temporary file would not tell the format."""
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
