"""The leak audit: an honest home passes, and each planted fault is caught by name."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta

import pandas as pd
import polars as pl
import pytest

from hm_pipeline.assets import STEPS
from hm_pipeline.base.contracts import Transactions
from hm_pipeline.base.errors import LeakageError, MissingInput
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.step import at
from hm_pipeline.evaluation import leakage as leaks
from hm_pipeline.evaluation.leakage import questions
from hm_pipeline.feast_duckdb.offline import instants as _moments
from hm_pipeline.feast_duckdb.offline.frames import as_arrow
from hm_pipeline.features import shop_offline_store as _keys
from hm_pipeline.features.feast_objects import KEYS
from hm_pipeline.features.tables import LOOKBOOK, feature_tables
from hm_pipeline.orchestration.execute import graph_of, materialize
from tests.e2e.conftest import last_week, quick
from tests.real import SAMPLE


def quiet(_step, _done, _every):
    """Show nothing."""


def purchases_of(home, week_id):
    """Read a week's purchases past every max week."""
    return Home(home).weekly("transactions", Transactions).before(week_id + 1, weeks=1)


def counts_its_own_week(inputs, week):
    honest = STEPS["signal/activity"].body(inputs, week).lazy()
    ahead = purchases_of(week.settings.home, week.week_id).group_by("customer_id").agg(pl.len().cast(pl.Int32).alias("ahead"))
    return honest.join(ahead, on="customer_id", how="left").with_columns(activity_count=pl.col("ahead").fill_null(0)).drop("ahead")


def asks_for_its_own_week(inputs, week):
    inputs.weekly("transactions").before(week.week_id + 1)
    return STEPS["signal/momentum"].body(inputs, week)


def tells_the_label(home):
    """Return a body that looks the label up in one fixed place, so that no other state of the data changes it."""

    def body(inputs, week):
        bought = purchases_of(home, week.week_id).select("customer_id", "article_id", pl.lit(-1.0, pl.Float32).alias("answer")).unique()
        honest = STEPS["signal/style_similarity"].body(inputs, week).lazy()
        told = honest.join(bought, on=["customer_id", "article_id"], how="left")
        return told.with_columns(style_text=pl.col("answer").fill_null(0.0)).drop("answer")

    return body


def proposes_what_will_sell(inputs, week):
    honest = STEPS["candidates"].body(inputs, week).lazy()
    sold = purchases_of(week.settings.home, week.week_id).group_by("article_id").agg(pl.len().alias("units"))
    joined = honest.join(sold, on="article_id", how="left")
    return joined.with_columns(popular_score=pl.col("units").fill_null(0).cast(pl.Float32)).drop("units")


def fits_on_the_answer(inputs, week):
    honest = STEPS["model/visit_propensity"].body(inputs, week)
    ever = Home(week.settings.home).weekly("transactions", Transactions).before(week.calendar.last_week)  # as long as the data go
    units = ever.select(pl.len()).collect().item()
    return replace(honest, constants=dict.fromkeys(honest.constants, 1 / (1 + units)), boosters={})


def planted(home):
    """Return the steps with a fault of each kind."""
    steps = dict(STEPS)
    bodies = {
        "signal/activity": counts_its_own_week,
        "signal/momentum": asks_for_its_own_week,
        "signal/style_similarity": tells_the_label(home),
        "model/visit_propensity": fits_on_the_answer,
    }
    for name, body in bodies.items():
        steps[name] = replace(steps[name], body=body)
    steps["signal/momentum"] = replace(steps["signal/momentum"], reads=(*steps["signal/momentum"].reads, at("transactions")))
    return steps


def make_and_audit(settings, steps, week_id, **options):
    graph = Graph(steps, Home(settings.home), settings)
    materialize(settings, leaks.targets(graph, week_id), steps=steps)
    return leaks.audit_week(Graph(steps, Home(settings.home), settings), week_id, quiet, **options)


@pytest.fixture(scope="module")
def copied(served, tmp_path_factory):
    """Return a maker of copies of the served home."""

    def copy(name: str) -> Settings:
        home = tmp_path_factory.mktemp(name) / "home"
        shutil.copytree(served.home, home)
        return quick(home)

    return copy


@pytest.fixture(scope="module")
def faulty(copied):
    """The audit of a home whose steps have faults, by view and feature."""
    settings = copied("faulty")
    found = make_and_audit(settings, planted(settings.home), last_week(settings) - 1)
    return {(row.view, row.feature): row for row in found.rows}


def test_an_honest_week_passes(hm, copied):
    settings = copied("honest")
    calendar = Home(settings.home).calendar
    key = calendar.key(calendar.last_week - 1)
    code, said, _ = hm(settings.home, "audit", "--week", key)
    written = json.loads((settings.home / "audit.json").read_text())
    every = [(table.name, feature) for table in feature_tables() if table.services != (LOOKBOOK,) for feature in table.features]
    assert code == 0, said
    assert [(row["view"], row["feature"]) for row in written["rows"] if not row["view"].startswith("(")] == every
    assert {row["verdict"] for row in written["rows"]} == {"the same"}
    assert {row["known_at"] for row in written["rows"] if row["view"] == "momentum"} == {written["cutoff"]}
    assert written["bought"] > 5
    assert "pass" in said
    assert "<table>" in (settings.home / "audit.html").read_text()
    assert not list(settings.home.glob(".audit-*"))


