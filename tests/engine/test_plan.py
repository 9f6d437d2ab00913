"""Plans over a small graph of its own: what is stale, in what order, and in which runs."""

from datetime import date

import dataframely as dy
import polars as pl
import pytest

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.errors import MissingInput, UnknownWeek
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.materialize import Runner
from hm_pipeline.engine.plan import Graph, contiguous
from hm_pipeline.engine.step import Step, at, before
from tests.engine.small_graph import Fit, store

WEEKS = 6


class Sales(dy.Schema):
    """Units of a week."""

    week_id = dy.Int64(primary_key=True)
    units = dy.Int64(nullable=False)


def carried(inputs, week):
    sold = inputs.weekly("transactions").before(week.week_id, weeks=1).select(pl.col("units").sum())
    past = inputs.weekly("carried").before(week.week_id, weeks=1).select(pl.col("units").sum())
    return pl.concat([sold, past]).sum().select(pl.lit(week.week_id, dtype=pl.Int64).alias("week_id"), "units")


def doubled(inputs, week):
    return inputs.weekly("carried").at(week.week_id).with_columns(pl.col("units") * 2).select("week_id", "units")


STEPS = {
    step.name: step
    for step in (
        Step("transactions", lambda: None, kind="raw", schema=Sales),
        Step("carried", carried, schema=Sales, reads=(before("transactions", 1), before("carried", 1))),
        Step("model", lambda _inputs, _week: Fit(), kind="model", reads=(before("carried"),), every=3, warm_up=2, load=lambda _folder: 1),
        Step("doubled", doubled, schema=Sales, reads=(at("carried"),), model="model", settings=("seed",)),
    )
}


@pytest.fixture
def home(tmp_path):
    """A home with six weeks of sales."""
    home = Home(tmp_path)
    Calendar(date(2020, 1, 1), 0, WEEKS, date(2020, 2, 11)).save(tmp_path / "calendar.json")
    for week_id in range(WEEKS):
        sell(home, week_id, 10 * week_id)
    return home


def sell(home, week_id, units):
    store(home.folder("transactions", week_id), {"week_id": [week_id], "units": [units]})


def graph(home, **settings):
    return Graph(STEPS, Home(home.root), Settings(home=home.root, **settings))


def materialized(home, targets, **settings):
    planned = graph(home, **settings)
    stale = planned.stale(targets)
    for run in planned.runs(stale):
        for week_id in range(run.first, run.last + 1):
            for name in run.steps:
                Runner(planned).materialize(name, week_id)
    return stale


def units(home, name, week_id):
    return home.weekly(name, Sales).at(week_id).collect()["units"].item()


def test_all_that_is_needed_is_planned_in_order_and_once(home):
    assert materialized(home, [("doubled", 4)]) == {"carried": [0, 1, 2, 3, 4], "model": [3], "doubled": [4]}
    assert units(home, "doubled", 4) == 2 * (0 + 10 + 20 + 30)
    assert graph(home).stale([("doubled", 4)]) == {}
    assert graph(home).stale([("doubled", 4)], force=True) == {"doubled": [4]}


def test_changed_sales_make_stale_what_comes_after_them(home):
    materialized(home, [("doubled", 4), ("doubled", 2)])
    sell(home, 3, 31)
    assert graph(home).stale([("doubled", 4), ("doubled", 2)]) == {"carried": [4], "doubled": [4]}
    sell(home, 1, 11)
    assert graph(home).stale([("doubled", 4)]) == {"carried": [2, 3, 4], "model": [3], "doubled": [4]}


def test_a_changed_setting_makes_stale_what_names_it(home):
    materialized(home, [("doubled", 4)])
    assert graph(home, seed=1).stale([("doubled", 4)]) == {"doubled": [4]}


def test_a_partition_that_lost_a_file_is_made_again(home):
    materialized(home, [("doubled", 4)])
    next(home.folder("carried", 2).glob("*.parquet")).unlink()
    assert graph(home).stale([("doubled", 4)]) == {}  # nobody asks for it
    assert graph(home).stale([("carried", 2)]) == {"carried": [2]}


def test_lost_sales_are_asked_for(home):
    next(home.folder("transactions", 2).glob("*.parquet")).unlink()
    with pytest.raises(MissingInput, match="files of week 2020-01-15 are missing"):
        graph(home).stale([("doubled", 4)])


def test_a_week_before_the_first_fit_is_refused(home):
    with pytest.raises(UnknownWeek):
        graph(home).stale([("doubled", 1)])


def test_runs_are_contiguous_and_keep_the_order():
    assert contiguous([5, 1, 2, 9, 8]) == [(1, 2), (5, 5), (8, 9)]
    assert contiguous([]) == []
