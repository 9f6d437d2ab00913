"""The ensemble: members fitted on two weeks, compared on a later one, blended on a still later one, then refitted.

Nothing is chosen on rows that a member was fitted on: settings come from the search, the best single learner (row L3)
from the metric week, the weights (row L4) from the blend week.  The refit changes the members' rows and nothing else.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from hm_pipeline.base.calendar import LabelWeeks
from hm_pipeline.base.columns import KEYS, LABEL
from hm_pipeline.base.errors import MissingInput, UnknownWeek
from hm_pipeline.base.files import atomic_write
from hm_pipeline.base.settings import Settings
from hm_pipeline.recommender.ensemble.blend import FEWEST_HITS, blend_weights, blended, rounded, standardised
from hm_pipeline.recommender.ensemble.sampling import MapScorer, group_offsets, training_sample, validation_sample
from hm_pipeline.recommender.ensemble.search_result import SearchResult
from hm_pipeline.recommender.learners import Member, fit_member, learner_named
from hm_pipeline.recommender.learners.base import Floats, as_floats

VALIDATION_BUYERS = 20_000  # of a week; the standard error of MAP@12 is then about 3 % of it
Frame = pl.LazyFrame | pl.DataFrame
ScoredWeek = tuple[npt.NDArray[np.float64], MapScorer]  # standardised scores of a week's candidates, and their scorer


@dataclass(frozen=True)
class Ensemble:
    """Fitted members and how they are blended.

    Parameters
    ----------
    members, weights
        One weight per member, they sum to 1.
    features
        Columns the members read, in order.
    service_version
        Version of the feature service that the matrix must come from, as ``service.version_of`` gives it.
    best_learner
        Best single learner on the metric week, row L3 of the leaderboard.
    training_weeks
        Label weeks the members were fitted on last.
    metrics
        ``metric_map_<learner>`` on the metric week, ``blend_map_<learner>`` and ``blend_map`` on the blend week, with
        the buyers and hits behind them; ``is_blend_fitted`` and ``is_refitted`` are 0 where hits were too few.
    """

    members: tuple[Member, ...]
    weights: tuple[float, ...]
    features: tuple[str, ...]
    service_version: str
    best_learner: str
    training_weeks: tuple[int, ...]
    metrics: dict[str, float]

    def score(self, matrix: pl.DataFrame) -> pl.DataFrame:
        """Score all candidates of customers.

        Parameters
        ----------
        matrix
            Keys of a pair and the features, sorted by key.  A customer's candidates must all be there, as scores are
            scaled among them.

        Returns
        -------
        pl.DataFrame
            The keys, ``score_<learner>`` (raw margin), and ``score`` (blend, comparable within a customer only).
        """
        margins = _margins(self.members, as_floats(matrix, self.features))
        single = {f"score_{member.learner}": rounded(margins[:, column]) for column, member in enumerate(self.members)}
        return matrix.select(KEYS).with_columns(
            **{name: pl.Series(values) for name, values in single.items()},
            score=pl.Series(blended(standardised(margins, group_offsets(matrix)), self.weights)),
        )

    def importance(self) -> dict[str, dict[str, float]]:
        """Return each column's share of the gain, by learner."""
        shares = {member.learner: member.importance() for member in self.members}
        return {name: {learner: share[name] for learner, share in shares.items()} for name in self.features}

    def save(self, folder: Path) -> None:
        """Write the members in their native formats, and ``ensemble.json`` last: without it there is no ensemble."""
        (folder / "ensemble.json").unlink(missing_ok=True)
        for member in self.members:
            member.save(folder)
        fields = {
            "weights": {member.learner: weight for member, weight in zip(self.members, self.weights, strict=True)},
            "features": list(self.features),
            "service_version": self.service_version,
            "best_learner": self.best_learner,
            "training_weeks": list(self.training_weeks),
            "figures": self.metrics,
            "importance": self.importance(),
        }
        atomic_write(folder / "ensemble.json", lambda path: path.write_text(json.dumps(fields, indent=1) + "\n"))

    @classmethod
    def load(cls, folder: Path, *, threads: int) -> Self:
        """Read an ensemble that :meth:`save` wrote."""
        if not (folder / "ensemble.json").exists():
            raise MissingInput("no ensemble", where=str(folder), hint="materialise `ensemble` first")
        fields = json.loads((folder / "ensemble.json").read_text())
        features, weights = tuple(fields["features"]), fields["weights"]
        members = tuple(learner_named(name).load(folder, features, threads=threads) for name in weights)
        rest = (fields["service_version"], fields["best_learner"], tuple(fields["training_weeks"]), fields["figures"])
        return cls(members, tuple(weights.values()), features, *rest)


