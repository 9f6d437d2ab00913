"""From stored matrices to an ensemble, and from an ensemble to lists: the weeks, tables and samples that go where.

Computations are in ``search``, ``ensemble`` and ``recommend``; this module only reads their inputs.
"""

from dataclasses import dataclass
from pathlib import Path

import dataframely as dy
import polars as pl

from hm_pipeline.base.calendar import label_weeks
from hm_pipeline.base.columns import KEYS, LABEL, K
from hm_pipeline.base.contracts import Pair, Recommendations
from hm_pipeline.base.expressions import week_column
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.step import WeekContext, newest
from hm_pipeline.recommender.candidates import STRATEGIES
from hm_pipeline.recommender.ensemble.ensemble import Ensemble
from hm_pipeline.recommender.ensemble.feature_schema import require_schema, schema_version
from hm_pipeline.recommender.ensemble.fitting import VALIDATION_BUYERS, fit_ensemble
from hm_pipeline.recommender.ensemble.lists import recommend as rank_candidates
from hm_pipeline.recommender.ensemble.rules import RULES
from hm_pipeline.recommender.ensemble.sampling import training_sample, validation_sample
from hm_pipeline.recommender.ensemble.search_result import SearchResult
from hm_pipeline.recommender.labels import purchased_pairs

LEARNERS = ("lightgbm", "xgboost", "catboost")
MATRIX, LABELS = "feature_matrix", "labels"
# Label weeks, newest first, until so many units were sold in them: a small shop has too few bought pairs in four weeks, a
# shop of H&M's size has them in two.  From eight to twelve MAP@12 rose by .0001 on a simulated shop.
LEAST_WEEKS, MOST_WEEKS, ENOUGH_UNITS = 4, 8, 200_000
UNLABELLED = 4  # first weeks of the data, of which no matrix can be made
LEARNT = tuple(newest(name, enough=ENOUGH_UNITS, least=LEAST_WEEKS, most=MOST_WEEKS, warm_up=UNLABELLED) for name in (MATRIX, LABELS))
SEARCH_ROWS, SEARCH_NEGATIVES = 250_000, 7  # at most, and for each bought candidate: settings are compared a dozen times, and not served
SERVICE = "ranking"  # Feast's, which the matrix comes from
SERVED = K  # what counts is what is served


class Recommended(Recommendations):
    """Recommendations with each member's own score."""

    score_lightgbm = dy.Float32(nullable=True, description="LightGBM's margin; null if not a member, without weight, or filled")
    score_xgboost = dy.Float32(nullable=True, description="XGBoost's margin; null if not a member, without weight, or filled")
    score_catboost = dy.Float32(nullable=True, description="CatBoost's margin; null if not a member, without weight, or filled")


class Submission(Pair):
    """The 12 articles a customer was served."""

    rank = dy.Int16(nullable=False, min=1, max=SERVED, description="rank in the customer's list, 1 is best")


@dataclass(frozen=True)
class SearchModel:
    """A search's result, saved like any other model."""

    result: SearchResult

    @property
    def metrics(self) -> dict[str, float]:
        """MAP@12 of each learner's best setting on the metric week, and the buyers and hits behind it."""
        found = {f"map_{name}": learner.map_at_12 for name, learner in self.result.learners.items()}
        return found | {"buyers": float(self.result.buyers), "hits": float(self.result.hits)}

    def save(self, folder: Path) -> None:
        """Write the result as JSON."""
        self.result.save(folder / "search.json")


def load_search(folder: Path) -> SearchResult:
    """Read a search's result."""
    return SearchResult.load(folder / "search.json")


def load_ensemble(folder: Path) -> Ensemble:
    """Read an ensemble; scores do not depend on the number of threads."""
    return Ensemble.load(folder, threads=2)


def search_settings(inputs: Inputs, week: WeekContext) -> SearchModel:
    """Search every learner's settings on the fit weeks, evaluated on the metric week."""
    from hm_pipeline.recommender.ensemble.search import search  # noqa: PLC0415 - FLAML takes seconds to import

    roles, settings = label_weeks(week.reads[MATRIX]), week.settings
    rows = pl.concat([labelled(inputs, week_id) for week_id in roles.fit])
    most = min(settings.training_rows, SEARCH_ROWS)
    training = training_sample(rows, rows=most, seed=settings.seed, negatives=SEARCH_NEGATIVES)
    scored, labels = validation_sample(
        labelled(inputs, roles.metric), purchased_pairs(inputs, week_id=roles.metric), buyers=VALIDATION_BUYERS, seed=settings.seed
    )
    found = search(
        training,
        scored,
        labels,
        features=features(inputs),
        learners=settings.learners,
        trials=settings.trials,
        seed=settings.seed,
        threads=settings.threads,
    )
    return SearchModel(found)


def fit(inputs: Inputs, week: WeekContext) -> Ensemble:
    """Fit the ensemble of a week with the settings found."""
    roles = label_weeks(week.reads[MATRIX])
    labels = pl.concat([purchased_pairs(inputs, week_id=week_id) for week_id in (roles.metric, roles.blend)])
    return fit_ensemble(
        {week_id: labelled(inputs, week_id) for week_id in roles.all},
        labels,
        week.model,
        roles=roles,
        features=features(inputs),
        rules=tuple(RULES),
        service_version=schema_version(SERVICE, {name: column.dtype for name, column in _columns(inputs).items()}),
        settings=week.settings,
    )


def recommend(inputs: Inputs, week: WeekContext, matrix: pl.DataFrame) -> pl.DataFrame:
    """Rank a shard's candidates by their features and return everyone's list."""
    served = {name: dtype for name, dtype in matrix.schema.items() if name not in KEYS}
    require_schema(SERVICE, served, trained=week.model.service_version, features=week.model.features)
    candidates = inputs.weekly("candidates").at(week.week_id)
    ranks = candidates.select(*KEYS, *(f"{strategy.name}_rank" for strategy in STRATEGIES)).collect()
    sales = inputs.weekly("history/article_sales").at(week.week_id)
    fill = sales.sort("day_7_count", "decayed_count", "article_id", descending=[True, True, False]).select("article_id").head(SERVED)
    audience = inputs.audience.select(week_column(week.week_id), "customer_id").collect()
    found = rank_candidates(week.model.score(matrix), ranks, audience=audience, fill=fill.collect())
    absent = [f"score_{name}" for name in LEARNERS if f"score_{name}" not in found.columns]
    return found.with_columns(pl.lit(None, dtype=pl.Float32).alias(name) for name in absent)


def submission_rows(inputs: Inputs, week: WeekContext) -> pl.LazyFrame:
    """Return the first 12 of a shard's lists."""
    return inputs.weekly("recommendations").at(week.week_id).filter(pl.col("rank") <= SERVED)


def features(inputs: Inputs) -> list[str]:
    """Return the columns of the matrix that the learners read, in order."""
    return list(_columns(inputs))


def _columns(inputs: Inputs) -> dict[str, dy.Column]:
    columns = inputs.weekly(MATRIX).schema.columns()
    return {name: column for name, column in columns.items() if name not in KEYS}


def labelled(inputs: Inputs, week_id: int) -> pl.LazyFrame:
    """Return a label week's matrix with ``is_bought``, unread."""
    matrix = inputs.weekly(MATRIX).at(week_id).drop("event_timestamp", strict=False)
    return matrix.join(inputs.weekly(LABELS).at(week_id).select(*KEYS, LABEL), on=KEYS)
