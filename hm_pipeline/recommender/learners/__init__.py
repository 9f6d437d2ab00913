"""Gradient boosters by name, and the fit of one on a training sample."""

from collections.abc import Sequence

import polars as pl

from hm_pipeline.base.columns import LABEL
from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.recommender.learners.base import Member, Params, as_floats
from hm_pipeline.recommender.learners.catboost import CatBoost
from hm_pipeline.recommender.learners.lightgbm import LightGBM
from hm_pipeline.recommender.learners.xgboost import XGBoost

__all__ = ["LEARNERS", "Member", "Params", "fit_member", "learner_named"]

LEARNERS: dict[str, type[Member]] = {kind.learner: kind for kind in (LightGBM, XGBoost, CatBoost)}


def learner_named(name: str) -> type[Member]:
    """Return a learner by its name.

    Raises
    ------
    InvalidInput
        If there is none of that name.
    """
    if name not in LEARNERS:
        raise InvalidInput(f"no learner {name!r}", where="HM_LEARNERS", hint=f"choose from {', '.join(LEARNERS)}")
    return LEARNERS[name]


def fit_member(learner: str, params: Params, training: pl.DataFrame, *, features: Sequence[str], seed: int, threads: int) -> Member:
    """Fit one learner on a training sample.

    Parameters
    ----------
    params
        Hyper-parameters under the booster's own names, as the search found them.
    training
        Feature columns and ``is_bought``.
    """
    labels = training[LABEL].cast(pl.Float32).to_numpy()
    return learner_named(learner).fit(params, as_floats(training, features), labels, features=features, seed=seed, threads=threads)
