"""A small gradient-boosted model that a signal fits on its own past: native files, one thread, one seed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    import lightgbm

ROUNDS = 120
DECIMALS = 6
SETTINGS = {
    "learning_rate": 0.06,
    "num_leaves": 31,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.9,
    "lambda_l2": 1.0,
    "verbosity": -1,
    "num_threads": 1,  # faster than two on tables this small, and sums in one order
    "deterministic": True,
    "force_row_wise": True,
}


@dataclass(frozen=True)
class Boosters:
    """Boosters by name, all on the same features; one that had nothing to learn from is a constant.

    Parameters
    ----------
    features
        Columns in the order the boosters know them.
    boosters
        Fitted boosters by name of their target.
    constants
        What is predicted where there was nothing to learn.
    """

    features: tuple[str, ...]
    boosters: "dict[str, lightgbm.Booster]" = field(default_factory=dict)
    constants: dict[str, float] = field(default_factory=dict)
    figures: dict[str, float] = field(default_factory=dict)

    def predict(self, name: str, examples: pl.DataFrame) -> pl.Series:
        """Return predictions, rounded so that the same rows give the same bytes."""
        if name not in self.boosters:
            return pl.Series(name, np.full(examples.height, self.constants[name], dtype=np.float32))
        if examples.is_empty():
            return pl.Series(name, [], dtype=pl.Float32)
        matrix = examples.select(self.features).cast(pl.Float32).to_numpy()
        values = self.boosters[name].predict(matrix, num_threads=1)
        return pl.Series(name, np.round(np.asarray(values), DECIMALS).astype(np.float32))

    def save(self, folder: Path) -> None:
        """Write each booster in LightGBM's own text format; by ourselves, for LightGBM does not notice a full disk."""
        for name, booster in self.boosters.items():
            (folder / f"{name}.txt").write_text(booster.model_to_string(), encoding="utf-8")
        lines = [f"feature\t{name}" for name in self.features] + [f"constant\t{name}\t{value!r}" for name, value in self.constants.items()]
        (folder / "boosters.tsv").write_text("\n".join(lines) + "\n")

    @classmethod
    def load(cls, folder: Path) -> "Boosters":
        """Read what :meth:`save` wrote."""
        import lightgbm  # noqa: PLC0415 - takes seconds that opening Dagster's UI need not pay

        lines = [line.split("\t") for line in (folder / "boosters.tsv").read_text().splitlines()]
        boosters = {path.stem: lightgbm.Booster(model_file=path) for path in sorted(folder.glob("*.txt"))}
        features = tuple(line[1] for line in lines if line[0] == "feature")
        return cls(features, boosters, {line[1]: float(line[2]) for line in lines if line[0] == "constant"})


def fit(examples: pl.DataFrame, *, features: Sequence[str], objectives: dict[str, str], seed: int, rounds: int = ROUNDS) -> Boosters:
    """Fit a booster for each target column.

    Parameters
    ----------
    examples
        Features and targets; the order of rows must not depend on the run.
    objectives
        Target column -> LightGBM objective.
    """
    import lightgbm  # noqa: PLC0415 - as above

    boosters: dict[str, lightgbm.Booster] = {}
    constants: dict[str, float] = {}
    matrix = examples.select(features).cast(pl.Float32).to_numpy()
    for name, objective in objectives.items():
        target = examples[name].cast(pl.Float64).to_numpy()
        constants[name] = float(np.round(target.mean(), DECIMALS)) if len(target) else 0.0
        if len(target) >= 100 and target.min() < target.max():
            data = lightgbm.Dataset(matrix, target, feature_name=list(features), free_raw_data=True, params=SETTINGS)
            boosters[name] = lightgbm.train({**SETTINGS, "objective": objective, "seed": seed}, data, rounds)
    return Boosters(tuple(features), boosters, constants, {"examples": float(examples.height), "boosters": float(len(boosters))})
