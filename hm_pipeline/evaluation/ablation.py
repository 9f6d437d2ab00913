"""Ablation of the signals: MAP@12 of the best single learner fitted with all columns, and without one signal's at a time.

Every fit sees the same rows and settings; differences are of the same buyers.  Settings were found with all columns,
which favours none.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl
from rich.console import RenderableType
from rich.text import Text

from hm_pipeline.base.columns import BUYER, KEYS, K
from hm_pipeline.base.progress import OnProgress
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.materialize import Runner
from hm_pipeline.evaluation.scoreboard.rows import Row, rounded
from hm_pipeline.evaluation.text_table import TextTable
from hm_pipeline.features.tables import column_sources, matrix_schema
from hm_pipeline.recommender.ensemble.fitting import VALIDATION_BUYERS
from hm_pipeline.recommender.ensemble.sampling import training_sample, validation_sample
from hm_pipeline.recommender.ensemble.training import labelled, load_search
from hm_pipeline.recommender.labels import purchased_pairs
from hm_pipeline.recommender.learners import fit_member
from hm_pipeline.recommender.learners.base import as_floats
from hm_pipeline.recommender.metrics.bootstrap import Interval, bootstrap, paired_difference
from hm_pipeline.recommender.metrics.ranking import average_precision
from hm_pipeline.recommender.signals import SIGNALS

ALL = "all signals"


class LeftOut(Row):
    """MAP@12 without a signal, and what it loses by that on the same buyers."""

    without: str
    columns: int
    score: Interval
    lost: Interval | None


@dataclass(frozen=True)
class Learner:
    """The learner that is fitted each time, and how."""

    name: str
    params: Mapping[str, float]
    features: Sequence[str]
    settings: Settings

    def scored(self, training: pl.DataFrame, validation: pl.DataFrame, left_out: Sequence[str]) -> pl.DataFrame:
        """Return the validation pairs, ranked by a fit without some columns."""
        kept = [feature for feature in self.features if feature not in left_out]
        seed, threads = self.settings.seed, self.settings.threads
        member = fit_member(self.name, self.params, training=training, features=kept, seed=seed, threads=threads)
        scored = validation.select(KEYS).with_columns(pl.Series("score", member.score(as_floats(validation, kept))))
        ordered = scored.sort(*BUYER, "score", "article_id", descending=[False, False, True, False])
        return ordered.with_columns(rank=pl.int_range(1, pl.len() + 1, dtype=pl.Int16).over(BUYER)).filter(pl.col("rank") <= K)


def targets(weeks: Sequence[int]) -> list[tuple[str, int]]:
    """Return the partitions that leaving one signal out needs."""
    needed = [(name, week) for week_id in weeks for week in (week_id - 2, week_id - 1, week_id) for name in ("feature_matrix", "labels")]
    return [*dict.fromkeys(needed), *(("search", week_id) for week_id in weeks)]


def ablate(runner: Runner, weeks: Sequence[int], report: OnProgress) -> list[LeftOut]:
    """Fit the best learner with all signals and without each, on the two weeks before every week, and evaluate it on the week."""
    sources = column_sources()
    columns = {signal.name: [name for name, source in sources.items() if source == signal.name] for signal in SIGNALS}
    columns = {name: found for name, found in columns.items() if found}
    scores = []
    for week_id in weeks:
        for done, part in enumerate(_of_week(runner, week_id, columns), start=1):
            scores.append(part)
            report(f"fits, week {week_id}", done, len(columns) + 1)
    return summarise(pl.concat(scores), columns, seed=runner.graph.settings.seed)


def _of_week(runner: Runner, week_id: int, columns: Mapping[str, Sequence[str]]) -> Iterator[pl.DataFrame]:
    """Yield the average precision of every buyer of a week, by what was left out."""
    settings = runner.graph.settings
    past, now = (runner.inputs(runner.graph.steps[name], week_id) for name in ("ensemble", "scoreboard"))
    found = load_search(runner.graph.folder("search", week_id))
    best = max(found.learners, key=lambda name: found.learners[name].map_at_12)
    learner = Learner(best, found.learners[best].params, found.features, settings)
    rows = pl.concat([labelled(past, week) for week in (week_id - 2, week_id - 1)])
    training = training_sample(rows, rows=settings.training_rows, seed=settings.seed)
    of_week = runner.home.weekly("feature_matrix", matrix_schema()).at(week_id).drop("event_timestamp")
    validation, labels = validation_sample(of_week, purchased_pairs(now, week_id=week_id), buyers=VALIDATION_BUYERS, seed=settings.seed)
    for name, left_out in {ALL: (), **columns}.items():
        yield average_precision(learner.scored(training, validation, left_out), labels).with_columns(without=pl.lit(name))


def summarise(scores: pl.DataFrame, columns: Mapping[str, Sequence[str]], *, seed: int) -> list[LeftOut]:
    """Return the mean of every fit over all buyers of all weeks, the one with everything first."""
    wide = scores.pivot(on="without", index=BUYER, values="average_precision").sort(BUYER)
    owners = wide["customer_id"].to_numpy()
    rows = []
    for name in (ALL, *columns):
        lost = None if name == ALL else rounded(paired_difference(wide[ALL].to_numpy(), wide[name].to_numpy(), seed=seed, clusters=owners))
        score = rounded(bootstrap(wide[name].to_numpy(), seed=seed, clusters=owners))
        rows.append(LeftOut(without=name, columns=len(columns.get(name, ())), score=score, lost=lost))
    return rows


def render(rows: Sequence[LeftOut], weeks: Sequence[str]) -> list[RenderableType]:
    """Return what to print in a terminal."""
    span = " to ".join(dict.fromkeys((weeks[0], weeks[-1])))
    header = ("without", "columns", "MAP@12", "lost without it", "95 % interval", "clear?")
    sheet = TextTable(f"MAP@12 without a signal, {span}", header, list(lines(rows)))
    return [sheet.rich(), Text("Not clear: the other signals carry the same information, or this one carries none.")]


def lines(rows: Sequence[LeftOut]) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each row."""
    for row in rows:
        start = (row.without, f"{row.columns}", f"{row.score.mean:.5f}")
        if row.lost is None:
            yield (*start, "", "", "")
            continue
        clear = "no" if not row.lost.is_clear else "adds" if row.lost.mean > 0 else "harms"
        yield (*start, f"{row.lost.mean:+.5f}", f"{row.lost.low:+.5f} to {row.lost.high:+.5f}", clear)
