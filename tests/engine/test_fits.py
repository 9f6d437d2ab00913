"""Models of a small graph of its own: fitted where they are missing, saved whole or not at all, and handed to the body that names them."""

from dataclasses import replace
from datetime import date

import dataframely as dy
import polars as pl
import pytest

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.errors import Unforeseen
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.materialize import Runner
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.step import Step

FITTED, WEEK = 3, 4  # a model is fitted every third week


class Said(dy.Schema):
    """What a model says of a week."""

    week_id = dy.Int64(primary_key=True)
    number = dy.Int64(nullable=False)


class Number:
    """A model that is the week it was fitted for."""

    def __init__(self, number):
        self.number = number
        self.metrics = {"examples": 2.0}

    def save(self, folder):
        (folder / "number").write_text(str(self.number))


class Unsaved(Number):
    """A model whose second file cannot be written."""

    def save(self, folder):
        super().save(folder)
        raise ValueError("no room")


def load(folder):
    return int((folder / "number").read_text())


MODEL = Step("model/number", lambda _inputs, week: Number(week.week_id), kind="model", load=load, every=3, settings=("seed",))
SAID = Step(
    "said",
    lambda _inputs, week: pl.DataFrame({"week_id": week.week_id, "number": week.model}, schema={"week_id": pl.Int64, "number": pl.Int64}),
    schema=Said,
    model="model/number",
)


@pytest.fixture
def home(tmp_path):
    Calendar(date(2020, 1, 1), 0, 6, date(2020, 2, 11)).save(tmp_path / "calendar.json")
    return Home(tmp_path)


def runner(home, model=MODEL, said=SAID, **settings):
    return Runner(Graph({step.name: step for step in (model, said)}, home, Settings(home=home.root, **settings)))


def counted(fitted, kind=Number):
    """Return the model's step, whose body counts its fits."""

    def body(_inputs, week):
        fitted.append(week.week_id)
        return kind(week.week_id + len(fitted) - 1)

    return replace(MODEL, body=body)


def test_a_missing_model_is_fitted_for_its_week_and_handed_over(home):
    assert runner(home).materialize("said", WEEK).rows == 1
    assert home.weekly("said", Said).at(WEEK).collect()["number"].to_list() == [FITTED]
    manifest = Manifest.load(home.model("number", FITTED))
    assert (manifest.metrics, manifest.files) == ({"examples": 2.0}, ())
    assert manifest.fingerprint == runner(home).graph.fingerprint("model/number", WEEK)


def test_a_fit_that_is_current_serves_the_weeks_after_it_and_is_redone_in_its_own(home):
    fitted = []
    graph = runner(home, counted(fitted))
    first = graph.materialize("model/number", FITTED)
    assert graph.materialize("model/number", WEEK) == first
    assert fitted == [FITTED]
    graph.materialize("model/number", FITTED)
    assert load(home.model("number", FITTED)) == FITTED + 1
    runner(home, counted(fitted), seed=1).materialize("model/number", WEEK)  # which is no longer current
    assert fitted == [FITTED] * 3


def test_a_model_takes_the_place_of_another_whole(home):
    runner(home).materialize("model/number", FITTED)
    folder = home.model("number", FITTED)
    (folder / "of before").touch()
    aside = folder.with_name(f".{folder.name}.tmp")
    aside.mkdir()
    (aside / "of a process that was killed").touch()
    runner(home).materialize("model/number", FITTED)
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "number"]
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


@pytest.mark.parametrize("name", ["model/number", "said"])
def test_a_model_that_cannot_be_saved_leaves_nothing(home, name):
    with pytest.raises(Unforeseen, match=r"no room \(model/number, week 2020-01-2"):
        runner(home, counted([], Unsaved)).materialize(name, WEEK)
    assert list(home.root.glob("models/*/*")) == []
    assert list(home.root.glob("tables/*")) == []


def test_a_model_that_cannot_be_saved_leaves_the_one_before(home):
    first = runner(home).materialize("model/number", FITTED)
    with pytest.raises(Unforeseen):
        runner(home, counted([], Unsaved)).materialize("model/number", FITTED)
    assert Manifest.load(home.model("number", FITTED)) == first
    assert load(home.model("number", FITTED)) == FITTED
    assert [path.name for path in home.root.glob("models/number/*")] == [f"week_id={FITTED}"]
