"""A small gradient-boosted model that a signal fits on its own past: native files, one seed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    import lightgbm

ROUNDS = 70
ENOUGH_ROWS = 20_000  # examples that are worth all rounds and leaves; fewer get their share, or a small shop learns its chances
FEWEST_ROUNDS, FEWEST_LEAVES = 8, 4
THREADS, FEW_ROWS = 2, 50_000  # below so many rows threads wait for each other longer than they work; the trees are the same
DECIMALS = 6
SETTINGS = {
    "learning_rate": 0.1,
    "num_leaves": 31,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.9,
    "lambda_l2": 1.0,
    "verbosity": -1,
    "max_bin": 63,  # a third faster than 255, and as good
    "deterministic": True,  # the same sums with any number of threads
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
    metrics: dict[str, float] = field(default_factory=dict)

    def predict(self, name: str, examples: pl.DataFrame) -> pl.Series:
        """Return predictions, rounded so that the same rows give the same bytes."""
        if name not in self.boosters:
            return pl.Series(name, np.full(examples.height, self.constants[name], dtype=np.float32))
        if examples.is_empty():
            return pl.Series(name, [], dtype=pl.Float32)
        matrix = examples.select(self.features).cast(pl.Float32).to_numpy()
        values = self.boosters[name].predict(matrix, num_threads=THREADS if examples.height >= FEW_ROWS else 1)
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


def fit(
    examples: pl.DataFrame,
    *,
    features: Sequence[str],
    objectives: Mapping[str, Mapping[str, Any]],
    seed: int,
    rounds: int = ROUNDS,
    weight: str | None = None,
) -> Boosters:
    """Fit a booster for each target column.

    Parameters
    ----------
    examples
        Features and targets; the order of rows must not depend on the run.
    objectives
        Target column -> LightGBM's settings of its objective, and whatever else differs from ``SETTINGS`` or ``rounds``.
    weight
        Column of the rows' weights, for examples of which some stand for many.
    """
    import lightgbm  # noqa: PLC0415 - as above

    boosters: dict[str, lightgbm.Booster] = {}
    constants: dict[str, float] = {}
    matrix = examples.select(features).cast(pl.Float32).to_numpy()
    weights = np.ones(examples.height) if weight is None else examples[weight].cast(pl.Float64).to_numpy()
    for name, objective in objectives.items():
        target = examples[name].cast(pl.Float64).to_numpy()
        constants[name] = float(np.round(np.average(target, weights=weights), DECIMALS)) if len(target) else 0.0
        if len(target) >= 100 and target.min() < target.max():
            data = lightgbm.Dataset(matrix, target, weight=weights, feature_name=list(features), free_raw_data=True, params=SETTINGS)
            grown = {**SETTINGS, "num_iterations": rounds, **objective, **_size(examples.height), "seed": seed}
            grown["num_iterations"] = max(FEWEST_ROUNDS, round(grown["num_iterations"] * min(1, examples.height / ENOUGH_ROWS)))
            boosters[name] = lightgbm.train(grown, data)
    return Boosters(tuple(features), boosters, constants, {"examples": float(examples.height), "boosters": float(len(boosters))})


def _size(rows: int) -> dict[str, int]:
    """Return how large trees may be, and how many threads grow them."""
    leaves = round(SETTINGS["num_leaves"] * min(1, rows / ENOUGH_ROWS))
    return {"num_leaves": max(FEWEST_LEAVES, leaves), "num_threads": THREADS if rows >= FEW_ROWS else 1}
