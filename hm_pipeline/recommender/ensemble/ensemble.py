"""The ensemble: fitted members and rules, blended by weights, and the folder it is kept in."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import polars as pl

from hm_pipeline.base.columns import KEYS
from hm_pipeline.base.errors import MissingInput
from hm_pipeline.base.files import atomic_write
from hm_pipeline.recommender.ensemble.blend import blended, rounded, standardised
from hm_pipeline.recommender.ensemble.rules import rule_scores
from hm_pipeline.recommender.ensemble.sampling import group_offsets
from hm_pipeline.recommender.learners import Member, learner_named
from hm_pipeline.recommender.learners.base import Floats, as_floats


@dataclass(frozen=True)
class Ensemble:
    """Fitted members and rules, and how they are blended.

    Parameters
    ----------
    members, rules, weights
        One weight per member, then one per rule, they sum to 1.
    features
        Columns the members read, in order.
    service_version
        Version of the feature service that the matrix must come from, as ``service.version_of`` gives it.
    best_learner
        Best single learner on the metric week, row L3 of the leaderboard.
    training_weeks
        Label weeks the members were fitted on last.
    metrics
        ``metric_map_<name>`` of members and rules on the metric week, ``blend_map_<name>`` and ``blend_map`` on that and the
        blend week, with the buyers and hits behind them; ``is_blend_fitted`` is 0 where hits were too few.
    """

    members: tuple[Member, ...]
    rules: tuple[str, ...]
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
            The keys, ``score_<learner>`` (raw margin) of the best learner and of those with a weight, as a score takes long, and
            ``score`` (blend, comparable within a customer only).
        """
        weights = dict(zip(self.names, self.weights, strict=True))
        members = [member for member in self.members if weights[member.learner] or member.learner == self.best_learner]
        rules = [name for name in self.rules if weights[name]]
        scores = score_columns(members, rules, matrix, self.features)
        single = {f"score_{member.learner}": rounded(scores[:, column]) for column, member in enumerate(members)}
        kept = tuple(weights[name] for name in names_of(members, rules))
        return matrix.select(KEYS).with_columns(
            **{name: pl.Series(values) for name, values in single.items()},
            score=pl.Series(blended(standardised(scores, group_offsets(matrix)), kept)),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Learners of the members, then the rules: what the weights are of, and what their names are in the metrics."""
        return names_of(self.members, self.rules)

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
            "weights": dict(zip(self.names, self.weights, strict=True)),
            "rules": list(self.rules),
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
        features, weights, rules = tuple(fields["features"]), fields["weights"], tuple(fields.get("rules", ()))  # fits of before have none
        members = tuple(learner_named(name).load(folder, features, threads=threads) for name in weights if name not in rules)
        rest = (fields["service_version"], fields["best_learner"], tuple(fields["training_weeks"]), fields["figures"])
        return cls(members, rules, tuple(weights.values()), features, *rest)


def names_of(members: Sequence[Member], rules: Sequence[str]) -> tuple[str, ...]:
    """Return the learners of members, then the rules."""
    return (*(member.learner for member in members), *rules)


def score_columns(members: Sequence[Member], rules: Sequence[str], rows: pl.DataFrame, features: Sequence[str]) -> Floats:
    """Return a column of scores for each member and each rule."""
    matrix = as_floats(rows, features)
    return np.stack([*(member.score(matrix) for member in members), *(rule_scores(name, rows) for name in rules)], axis=1)