def fit_ensemble(
    matrices: Mapping[int, Frame],
    labels: Frame,
    found: SearchResult,
    *,
    roles: LabelWeeks,
    features: Sequence[str],
    service_version: str,
    settings: Settings,
) -> Ensemble:
    """Fit, compare, blend and refit.

    Parameters
    ----------
    matrices
        By label week: keys of a pair, features and ``is_bought``, all candidates of the week's buyers.  Lazy frames
        are read sampled.
    labels
        ``week_id, customer_id, article_id`` of what was bought in the metric and the blend week.
    found
        Settings of the learners.

    Raises
    ------
    UnknownWeek
        If a label week has no matrix.
    MissingInput
        If no candidate of the fit weeks was bought.
    """
    fit = partial(_fit_members, matrices, found, features=features, settings=settings)
    members = fit(roles.fit)
    if not members:
        raise MissingInput(
            "no candidate was bought, there is nothing to learn from",
            where=f"label weeks {roles.fit[0]} and {roles.fit[1]}",
            hint="choose a later week, or ingest more customers",
        )
    scored = {role: _scored(matrices, labels, week, members, settings) for role, week in (("metric", roles.metric), ("blend", roles.blend))}
    weights, blend_map = blend_weights(*scored["blend"])
    refitted = fit(roles.refit)
    metrics = {name: figure for role, week in scored.items() for name, figure in _metrics(role, week, members).items()}
    metrics |= {
        "blend_map": blend_map,
        "is_blend_fitted": float(scored["blend"][1].hits >= FEWEST_HITS),
        "is_refitted": float(bool(refitted)),
    }
    best = max((member.learner for member in members), key=lambda learner: metrics[f"metric_map_{learner}"])  # the first of equals
    weeks = roles.refit if refitted else roles.fit
    return Ensemble(refitted or members, weights, tuple(features), service_version, best, weeks, metrics)


def _fit_members(
    matrices: Mapping[int, Frame], found: SearchResult, weeks: Sequence[int], *, features: Sequence[str], settings: Settings
) -> tuple[Member, ...]:
    """Fit all learners on the same sample, or none where all its labels are equal."""
    rows = pl.concat([_week(matrices, week).lazy() for week in weeks])
    training = training_sample(rows, rows=settings.training_rows, seed=settings.seed)
    if training[LABEL].n_unique() < 2:
        return ()
    fit = partial(fit_member, training=training, features=features, seed=settings.seed, threads=settings.threads)
    return tuple(fit(name, result.params) for name, result in found.learners.items())


def _scored(matrices: Mapping[int, Frame], labels: Frame, week: int, members: Sequence[Member], settings: Settings) -> ScoredWeek:
    bought = labels.lazy().filter(pl.col("week_id") == week)
    rows, bought_rows = validation_sample(_week(matrices, week), bought, buyers=VALIDATION_BUYERS, seed=settings.seed)
    margins = _margins(members, as_floats(rows, members[0].features))
    return standardised(margins, group_offsets(rows)), MapScorer(rows, bought_rows)


def _metrics(role: str, scored: ScoredWeek, members: Sequence[Member]) -> dict[str, float]:
    scaled, scorer = scored
    metrics = {f"{role}_map_{member.learner}": scorer(rounded(scaled[:, at])) for at, member in enumerate(members)}
    return metrics | {f"{role}_buyers": float(scorer.buyers), f"{role}_hits": float(scorer.hits)}


def _margins(members: Sequence[Member], rows: Floats) -> Floats:
    return np.stack([member.score(rows) for member in members], axis=1)


def _week(matrices: Mapping[int, Frame], week: int) -> Frame:
    if week not in matrices:
        raise UnknownWeek(f"label week {week} has no matrix", where="feature_matrix", hint="materialise it, or choose a later week")
    return matrices[week]
