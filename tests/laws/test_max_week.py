"""The runner's cutoff guard: a body reads what it declared, before its week, for its own customers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hm_pipeline.assets import STEPS
from hm_pipeline.base.contracts import ArticleWeek
from hm_pipeline.base.errors import LeakageError, MissingInput
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.materialize import Runner
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.step import Step, WeekContext, at, before


def reads_its_own_week(tables: Inputs, week: WeekContext) -> pl.LazyFrame:
    return tables.weekly("transactions").at(week.week_id).select("week_id", "article_id").unique()


@dataclass(frozen=True)
class Probe:
    """The runner over a copy of a step that declared transactions before its week only."""

    runner: Runner
    step: Step

    def transactions(self, week_id: int) -> Any:
        return self.runner.inputs(self.step, week_id).weekly("transactions")


@pytest.fixture
def probe(home: Home, tmp_path: Path) -> Probe:
    step = Step("probe", reads_its_own_week, schema=ArticleWeek, reads=(before("transactions"),))
    graph = Graph({**STEPS, step.name: step}, home, Settings(home=tmp_path))
    return Probe(Runner(graph), step)


def test_the_guard_stops_at_the_week(probe: Probe, week_id: int) -> None:
    sold = probe.transactions(week_id)
    assert sold.before(week_id).select(pl.col("week_id").max()).collect().item() == week_id - 1
    for ask in (lambda: sold.at(week_id), lambda: sold.before(week_id + 1), lambda: sold.at(week_id + 1)):
        with pytest.raises(LeakageError, match="the last week that may be read"):
            ask()


def test_a_body_that_leaks_is_stopped_by_the_runner(probe: Probe, week_id: int) -> None:
    with pytest.raises(LeakageError):
        probe.runner.materialize("probe", week_id)


def test_what_is_not_declared_is_not_there(probe: Probe, week_id: int) -> None:
    inputs = probe.runner.inputs(probe.step, week_id)
    for ask in (lambda: inputs.weekly("labels"), lambda: inputs.dimension("articles"), lambda: inputs.audience):
        with pytest.raises(MissingInput):
            ask()


def test_purchases_are_the_audiences_own(home: Home, week_id: int, tmp_path: Path) -> None:
    step = Step("probe", reads_its_own_week, reads=(before("transactions", of_audience=True), at("audience")), is_sharded=True)
    runner = Runner(Graph({**STEPS, step.name: step}, home, Settings(home=tmp_path)))
    runner.materialize("audience", week_id)
    inputs = runner.inputs(step, week_id)
    strangers = inputs.weekly("purchases").before(week_id).join(inputs.audience, on="customer_id", how="anti")
    assert strangers.collect().is_empty()
