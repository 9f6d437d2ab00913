"""The asset `online_store` in the graph: what `hm run` serves, and what may not touch it."""

import shutil
import sqlite3

import dagster as dg
import polars as pl
import pytest

from hm_pipeline.assets import STEPS
from hm_pipeline.cli.exports import recommendations_of
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.presentation import StoredPartition
from hm_pipeline.features.checks import AGREEMENT
from hm_pipeline.features.historical import open_store
from hm_pipeline.features.online_lookup import look_up, served_week
from hm_pipeline.orchestration.command_runs import COMMAND, LOCATION
from hm_pipeline.orchestration.definitions import build_defs
from hm_pipeline.orchestration.execute import materialize
from hm_pipeline.orchestration.instance import dagster_instance
from tests.e2e.conftest import last_week

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own


@pytest.fixture(scope="module")
def online(served):
    """The served home with its week online."""
    last = last_week(served)
    materialize(served, [("online_store", last)], audiences={last: "everyone"})
    return served


def test_a_customer_finds_online_what_was_recommended(online):
    home, last = Home(online.home), last_week(online)
    customer = home.dimension("customers").collect()["customer_hex"][5]
    found = look_up(open_store(online.home), customers=[customer])
    listed = recommendations_of(online, customer, home.calendar.key(last))
    assert found["ranking_articles"][0].to_list()[:12] == [int(article) for article in listed["article_id"]]
    assert found["ranking_strategies"][0].to_list()[:12] == listed["strategy"].to_list()
    assert found["needed_type_probs"][0].to_list() == sorted(found["needed_type_probs"][0], reverse=True)


def test_it_is_current_and_an_evaluation_leaves_it_alone(online):
    last, file = last_week(online), online.home / "feast" / "online.db"
    before = file.read_bytes()
    assert materialize(online, [("online_store", last)], audiences={last: "everyone"}).partitions == 0
    materialize(online, [("scoreboard", last - 2)])
    assert file.read_bytes() == before
    assert served_week(open_store(online.home)) == last


def test_lists_go_into_parquet_and_not_into_csv(hm, online, tmp_path):
    home = Home(online.home)
    candidates = pl.scan_parquet(home.folder("candidates", last_week(online)) / "*.parquet", hive_partitioning=False)
    candidates.select("customer_id", "article_id", "week_id").head(3).sink_csv(tmp_path / "pairs.csv")
    ask = ("features", "--pairs", tmp_path / "pairs.csv", "--service", "lookbook", "--out")
    code, _, said = hm(online.home, *ask, tmp_path / "features.csv")
    assert code == 1
    assert "ranking_articles is a list, which csv cannot hold" in said
    assert not (tmp_path / "features.csv").exists()
    assert hm(online.home, *ask, tmp_path / "features.parquet")[0] == 0
    assert pl.read_parquet(tmp_path / "features.parquet")["ranking_articles"].list.len().min() >= 12


def test_the_check_finds_what_was_changed_by_hand(online, tmp_path):
    last, root = last_week(online), tmp_path / "home"
    shutil.copytree(online.home, root)
    graph = Graph(STEPS, Home(root), online.model_copy(update={"home": root}), {last: "everyone"})
    stored = StoredPartition(STEPS["online_store"], graph, last, Manifest.load(graph.folder("online_store", last)))
    assert AGREEMENT in STEPS["online_store"].checks
    assert AGREEMENT.find(stored).passed
    with sqlite3.connect(root / "feast" / "online.db") as database:
        database.execute("DELETE FROM hm_needs WHERE feature_name = 'needed_types'")
    failed = AGREEMENT.find(stored)
    assert not failed.passed
    assert "values differ" in failed.found
    assert "--force" in failed.hint


def test_a_run_of_the_ui_leaves_serving_assets_out_of_weeks_that_were_never_served(online):
    week = Home(online.home).calendar.key(last_week(online) - 1)
    chosen = [dg.AssetKey(name) for name in ("rankings", "submission", "online_store")]
    with dagster_instance(online) as instance:
        job = build_defs(online).resolve_job_def("week")
        run = job.execute_in_process(instance=instance, partition_key=week, asset_selection=chosen)
        warned = [record.message for record in instance.all_logs(run.run_id) if "is left out" in record.message]
    assert run.success
    assert {event.asset_key.to_user_string() for event in run.get_asset_materialization_events()} == {"rankings"}
    assert len(warned) == 2
    assert all(f"`hm run --week {week}` serves it" in text for text in warned)
    assert Manifest.load(Home(online.home).folder("submission", last_week(online) - 1)) is None
    assert served_week(open_store(online.home)) == last_week(online)


def test_runs_of_a_command_are_listed_with_their_job_their_command_and_their_week(online):
    last = last_week(online)
    week = Home(online.home).calendar.key(last)
    materialize(online, [("online_store", last)], audiences={last: "everyone"}, force=True, command="hm run --week D")
    materialize(online, [("rankings", last)], audiences={last: "everyone"}, force=True, command="hm audit")
    with dagster_instance(online) as instance:
        *_, run = audits_and_runs = instance.get_runs(limit=4)  # each command looks at what it reads in a run of its own
    assert [(one.job_name, one.tags[COMMAND], one.tags["dagster/partition"]) for one in audits_and_runs] == [
        *[("backfill", "hm audit", week)] * 2,
        *[("week", "hm run --week D", week)] * 2,
    ]
    assert run.remote_job_origin.location_name == LOCATION
    assert run.remote_job_origin.job_name == "week"
