"""Search space of each learner: starting points and bounds, in the boosters' own names.

Lower bounds keep a search from spending its few trials on trees too small to rank with; upper bounds of the number of
trees keep a trial within its time.  The starting points rank well on their own, so that few trials suffice.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """The values one hyper-parameter may take.

    Parameters
    ----------
    low, high
        Both included.
    start
        Value of the first trial.
    is_integer, is_log
        Integers only; steps on a logarithmic scale.
    """

    low: float
    high: float
    start: float
    is_integer: bool = False
    is_log: bool = True


SPACES: dict[str, dict[str, Range]] = {
    "lightgbm": {
        "num_iterations": Range(80, 400, 120, is_integer=True),
        "num_leaves": Range(15, 127, 31, is_integer=True),
        "learning_rate": Range(0.03, 0.3, 0.1),
        "min_data_in_leaf": Range(5, 500, 50, is_integer=True),
        "feature_fraction": Range(0.3, 1.0, 0.6, is_log=False),
        "lambda_l2": Range(0.01, 100.0, 1.0),
    },
    "xgboost": {
        "num_boost_round": Range(80, 400, 150, is_integer=True),
        "max_depth": Range(4, 9, 6, is_integer=True, is_log=False),
        "learning_rate": Range(0.03, 0.3, 0.1),
        "min_child_weight": Range(0.1, 100.0, 3.0),
        "colsample_bytree": Range(0.3, 1.0, 0.6, is_log=False),
        "reg_lambda": Range(0.01, 100.0, 1.0),
    },
    "catboost": {
        "iterations": Range(100, 500, 200, is_integer=True),
        "depth": Range(4, 8, 6, is_integer=True, is_log=False),
        "learning_rate": Range(0.03, 0.3, 0.12),
        "l2_leaf_reg": Range(0.5, 50.0, 3.0),
    },
}
