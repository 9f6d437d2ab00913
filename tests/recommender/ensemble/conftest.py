"""Small label weeks with a pattern that can be learned."""

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from hm_pipeline.base.calendar import label_weeks
from hm_pipeline.base.settings import Settings
from hm_pipeline.recommender.ensemble.fitting import fit_ensemble
from hm_pipeline.recommender.ensemble.search_result import LearnerResult, SearchResult
from hm_pipeline.recommender.ensemble.search_space import SPACES
from hm_pipeline.recommender.learners import LEARNERS

ROLES = label_weeks(range(101, 105))
SETTINGS = Settings(training_rows=20_000, threads=2)
FEATURES = tuple(f"feature_{column}" for column in range(6))
Week = tuple[pl.DataFrame, pl.DataFrame]


def make_week(week_id: int, *, buyers: int = 60, candidates: int = 40, base: float = -4.5) -> Week:
    """Return a feature matrix and the purchases of its week.

    What is bought follows one feature, a product of two, and chance.  Every third buyer also buys an article that is
    no candidate, and one buyer has no candidates at all.
    """
    drawn = np.random.default_rng([7, week_id])
    rows = buyers * candidates
    values = drawn.normal(size=(rows, len(FEATURES))).astype(np.float32)
    margin = base + 1.2 * values[:, 0] + values[:, 1] * values[:, 2]
    bought = drawn.random(rows) < 1 / (1 + np.exp(-margin))
    articles = np.concatenate([np.sort(drawn.choice(500, candidates, replace=False)) for _ in range(buyers)]) + 1
    keys = {"week_id": np.full(rows, week_id), "customer_id": np.repeat(np.arange(buyers) * 3 - buyers, candidates), "article_id": articles}
    columns = {name: pl.Series(values[:, column]).set(pl.Series(drawn.random(rows) < 0.05), None) for column, name in enumerate(FEATURES)}
    matrix = pl.DataFrame({**keys, **columns, "is_bought": bought}).cast(dict.fromkeys(keys, pl.Int64))
    elsewhere = matrix.select("week_id", "customer_id").unique(maintain_order=True).gather_every(3).with_columns(article_id=pl.lit(999))
    absent = pl.DataFrame({"week_id": [week_id], "customer_id": [10_000], "article_id": [1]})
    return matrix, pl.concat([matrix.filter("is_bought").select(elsewhere.columns), elsewhere, absent], how="vertical_relaxed")


@pytest.fixture(scope="session")
def features() -> tuple[str, ...]:
    return FEATURES


@pytest.fixture(scope="session")
def label_week() -> Callable[..., Week]:
    return make_week


@pytest.fixture(scope="session")
def found(features):
    starts = {name: LearnerResult({key: span.start for key, span in SPACES[name].items()}, 0.0, ()) for name in LEARNERS}
    return SearchResult(starts, features, seed=0, rows=0, buyers=0, hits=0)


@pytest.fixture(scope="session")
def weeks(label_week):
    return {week: label_week(week) for week in ROLES.all}


@pytest.fixture(scope="session")
def fit(found, features):
    def run(weeks, **changes):
        matrices = {week: matrix.lazy() for week, (matrix, _) in weeks.items()}
        labels = pl.concat([bought for _, bought in weeks.values()])
        known = {"roles": ROLES, "features": features, "service_version": "v1", "settings": SETTINGS, **changes}
        return fit_ensemble(matrices, labels, found, **known)

    return run
