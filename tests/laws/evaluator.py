"""The graph in memory: tables and models made on demand from three frames, by the bodies of the steps themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl

from hm_pipeline.assets import STEPS
from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.settings import Settings
from hm_pipeline.base.validation import validate
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.partition_files import UNPARTITIONED
from hm_pipeline.engine.registry import reads_of
from hm_pipeline.engine.step import Dependency, Step, WeekContext, at, merge_dependencies
from hm_pipeline.engine.tables import InMemoryTable
from hm_pipeline.recommender.candidates import STRATEGIES
from hm_pipeline.recommender.candidates._lib.strategy import Strategy


def strategy_step(strategy: Strategy) -> Step:
    """Return a strategy as a step of its own, so that the laws look at it before the first stage does."""
    return Step(
        f"strategy/{strategy.name}",
        lambda inputs, week: strategy.compute(inputs, week_id=week.week_id),
        schema=strategy.schema,
        reads=(*reads_of(strategy.inputs, strategy.history_weeks), at("audience")),
        is_sharded=True,
    )


ALL_STEPS: dict[str, Step] = {**STEPS, **{f"strategy/{strategy.name}": strategy_step(strategy) for strategy in STRATEGIES}}


@dataclass(frozen=True)
class Shop:
    """All that is known of a shop; ``audience`` holds the customers that get recommendations."""

    transactions: pl.DataFrame
    articles: pl.DataFrame
    customers: pl.DataFrame
    audience: pl.DataFrame
    calendar: Calendar


@dataclass(frozen=True)
class Fitted:
    """A model as it was fitted, as its files hold it, and as it is read back."""

    fitted: Any
    files: dict[str, bytes]
    loaded: Any


@dataclass
class Evaluator:
    """Makes any table or model of a shop.

    Parameters
    ----------
    steps
        Steps by name; planted ones are added or put in place of others.
    disorder
        Seed of a shuffle of every frame that a body is handed; the order of the contracts where not given.
    """

    shop: Shop
    steps: Mapping[str, Step] = field(default_factory=lambda: ALL_STEPS)
    disorder: int | None = None
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        self._made: dict[tuple[str, int], Any] = {}

    def result(self, name: str, week_id: int) -> Any:
        """Return a table, or the :class:`Fitted` model that serves the week."""
        step = self.steps[name]
        week_id = step.fit_week(week_id, self.shop.calendar) if step.is_weekly else UNPARTITIONED
        if (name, week_id) not in self._made:
            self._made[name, week_id] = self._make(step, week_id)
        return self._made[name, week_id]

    def _make(self, step: Step, week_id: int) -> Any:
        if step.name == "audience":
            return self.shop.audience.select(pl.lit(week_id, dtype=pl.Int64).alias("week_id"), "customer_id")
        model = self.result(step.model, week_id).loaded if step.model else None
        reads = {read.name: read.weeks(week_id, self.shop.calendar.first_week) for read in step.reads}
        week = WeekContext(week_id, self.shop.calendar, self.settings, "everyone", model, reads)
        made = step.body(self.inputs(step, week_id), week)
        if step.kind == "model":
            return _save_and_load(step, made)
        assert step.schema is not None
        return validate(made, step.schema, table=step.name).sort(step.schema.primary_key())  # as the runner does

    def inputs(self, step: Step, week_id: int) -> Inputs:
        """Return what a step declared, up to its max week."""
        weekly: dict[str, Any] = {}
        dimensions: dict[str, pl.LazyFrame] = {}
        for read in merge_dependencies(step.reads):
            if self.steps[read.name].kind == "dimension":
                dimensions[read.name] = self._handed(getattr(self.shop, read.name)).lazy()
            if not self.steps[read.name].is_weekly:
                continue
            frame = self._handed(self._weekly(read, week_id))
            key = "purchases" if read.of_audience else read.name
            weekly[key] = InMemoryTable(frame, self.steps[read.name].schema, max_week=week_id + read.last)
        has_audience = step.is_sharded or any(read.name == "audience" for read in step.reads)
        audience = self._handed(self.shop.audience.select("customer_id")).lazy() if has_audience else None
        return Inputs(weekly, dimensions, audience, self.shop.calendar)

    def _weekly(self, read: Dependency, week_id: int) -> pl.DataFrame:
        if read.name == "transactions":
            rows = self.shop.transactions
            return rows.join(self.shop.audience, on="customer_id", how="semi") if read.of_audience else rows
        schema = self.steps[read.name].schema
        assert schema is not None
        weeks = read.weeks(week_id, self.shop.calendar.first_week)
        return pl.concat([schema.create_empty(), *(self.result(read.name, week) for week in weeks)])

    def _handed(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame if self.disorder is None else frame.sample(fraction=1, shuffle=True, seed=self.disorder)


def _save_and_load(step: Step, model: Any) -> Fitted:
    assert step.load is not None
    with TemporaryDirectory() as folder:
        model.save(Path(folder))
        files = {path.name: path.read_bytes() for path in sorted(Path(folder).iterdir())}
        return Fitted(model, files, step.load(Path(folder)))
