"""A graph of one's own in two real processes: the steps that are computed there are its own, to the bytes of one process."""

import os
import pickle
from dataclasses import replace

import pytest

from hm_pipeline.assets import STEPS
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.materialize import Runner
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.step import Step, at
from hm_pipeline.engine.workers import release_workers
from tests.e2e import planted

AUDIENCE = (at("audience"),)
OWN = Step("own", planted.own, schema=planted.Own, reads=AUDIENCE, is_sharded=True)


@pytest.fixture(scope="module")
def home(fresh):
    """A home whose first week has an audience."""
    settings = fresh("workers")
    Runner(Graph(STEPS, Home(settings.home), settings)).materialize("audience", Home(settings.home).calendar.first_week)
    yield settings
    release_workers()


def made(settings, steps, name, workers):
    """Make a step of the first week, and return what it signs and the processes that ran its body."""
    for mark in settings.home.glob("process-*"):
        mark.unlink()
    graph = Graph(steps, Home(settings.home), settings.model_copy(update={"workers": workers}))
    manifest = Runner(graph).materialize(name, graph.calendar.first_week)
    assert Manifest.load(graph.folder(name, graph.calendar.first_week)) == manifest
    return manifest, {int(mark.name.removeprefix("process-")) for mark in settings.home.glob("process-*")}


@pytest.mark.parametrize(
    "step", [OWN, replace(STEPS["signal/activity"], body=planted.more_active)], ids=["a step added", "a step of the product replaced"]
)
def test_steps_of_ones_own_are_computed_by_workers(home, step):
    unreadable = Step("beside", lambda *_: None, schema=planted.Own, reads=AUDIENCE)  # keeps nobody else from travelling
    steps = {**STEPS, step.name: replace(step, reads=(*step.reads, at("beside"))), "beside": unreadable}
    shared, processes = made(home, steps, step.name, 2)
    assert processes
    assert os.getpid() not in processes
    alone, processes = made(home, steps, step.name, 1)
    assert processes == {os.getpid()}
    assert shared == alone
    assert shared.rows > 0
    assert [entry.content for entry in shared.files] != product(home, step.name)


def product(home, name):
    return [entry.content for entry in made(home, STEPS, name, 1)[0].files] if name in STEPS else []


def test_a_step_that_replaces_the_products_in_its_own_registry_is_not_taken_for_it(home, monkeypatch):
    monkeypatch.setitem(STEPS, "signal/activity", replace(STEPS["signal/activity"], body=planted.more_active))
    manifest, processes = made(home, STEPS, "signal/activity", 2)
    monkeypatch.undo()
    assert os.getpid() not in processes
    assert [entry.content for entry in manifest.files] != product(home, "signal/activity")


def test_what_cannot_travel_is_computed_here(home):
    article = 7

    def closure(inputs, week):
        return planted.own(inputs, week, article)

    shared, processes = made(home, {**STEPS, "own": replace(OWN, body=closure)}, "own", 2)
    assert processes == {os.getpid()}
    assert shared.files == made(home, {**STEPS, "own": replace(OWN, body=closure)}, "own", 1)[0].files
    assert shared.files != made(home, {**STEPS, "own": OWN}, "own", 1)[0].files


def test_steps_of_the_product_travel_by_name_and_others_by_what_differs(home):
    graph = pickle.loads(pickle.dumps(Graph(STEPS, Home(home.home), home)))
    assert all(graph.steps[name] is step for name, step in STEPS.items())
    changed = replace(STEPS["candidates"], parameters={"most": 7}, body=planted.own)  # its schema has no name to import
    there = pickle.loads(pickle.dumps(changed))
    assert there == replace(changed, code=there.code)
    assert there.version() == changed.version()
