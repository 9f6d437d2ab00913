"""Search of each learner's hyper-parameters with FLAML, evaluated by MAP@12 on a later week.

The only module that imports flaml.  FLAML chooses the next setting and keeps the best; what is fitted are our own
members, so that a setting found here means the same when the ensemble is fitted with it.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import polars as pl
from flaml import AutoML, tune
from flaml.automl.model import BaseEstimator

from hm_pipeline.base.columns import LABEL, K
from hm_pipeline.base.errors import MissingInput
from hm_pipeline.recommender.ensemble.sampling import MapScorer
from hm_pipeline.recommender.ensemble.search_result import LearnerResult, SearchResult, Trial
from hm_pipeline.recommender.ensemble.search_space import SPACES, Range
from hm_pipeline.recommender.learners import learner_named
from hm_pipeline.recommender.learners.base import Floats, as_floats

__all__ = ["LearnerResult", "SearchResult", "Trial", "search"]

LEAST_TRIALS = 2  # FLAML skips the evaluation of a single trial


def search(
    training: pl.DataFrame,
    metric_week: pl.DataFrame,
    labels: pl.DataFrame,
    *,
    features: Sequence[str],
    learners: Sequence[str],
    trials: int,
    seed: int,
    threads: int,
) -> SearchResult:
    """Search the settings of each learner.

    Parameters
    ----------
    training
        Rows of the fit weeks, as :func:`~hm_pipeline.recommender.ensemble.sampling.training_sample` gives them.
    metric_week, labels
        A later week: all candidates of some of its buyers and what these bought, as
        :func:`~hm_pipeline.recommender.ensemble.sampling.validation_sample` gives them.  Where nobody bought in it nothing is tried, and
        the settings are the starting points.
    trials
        Settings tried per learner, at least two.

    Raises
    ------
    MissingInput
        If the training rows do not hold both bought and other candidates.

    References
    ----------
    Wu, Wang and Huang (2021), "Frugal Optimization for Cost-related Hyperparameters", for the order of the trials.
    """
    if training[LABEL].n_unique() < 2:
        raise MissingInput("nothing to learn from: no bought candidate", where="labels of the fit weeks", hint="start at a later week")
    scorer, seen = MapScorer(metric_week, labels), as_floats(metric_week, features)
    found = {}
    for name in learners:
        if metric_week.is_empty():  # a week without a sale is nobody's fault
            found[name] = _start(name)
            continue
        learner = _learner(name, features, seed, threads)
        found[name] = _search_one(name, learner, training, (seen, scorer), trials)
    return SearchResult(found, tuple(features), seed, training.height, scorer.buyers, scorer.hits)


def _start(name: str) -> LearnerResult:
    """Return the starting point, where there is no labels to evaluate against by."""
    params = {key: _plain(span.start) for key, span in SPACES[name].items()}
    return LearnerResult(params, 0.0, (Trial(params, 0.0),))


def _search_one(
    name: str, learner: type[BaseEstimator], training: pl.DataFrame, scored: tuple[Floats, MapScorer], trials: int
) -> LearnerResult:
    seen, scorer = scored
    tried: list[Trial] = []

    def loss(rows: Floats, _: Any, estimator: Any, *_rest: Any) -> tuple[float, dict[str, float]]:
        score = scorer(estimator.model.score(rows))
        tried.append(Trial(estimator.setting, score))
        return 1.0 - score, {f"map_at_{K}": score}

    targets = training[LABEL].cast(pl.Int8).to_numpy()
    expected = pl.zeros(len(seen), dtype=pl.Int8, eager=True).to_numpy()  # required; the scorer has the labels
    with _quiet_flaml():
        automl = AutoML()
        automl.add_learner(name, learner)
        automl.fit(
            as_floats(training, learner.features), targets, X_val=seen, y_val=expected, metric=loss, **_settings(name, learner, trials)
        )
    best = max(tried, key=lambda trial: trial.map_at_12)  # the first of equals, as FLAML has it
    return LearnerResult(best.params, best.map_at_12, tuple(tried))


def _settings(name: str, learner: type[BaseEstimator], trials: int) -> dict[str, Any]:
    # time budgets are not reproducible; sampling, shuffling, augmenting and refitting are FLAML's, not asked for
    fixed = {"task": "classification", "time_budget": -1, "eval_method": "holdout", "split_type": "time", "verbose": 0, "log_file_name": ""}
    off = dict.fromkeys(("sample", "auto_augment", "retrain_full", "ensemble", "early_stop", "mlflow_logging", "model_history"), False)
    start = {key: span.start for key, span in SPACES[name].items()}
    bounds = {key: {"domain": _domain(span), "init_value": span.start} for key, span in SPACES[name].items()}
    chosen = {"estimator_list": [name], "starting_points": {name: start}, "custom_hp": {name: bounds}, "skip_transform": True}
    return {**fixed, **off, **chosen, "max_iter": max(trials, LEAST_TRIALS), "seed": learner.seed, "n_jobs": learner.threads}


def _domain(span: Range) -> Any:
    if span.is_integer:  # FLAML leaves out the upper end of integers
        return (tune.lograndint if span.is_log else tune.randint)(int(span.low), int(span.high) + 1)
    return (tune.loguniform if span.is_log else tune.uniform)(span.low, span.high)


def _learner(name: str, chosen: Sequence[str], fixed_seed: int, fixed_threads: int) -> type[BaseEstimator]:
    """Return our member as an estimator FLAML can tune; FLAML makes instances of a class, so the class holds the rest."""
    kind = learner_named(name)

    class Learner(BaseEstimator):  # type: ignore[misc]  # flaml is untyped
        features, seed, threads = chosen, fixed_seed, fixed_threads

        @classmethod
        def search_space(cls, **_: Any) -> dict[str, dict[str, Any]]:
            return {}  # all of it comes as custom_hp

        @property
        def setting(self) -> dict[str, float]:
            return {key: _plain(self.params[key]) for key in SPACES[name]}

        def fit(self, rows: Floats, targets: Any, *_: Any, **__: Any) -> float:
            began = time.perf_counter()
            self._model = kind.fit(
                self.setting, rows, targets.astype("float32"), features=self.features, seed=self.seed, threads=self.threads
            )
            return time.perf_counter() - began

    return Learner


def _plain(value: Any) -> float:
    return int(value) if float(value).is_integer() else float(f"{float(value):.6g}")


@contextmanager
def _quiet_flaml() -> Iterator[None]:
    """Take back the console handler that FLAML hangs on its logger, and the level it sets."""
    logger = logging.getLogger("flaml.automl.logger")
    before, level = list(logger.handlers), logger.level
    try:
        yield
    finally:
        logger.setLevel(level)
        for handler in set(logger.handlers) - set(before):
            logger.removeHandler(handler)
