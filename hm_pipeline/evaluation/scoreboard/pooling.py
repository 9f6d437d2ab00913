"""Scoreboard: the metrics of any range of evaluated weeks, pooled, as plain numbers that can be written as JSON.

Nothing here reads or writes; weeks come from ``week_scores``, and ``report`` renders the result.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import Field

from hm_pipeline.base.errors import MissingInput, SchemaViolation
from hm_pipeline.evaluation.scoreboard.rows import (
    DECIMALS,
    ColumnRow,
    ModelRow,
    RecallRow,
    Row,
    SegmentRow,
    StrategyRow,
    WeekRow,
    rounded,
    share,
)
from hm_pipeline.evaluation.scoreboard.scoring import add_metrics
from hm_pipeline.evaluation.scoreboard.segments import SEGMENTS
from hm_pipeline.recommender.metrics.bootstrap import Interval, bootstrap, paired_difference
from hm_pipeline.recommender.metrics.ranking import Retrieval

KEYS = ("week_id", "customer_id", "segment")


class Scoreboard(Row):
    """Everything measured over a range of weeks.

    ``buyers`` counts a customer once per week, ``customers`` once.  ``lead`` is the paired difference between the best
    model and the second best.
    """

    weeks: tuple[int, ...]
    buyers: int
    customers: int
    winner: str
    runner_up: str | None
    lead: Interval | None
    leaderboard: tuple[ModelRow, ...] = Field(validation_alias="ladder", serialization_alias="ladder")
    segments: tuple[SegmentRow, ...]
    by_week: tuple[WeekRow, ...]
    recall: tuple[RecallRow, ...] = Field(validation_alias="reach", serialization_alias="reach")
    strategies: tuple[StrategyRow, ...]
    articles_shown_share: float
    columns: tuple[ColumnRow, ...]
    bootstrap_samples: int
    bootstrap_seed: int


@dataclass(frozen=True)
class EvaluatedWeek:
    """A week's scores (``judge_week``) and counts (``count_pairs`` and ``count_articles``)."""

    scores: pl.DataFrame
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class _Bench:
    """Scores side by side, a row per buyer and week, and how their intervals are drawn."""

    wide: pl.DataFrame
    seed: int
    samples: int

    @property
    def models(self) -> list[str]:
        return [name for name in self.wide.columns if name not in KEYS]

    def _values(self, model: str) -> npt.NDArray[np.float64]:
        return self.wide[model].to_numpy()

    @property
    def _drawing(self) -> dict[str, Any]:
        return {"seed": self.seed, "samples": self.samples, "clusters": self.wide["customer_id"].to_numpy()}

    def mean(self, model: str) -> float:
        return round(float(self._values(model).mean()), DECIMALS)

    def score(self, model: str) -> Interval:
        return rounded(bootstrap(self._values(model), **self._drawing))

    def gain(self, model: str, baseline: str | None) -> Interval | None:
        return rounded(paired_difference(self._values(model), self._values(baseline), **self._drawing)) if baseline else None

    def where(self, condition: pl.Expr) -> "_Bench":
        return _Bench(self.wide.filter(condition), self.seed, self.samples)


def pool(weeks: Sequence[EvaluatedWeek], *, columns: Sequence[ColumnRow] = (), seed: int = 0, samples: int = 1000) -> Scoreboard:
    """Pool evaluated weeks.

    Every buyer of every week weighs the same, as in one big week; intervals draw customers with all their weeks.

    Raises
    ------
    MissingInput
        If there is nothing to pool.
    SchemaViolation
        If a week lacks a model that another has, as differences are between the same buyers.
    """
    bench = _Bench(_side_by_side([week.scores for week in weeks if week.scores.height]), seed, samples)
    metrics = add_metrics(week.metrics for week in weeks)
    best, runner_up = ([*sorted(bench.models, key=lambda model: (-bench.mean(model), model)), None])[:2]
    return Scoreboard(
        weeks=tuple(bench.wide["week_id"].unique().sort()),
        buyers=bench.wide.height,
        customers=bench.wide["customer_id"].n_unique(),
        winner=str(best),
        runner_up=runner_up,
        lead=bench.gain(str(best), runner_up),
        leaderboard=tuple(_leaderboard(bench)),
        segments=tuple(_segments(bench)),
        by_week=tuple(_by_week(bench)),
        recall=tuple(_recall(metrics)),
        strategies=tuple(_strategies(metrics)),
        articles_shown_share=share(metrics.get("articles/shown", 0.0), metrics.get("articles/offered", 0.0)),
        columns=tuple(columns),
        bootstrap_samples=samples,
        bootstrap_seed=seed,
    )


def _side_by_side(scored: Sequence[pl.DataFrame]) -> pl.DataFrame:
    if not scored:
        raise MissingInput("no buyers to evaluate", where="scoreboard", hint="choose weeks whose purchases are known")
    scores = pl.concat(scored)
    models = sorted(scores["rung"].unique())
    wide = scores.pivot(on="rung", on_columns=models, index=KEYS, values="average_precision").sort(KEYS)
    for model in models:
        lacking = wide.filter(pl.col(model).is_null())["week_id"].unique().sort().to_list()
        if lacking:
            raise SchemaViolation(f"weeks {lacking} have no {model}", where="scoreboard", hint="evaluate these weeks again")
    return wide


def _leaderboard(bench: _Bench) -> Iterator[ModelRow]:
    before: list[str | None] = [None, *bench.models]
    for model, baseline in zip(bench.models, before, strict=False):
        yield ModelRow(model=model, score=bench.score(model), gain=bench.gain(model, baseline))


def _segments(bench: _Bench) -> Iterator[SegmentRow]:
    for segment in SEGMENTS:
        part = bench.where(pl.col("segment") == segment)
        if part.wide.height:
            yield SegmentRow(segment=segment, buyers=part.wide.height, scores={model: part.score(model) for model in part.models})


def _by_week(bench: _Bench) -> Iterator[WeekRow]:
    for week_id in bench.wide["week_id"].unique().sort():
        part = bench.where(pl.col("week_id") == week_id)
        yield WeekRow(week_id=week_id, buyers=part.wide.height, scores={model: part.mean(model) for model in part.models})


def _counts(metrics: Mapping[str, float], kind: str) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for path, number in metrics.items():
        if path.startswith(f"{kind}/"):
            name, count = path.removeprefix(f"{kind}/").rsplit("/", 1)
            found.setdefault(name, {})[count] = int(number)
    return found


def _recall(metrics: Mapping[str, float]) -> Iterator[RecallRow]:
    for name, counts in _counts(metrics, "reach").items():
        recall = Retrieval(**counts)
        yield RecallRow(
            pairs=name,
            rows_per_buyer=share(recall.rows, recall.buyers),
            recall=round(recall.recall, DECIMALS),
            hit_ratio=round(recall.hit_ratio, DECIMALS),
            coverage=round(recall.coverage, DECIMALS),
        )


def _strategies(metrics: Mapping[str, float]) -> Iterator[StrategyRow]:
    total = Retrieval(**_counts(metrics, "reach").get("all candidates", {}))
    for name, counts in _counts(metrics, "strategy").items():
        rows, hits, alone = (counts[count] for count in ("row_count", "hit_count", "unique_hit_count"))
        yield StrategyRow(
            strategy=name,
            rows=rows,
            rows_per_buyer=share(rows, total.buyers),
            recall=share(hits, total.bought),
            hit_ratio=share(hits, rows),
            unique_hits=alone,
            unique_recall=share(alone, total.bought),
        )