def test_a_store_that_guesses_is_caught(served, monkeypatch):
    graph, week_id = graph_of(served), last_week(served) - 1
    assert set(questions.ask(graph, week_id).values()) == {"the same"}
    with monkeypatch.context() as patch:
        patch.setattr(_moments, "_typed", lambda column, _kind: f"CAST({column} AS TIMESTAMP)")  # which drops offsets
        found = questions.ask(graph, week_id)
    assert "gives other features" in found[questions.OFFSETS]
    assert "an hour before the cutoff, gives" in found[questions.EARLIER]
    with monkeypatch.context() as patch:
        patch.setattr(_keys, "as_arrow", lambda table, where: as_arrow(cut(table), where=where))
        assert questions.ask(graph, week_id)[questions.FRACTIONS] == "customer_id 0.5 is answered as another"


def cut(table):
    """Cut keys to integers, as a guess at their type does."""
    return table.astype(dict.fromkeys(KEYS, "int64")) if isinstance(table, pd.DataFrame) else table


def test_a_hole_in_a_signal_is_caught(faulty):
    row = faulty["activity", "activity_count"]
    assert not row.passed
    assert "earlier data change" in row.reason
    assert faulty["activity", "activity"].passed


def test_a_declared_look_at_its_own_week_is_caught_though_it_changes_nothing(faulty):
    row = faulty["momentum", "momentum"]
    assert not row.passed
    assert row.known_at > row.cutoff
    assert row.reason == "reads purchases of its own week or later"


def test_the_label_is_caught_though_it_is_the_same_in_all_states(faulty):
    row = faulty["style_similarity", "style_text"]
    assert row.auc > 0.999
    assert "predicts the label" in row.reason
    assert faulty["style_similarity", "style_colour"].passed


def test_a_model_that_saw_the_answer_is_caught_and_what_it_says_too(faulty):
    assert "another model" in faulty["(model)", "model/visit_propensity"].reason
    assert not faulty["visit_propensity", "visit_propensity"].passed
    assert faulty["(model)", "model/availability"].passed


def test_a_hole_in_retrieval_is_caught(copied):
    settings = copied("retrieval")
    steps = {**STEPS, "candidates": replace(STEPS["candidates"], body=proposes_what_will_sell)}
    found = make_and_audit(settings, steps, last_week(settings) - 1)
    assert [row.feature for row in found.failed] == ["popular_score"]
    with pytest.raises(LeakageError, match="1 of 105 features and models fail the audit: popular_score"):
        leaks.raise_on_failure(found)


def test_a_late_stamp_and_a_row_of_another_week_are_caught(hm, copied):
    settings = copied("stamped")
    home = Home(settings.home)
    week_id = home.calendar.last_week - 1
    for name, late in (
        ("availability", pl.col("event_timestamp") + timedelta(hours=1)),
        ("seasonality", (pl.col("week_id") - 1).alias("week_id")),
    ):
        (file,) = home.folder(f"signal/{name}", week_id).glob("*.parquet")
        pl.read_parquet(file, hive_partitioning=False).with_columns(late).write_parquet(file)
    code, _, said = hm(settings.home, "audit", "--week", home.calendar.key(week_id))
    verdicts = {row["feature"]: row["verdict"] for row in json.loads((settings.home / "audit.json").read_text())["rows"]}
    complaints = [line for line in said.splitlines() if line.startswith("hm: ")]
    assert code == 1
    assert len(complaints) == 1
    assert "fail the audit" in complaints[0]
    assert "01:00, after its cutoff" in verdicts["availability"]
    assert not verdicts["seasonality"].endswith("the same")
    assert verdicts["momentum"] == "the same"


def test_the_serving_week_is_audited_for_some_of_its_customers(copied):
    settings = copied("serving")
    found = make_and_audit(settings, STEPS, last_week(settings), most=100)
    assert (found.kind, found.audience, found.customers, found.bought) == ("everyone", 900, 100, 0)
    assert not found.failed
    leaks.raise_on_failure(found)


def test_a_week_that_was_not_made_is_named(fresh):
    settings = fresh("bare")
    with pytest.raises(MissingInput, match="hm audit --week"):
        leaks.audit_week(graph_of(settings), last_week(settings) - 1, quiet)


@pytest.mark.real
@pytest.mark.skipif(not SAMPLE.exists(), reason="the real H&M sample is not beside the checkout")
def test_the_real_sample_passes(hm, tmp_path, monkeypatch):
    monkeypatch.setenv("HM_BLOCKING_CHECKS", "false")  # the sample is of the last week's buyers: no shop's volume grows like that
    assert hm(tmp_path / "home", "ingest", SAMPLE)[0] == 0
    code, said, complaint = hm(tmp_path / "home", "audit", "--week", "2020-09-16", "--json")
    assert code == 0, complaint
    found = json.loads(said)
    assert found["bought"] > 100
    assert {row["verdict"] for row in found["rows"]} == {"the same"}
