"""History tables: state of the shop at a week's cutoff, carried from week to week."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import dataframely as dy
import polars as pl

from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.presentation import Check, Preview
from hm_pipeline.engine.step import Dependency, Step, WeekContext


@dataclass(frozen=True, kw_only=True)
class HistoryTable:
    """A module's entry among the histories.

    Parameters
    ----------
    name
        Name of the table below ``history/``.
    schema
        Contract; its primary key is the grain.
    compute
        ``compute(tables, *, week_id)`` returns the table; with ``seed``, if it is seeded.
    reads
        Tables it reads, with the weeks of each.
    description, unit, why
        What the table is, the unit of its values, and what it is good for, shown in the UI.
    previews, checks
        Pictures and tables shown beside a partition, and checks of it.
    is_seeded
        Whether the result depends on the seed.
    """

    name: str
    schema: type[dy.Schema]
    compute: Callable[..., pl.LazyFrame | pl.DataFrame]
    reads: tuple[Dependency, ...]
    description: str
    unit: str = ""
    why: str = ""
    previews: tuple[Preview, ...] = ()
    checks: tuple[Check, ...] = ()
    is_seeded: bool = False

    def step(self) -> Step:
        """Return the step that makes the table."""

        def compute(inputs: Inputs, week: WeekContext) -> Any:
            seed = {"seed": week.settings.seed} if self.is_seeded else {}
            return self.compute(inputs, week_id=week.week_id, **seed)

        return Step(
            f"history/{self.name}",
            compute,
            schema=self.schema,
            reads=self.reads,
            code=(self.compute,),
            settings=("seed",) if self.is_seeded else (),
            group="history",
            description=self.description,
            unit=self.unit,
            why=self.why,
            previews=self.previews,
            checks=self.checks,
        )
