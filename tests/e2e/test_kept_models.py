"""Fits that are kept: listed with what they are made of, chosen and let go of, named by what was served, and pruned when they are old."""

import json
from dataclasses import dataclass

import pytest

from hm_pipeline.assets import PRODUCT
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.orchestration.execute import graph_of
from hm_pipeline.orchestration.instance import dagster_instance
from tests.e2e.conftest import last_week

NAMES = {step.name.removeprefix("model/") for step in PRODUCT.values() if step.kind == "model"}


@dataclass(frozen=True)
class Served:
    """A home whose week was served, and what was found about its models."""

    settings: object
    rows: list[dict]

    def of(self, name):
        return [row for row in self.rows if row["model"] == name]


@pytest.fixture(scope="module")
def home(served_again):
    return served_again("kept-models")


def listed(hm, home, *words):
    code, output, _ = hm(home.home, "models", *words, "--json")
    assert code == 0
    return Served(home, json.loads(output)["models"])


def test_every_model_is_listed_with_what_it_is_made_of(hm, home):
    found = listed(hm, home)
    assert {row["model"] for row in found.rows} == NAMES
    (ensemble,) = [row for row in found.of("ensemble") if row["served"]]
    calendar = Home(home.home).calendar
    assert ensemble["served"] == [calendar.key(calendar.last_week)]
    assert ensemble["in_use"] == [ensemble["fitted_for"]]
    assert 0 < ensemble["map_at_12"] < 1
    assert ensemble["settings"]["seed"] == 0
    assert {"lightgbm", "xgboost", "polars"} <= set(ensemble["libraries"])
    first_day, last_day = ensemble["days"].split(" to ")
    assert first_day < last_day < ensemble["fitted_for"]


def test_what_was_served_names_the_fits_that_made_it(hm, home, tmp_path):
    calendar = Home(home.home).calendar
    code, output, _ = hm(home.home, "submit", "--week", calendar.key(calendar.last_week), "--out", tmp_path / "list.csv", "--json")
    assert code == 0
    models = json.loads(output)["models"]
    assert {place.split("/")[0] for place in models} >= {"ensemble", "first_stage", "availability", "type_need", "text_vectors"}
    assert all(Manifest.load(home.home / "models" / place) for place in models)


def test_an_earlier_fit_is_used_until_it_is_let_go(hm, served_again):
    home = served_again("chosen-model")
    earlier, later = sorted(row["fitted_for"] for row in listed(hm, home, "--model", "type_need").rows)[-2:]
    last = last_week(home)
    assert graph_of(home).stale([("submission", last)]) == {}
    code, output, _ = hm(home.home, "models", "use", "type_need", earlier)
    assert (code, f"hm run --week {Home(home.home).calendar.key(last)}" in output) == (0, True)
    stale = graph_of(home).stale([("submission", last)])
    assert list(stale) == ["signal/type_need", "signal/need_propensity", "recommendations", "submission"]
    assert {week for weeks in stale.values() for week in weeks} == {last}
    assert [row["fitted_for"] for row in listed(hm, home, "--model", "type_need").rows if f"{later}, chosen" in row["in_use"]] == [earlier]
    assert hm(home.home, "models", "use", "type_need", "newest")[0] == 0
    assert graph_of(home).stale([("submission", last)]) == {}  # nothing was made with the other one


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("use", "nothing", "newest"), "there is no model 'nothing'"),
        (("use", "ensemble", "1999-01-01"), "lies outside the data"),
        (("--model", "x"), "no model 'x'"),
    ],
)
def test_what_is_not_there_is_one_line(hm, home, words, what):
    code, _, complaints = hm(home.home, "models", *words)
    assert (code, what in complaints) == (1, True)
    assert len([line for line in complaints.splitlines() if line.startswith("hm: ")]) == 1


def test_pruning_keeps_what_the_newest_week_needs(hm, served_again):
    home = served_again("pruned")
    last = last_week(home)
    partitions = len(list(home.home.glob("tables/**/week_id=*/manifest.json")))
    with dagster_instance(home) as instance:
        runs = instance.get_runs_count()
    code, output, _ = hm(home.home, "prune", "--keep-weeks", "1", "--dry-run", "--json")
    planned = json.loads(output)
    assert code == 0
    assert planned["partitions"] > 0 < planned["fits"]
    assert len(list(home.home.glob("tables/**/week_id=*/manifest.json"))) == partitions
    code, output, _ = hm(home.home, "prune", "--keep-weeks", "1", "--json")
    assert json.loads(output) == {**planned, "dry_run": False}
    assert len(list(home.home.glob("tables/**/week_id=*/manifest.json"))) == partitions - planned["partitions"]
    with dagster_instance(home) as instance:
        assert instance.get_runs_count() == runs - planned["runs"]
    assert graph_of(home).stale([("submission", last)]) == {}
    assert Manifest.load(Home(home.home).folder("scoreboard", last - 1))
    assert json.loads(hm(home.home, "prune", "--keep-weeks", "1", "--json")[1])["partitions"] == 0
