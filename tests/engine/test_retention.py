"""Retention over a small graph of its own: what is old leaves, and what a kept week reads stays."""

from datetime import date

import polars as pl
import pytest

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.materialize import Runner
from hm_pipeline.engine.model_runs import use
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.retention import removable, remove
from hm_pipeline.engine.step import Step, at, before
from tests.engine.small_graph import Fit, Total, store

LAST = 9


def counted(_inputs, week):
    return pl.DataFrame({"week_id": week.week_id, "units": 1}, schema={"week_id": pl.Int64, "units": pl.Int64})


STEPS = {
    step.name: step
    for step in (
        Step("transactions", lambda: None, kind="raw", schema=Total),
        Step("counted", counted, schema=Total, reads=(before("transactions", 1),)),
        Step("model", lambda _inputs, _week: Fit(), kind="model", reads=(before("counted", 2),), every=4, load=lambda _folder: 1),
        Step("listed", counted, schema=Total, reads=(at("counted", back=1),), model="model", settings=("seed",)),
        Step("kept", counted, schema=Total, reads=(at("listed"),)),
    )
}


@pytest.fixture
def graph(tmp_path):
    """A home in which every week of every table was made."""
    home = Home(tmp_path)
    Calendar(date(2020, 1, 1), 0, LAST, date(2020, 3, 3)).save(tmp_path / "calendar.json")
    for week_id in range(LAST):
        store(home.folder("transactions", week_id), {"week_id": [week_id], "units": [1]})
    graph = Graph(STEPS, home, Settings(home=tmp_path))
    for week_id in range(LAST + 1):
        for name in ("counted", "model", "listed", "kept"):
            Runner(graph).materialize(name, week_id)
    return graph


def weeks(found, name):
    return [one.week for one in found if one.name == name]


def test_weeks_that_nothing_needs_leave_and_the_others_are_current(graph):
    found = removable(graph, 2, kept_tables=frozenset({"kept"}))
    keys = graph.calendar.partition_keys
    # Weeks 8 and 9 stay, and 10 will come.  They are listed of 7 to 10, by the model of week 8, which is fitted on 6 and 7.
    assert weeks(found, "counted") == keys[:6]
    assert weeks(found, "listed") == keys[:8]
    assert weeks(found, "model") == [keys[0], keys[4]]
    assert not weeks(found, "kept")
    assert all(one.size > 0 for one in found)
    for one in found:
        remove(one)
    assert graph.stale([(name, week_id) for name in STEPS if name != "transactions" for week_id in (8, 9)]) == {}
    assert removable(graph, 2, kept_tables=frozenset({"kept"})) == []
    assert sorted(path.name for path in graph.home.folder("transactions").iterdir()) == sorted(f"week_id={week}" for week in range(LAST))


def test_a_run_that_somebody_chose_stays(graph):
    use(graph.home.fits("model"), 8, fitted=0)
    found = removable(graph, 2, kept_tables=frozenset())
    assert weeks(found, "model") == [graph.calendar.key(4)]


def test_runs_of_a_kept_week_that_are_not_in_use_stay_to_go_back_to(graph):
    other = Graph(STEPS, graph.home, Settings(home=graph.home.root, seed=1))
    Runner(other).materialize("model", 8)
    assert weeks(removable(other, 2, kept_tables=frozenset()), "model") == [graph.calendar.key(0), graph.calendar.key(4)]
