"""`hm evaluate --analysis` and `--relbench`: every question is answered from a served home, and what is stored stays."""

import json
import shutil

import pytest

from hm_pipeline.cli.analyses import analyse
from hm_pipeline.cli.choices import ABLATION, ANALYSES, RELBENCH, RETRIEVAL, SIGNALS
from hm_pipeline.engine.home import Home
from hm_pipeline.evaluation.relbench.published import METRICS
from tests.e2e.conftest import last_week, quick


@pytest.fixture(scope="module")
def judged(served, tmp_path_factory):
    """A copy of the served home, for evaluations write."""
    home = tmp_path_factory.mktemp("judged") / "home"
    shutil.copytree(served.home, home)
    return quick(home)


@pytest.fixture
def asked(judged, hm):
    """Ask `hm evaluate` about the week before the serving week."""
    key = Home(judged.home).calendar.key(last_week(judged) - 1)
    return lambda option, name: hm(judged.home, "evaluate", option, name, "--week", key)


@pytest.mark.parametrize(
    ("option", "name"), [*(("--analysis", name) for name in ANALYSES), *(("--relbench", name) for name in RELBENCH), ("--task", "signals")]
)
def test_every_question_is_answered_in_words(asked, option, name):
    code, said, _ = asked(option, name)
    assert code == 0
    expected = {SIGNALS: "reliability", RETRIEVAL: "alone", ABLATION: "without a signal"}
    assert expected.get(name, "own weeks") in said
    assert "…" not in said, "a cell was cut off"


@pytest.mark.parametrize("task", METRICS)
def test_public_tasks_stand_beside_rivals_and_what_others_published(judged, task):
    week = last_week(judged) - 1
    _, facts = analyse(judged, task, [week], lambda *_: None)
    assert len(facts["measures"]) >= 3
    first = next(iter(facts["measures"].values()))
    assert all(set(measures) == set(first) for measures in facts["measures"].values())
    json.dumps(facts, allow_nan=False)


def test_what_is_kept_of_the_union_is_what_is_stored_as_candidates(judged):
    week = last_week(judged) - 1
    _, facts = analyse(judged, RETRIEVAL, [week], lambda *_: None)
    counts = {(row["part"], row["name"]): row for row in facts["counts"]}
    reach = json.loads((Home(judged.home).folder("scoreboard", week) / "manifest.json").read_text())["figures"]
    assert counts["budget", "30"]["hit_count"] <= reach["reach/all candidates/hits"] <= counts["budget", "50"]["hit_count"]
    assert counts["union", "all"]["hit_count"] >= counts["budget", "200"]["hit_count"]
    assert all(counts["kept", name]["hit_count"] <= counts["strategy", name]["hit_count"] for part, name in counts if part == "kept")


def test_leaving_a_signal_out_is_compared_with_all_on_the_same_buyers(judged):
    week = last_week(judged) - 1
    _, facts = analyse(judged, ABLATION, [week], lambda *_: None)
    everything, *without = facts["without"]
    assert everything["columns"] == 0
    assert {row["without"] for row in without} >= {"need_propensity", "seasonality", "availability", "style_similarity"}
    for row in without:
        assert row["columns"] > 0
        assert row["lost"]["mean"] == pytest.approx(everything["score"]["mean"] - row["score"]["mean"], abs=1e-8)
