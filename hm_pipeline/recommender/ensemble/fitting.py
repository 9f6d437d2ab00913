"""Fit of the ensemble: members fitted on some weeks, compared on a later one, blended on the last two, then refitted on all.

Nothing is chosen on rows that a member was fitted on: settings come from the search, the best single learner (row L3)
from the metric week, the weights (row L4) from that and the blend week, in which rules take part like members.  The refit
changes the members' rows and nothing else.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import numpy.typing as npt
import polars as pl

from hm_pipeline.base.calendar import LabelWeeks
from hm_pipeline.base.columns import LABEL
from hm_pipeline.base.errors import MissingInput, UnknownWeek
from hm_pipeline.base.settings import Settings
from hm_pipeline.recommender.ensemble.blend import FEWEST_HITS, blend_weights, rounded, standardised
from hm_pipeline.recommender.ensemble.ensemble import Ensemble, names_of, score_columns
from hm_pipeline.recommender.ensemble.sampling import MapScorer, group_offsets, training_sample, validation_sample
from hm_pipeline.recommender.ensemble.search_result import SearchResult
from hm_pipeline.recommender.learners import Member, fit_member

VALIDATION_BUYERS = 20_000  # of a week; the standard error of MAP@12 is then about 3 % of it
Frame = pl.LazyFrame | pl.DataFrame
ScoredWeeks = tuple[npt.NDArray[np.float64], MapScorer]  # standardised scores of the weeks' candidates, and their scorer


def fit_ensemble(
    matrices: Mapping[int, Frame],
    labels: Frame,
    found: SearchResult,
    *,
    roles: LabelWeeks,
    features: Sequence[str],
    rules: Sequence[str] = (),
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
    rules
        Rules that take part in the blend, by name.

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
            where=f"label weeks {roles.fit[0]} to {roles.fit[-1]}",
            hint="choose a later week, or ingest more customers",
        )
    score = partial(_scored, matrices, labels, members=members, rules=rules, settings=settings)
    scored = {"metric": score([roles.metric]), "blend": score([roles.metric, roles.blend])}
    weights, blend_map = blend_weights(*scored["blend"])
    names = names_of(members, rules)
    metrics = {name: figure for role, week in scored.items() for name, figure in _metrics(role, week, names).items()}
    metrics |= {"blend_map": blend_map, "is_blend_fitted": float(scored["blend"][1].hits >= FEWEST_HITS)}
    best = max((member.learner for member in members), key=lambda learner: metrics[f"metric_map_{learner}"])  # the first of equals
    return Ensemble(fit(roles.all), tuple(rules), weights, tuple(features), service_version, best, roles.all, metrics)


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


def _scored(
    matrices: Mapping[int, Frame],
    labels: Frame,
    weeks: Sequence[int],
    *,
    members: Sequence[Member],
    rules: Sequence[str],
    settings: Settings,
) -> ScoredWeeks:
    samples = []
    for week in weeks:
        bought = labels.lazy().filter(pl.col("week_id") == week)
        samples.append(validation_sample(_week(matrices, week), bought, buyers=VALIDATION_BUYERS, seed=settings.seed))
    rows, bought_rows = (pl.concat(parts) for parts in zip(*samples, strict=True))
    scores = score_columns(members, rules, rows, members[0].features)
    return standardised(scores, group_offsets(rows)), MapScorer(rows, bought_rows)


def _metrics(role: str, scored: ScoredWeeks, names: Sequence[str]) -> dict[str, float]:
    scaled, scorer = scored
    metrics = {f"{role}_map_{name}": scorer(rounded(scaled[:, at])) for at, name in enumerate(names)}
    return metrics | {f"{role}_buyers": float(scorer.buyers), f"{role}_hits": float(scorer.hits)}


def _week(matrices: Mapping[int, Frame], week: int) -> Frame:
    if week not in matrices:
        raise UnknownWeek(f"label week {week} has no matrix", where="feature_matrix", hint="materialise it, or choose a later week")
    return matrices[week]
