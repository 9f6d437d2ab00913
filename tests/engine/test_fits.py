"""Models of a small graph of its own: fitted where they are missing, saved whole or not at all, and handed to the body that names them."""

from dataclasses import replace
from datetime import date
from shutil import rmtree

import dataframely as dy
import polars as pl
import pytest

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.errors import HMError, Unforeseen
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.materialize import Runner
from hm_pipeline.engine.model_runs import Pointer, runs_of, use, use_newest
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


def test_a_fit_is_kept_beside_the_others_and_the_pointer_names_the_one_in_use(home):
    fitted = []
    first = runner(home, counted(fitted)).materialize("model/number", FITTED)
    second = runner(home, counted(fitted), seed=1).materialize("model/number", FITTED)
    assert home.model("number", FITTED).name == f"run={second.fingerprint}"
    assert sorted(run.run for run in runs_of(home.fits("number"))) == sorted([first.fingerprint, second.fingerprint])
    runner(home, counted(fitted)).materialize("model/number", FITTED)  # settings that are changed back find their run
    assert home.model("number", FITTED).name == f"run={first.fingerprint}"
    assert fitted == [FITTED] * 2
    (run,) = [run for run in runs_of(home.fits("number")) if run.run == second.fingerprint]
    assert (run.week_id, run.details["settings"], run.details["last_day"]) == (FITTED, {"seed": 1}, "2020-01-21")
    assert set(run.details["libraries"]) == {"polars"}


def test_a_run_that_is_chosen_is_used_until_it_is_released(home):
    fitted = []
    old = runner(home, counted(fitted)).materialize("model/number", 0)
    made = runner(home, counted(fitted), seed=1).materialize("said", WEEK)
    use(home.fits("number"), FITTED, fitted=0, run=old.fingerprint[:6])
    assert runner(home, counted(fitted), seed=1).graph.stale([("said", WEEK)]) == {"said": [WEEK]}
    again = runner(home, counted(fitted), seed=1).materialize("said", WEEK)
    assert home.weekly("said", Said).at(WEEK).collect()["number"].to_list() == [0]
    newest = runner(home, counted(fitted), seed=1).graph.newest_fingerprint(counted(fitted), FITTED)
    assert (made.models, again.models) == ((f"number/week_id={FITTED}/run={newest}",), (f"number/week_id=0/run={old.fingerprint}",))
    runner(home, counted(fitted), seed=5).materialize("model/number", FITTED)  # what is chosen stays, whatever would be fitted
    assert home.model("number", FITTED).name == f"run={old.fingerprint}"
    use_newest(home.fits("number"), FITTED)
    assert runner(home, counted(fitted), seed=1).materialize("said", WEEK).models == made.models
    assert fitted == [0, FITTED]


REFUSED = [
    (FITTED, FITTED, "zzz", "has no run 'zzz' of the week"),
    (FITTED, FITTED, "", "2 runs of the week begin with ''"),
    (FITTED, 2, "", "has no run '' of the week .*its runs of the week are none"),
    (0, FITTED, "", "later weeks"),
]


@pytest.mark.parametrize(("week_id", "fitted", "run", "what"), REFUSED)
def test_a_run_that_is_not_there_or_of_later_weeks_is_refused(home, week_id, fitted, run, what):
    runner(home).materialize("model/number", FITTED)
    last = runner(home, seed=1).materialize("model/number", FITTED)
    with pytest.raises(HMError, match=what):
        use(home.fits("number"), week_id, fitted=fitted, run=run)
    assert Pointer.load(home.fits("number", FITTED)) == Pointer(f"week_id={FITTED}/run={last.fingerprint}")


def test_a_chosen_run_that_is_gone_is_not_used(home):
    runner(home).materialize("model/number", 0)
    use(home.fits("number"), FITTED, fitted=0)
    rmtree(home.model("number", 0))
    assert runner(home).materialize("said", WEEK).models[0].startswith(f"number/week_id={FITTED}/")


def test_a_model_takes_the_place_of_another_whole(home):
    runner(home).materialize("model/number", FITTED)
    folder = home.model("number", FITTED)
    (folder / "of before").touch()
    (folder.parent / "manifest.json").touch()  # of an earlier release
    aside = folder.with_name(f".{folder.name}.tmp")
    aside.mkdir()
    (aside / "of a process that was killed").touch()
    runner(home).materialize("model/number", FITTED)
    assert sorted(path.name for path in folder.iterdir()) == ["details.json", "manifest.json", "number"]
    assert sorted(path.name for path in folder.parent.iterdir()) == ["in_use.json", folder.name]


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
