"""A week taken back after it was served and judged, and delivered again with two of its days: nothing made for it is read."""

import json
import shutil
from datetime import date

import polars as pl
import pytest

from hm_pipeline.assets import STEPS
from hm_pipeline.base.errors import MissingInput
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import scan_files
from hm_pipeline.engine.plan import Graph
from hm_pipeline.features.historical import open_store
from hm_pipeline.features.online_lookup import served_week
from hm_pipeline.orchestration.execute import materialize
from tests.e2e.conftest import last_week, quick

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own
LAST, SERVING = 105, 104


@pytest.fixture(scope="module")
def cut(raw, tmp_path_factory):
    """The raw files up to Thursday 2020-09-17."""
    folder = tmp_path_factory.mktemp("cut") / "raw"
    shutil.copytree(raw, folder)
    file = folder / "transactions_train.csv"
    pl.read_csv(file, infer_schema=False).filter(pl.col("t_dat") <= "2020-09-17").write_csv(file)
    return folder


@pytest.fixture(scope="module")
def known(served, tmp_path_factory):
    """A copy of the home that served 2020-09-23 online and judged 2020-09-16."""
    home = tmp_path_factory.mktemp("known") / "home"
    shutil.copytree(served.home, home)
    materialize(quick(home), [("online_store", LAST)], audiences={LAST: "everyone"})
    return quick(home)


def lists(home: Home) -> pl.DataFrame:
    files = sorted(home.folder("recommendations", SERVING).glob("*.parquet"))
    return scan_files(files).collect().sort("customer_id", "rank")


def test_the_week_is_served_from_what_was_known_before_it(hm, known, cut, raw):
    home = Home(known.home)
    judged = lists(home)
    code, said, _ = hm(known.home, "ingest", cut, "--drop-weeks", "2020-09-16..2020-09-22", "--json")
    assert code == 0
    told = json.loads(said)
    assert (told["last_week"], told["last_day"], told["weeks_dropped"]) == (SERVING, "2020-09-17", 1)
    assert not list(known.home.glob(f"tables/**/week_id={LAST}"))
    assert not home.folder("labels", SERVING).exists()
    assert last_week(known) == SERVING

    code, _, said = hm(known.home, "run", "--week", "2020-09-23")
    assert (code, "lies outside the data" in said) == (1, True)
    code, said, _ = hm(known.home, "run", "--week", "2020-09-16", "--json")
    assert code == 0
    assert json.loads(said)["cut_short"].startswith("The data end on Thursday 2020-09-17, day 2 of the week of 2020-09-16")
    assert served_week(open_store(known.home)) == SERVING
    everyone = lists(Home(known.home))
    assert everyone["customer_id"].n_unique() == 900
    theirs = everyone.join(judged, on="customer_id", how="semi", maintain_order="left")
    assert theirs.equals(judged)  # the two days that are there change nothing

    code, _, said = hm(known.home, "evaluate", "--week", "2020-09-16")
    assert (code, "are not known" in said) == (1, True)

    code, said, _ = hm(known.home, "ingest", raw, "--json")
    assert (code, json.loads(said)["last_week"], json.loads(said)["cut_short"]) == (0, LAST, "")
    graph = Graph(STEPS, Home(known.home), known)
    stale = graph.stale([("scoreboard", SERVING)])
    assert (stale["labels"] if "labels" in stale else stale["scoreboard"]) == [SERVING]


@pytest.mark.parametrize("is_ingested", [True, False])
def test_what_judges_the_serving_week_is_refused(fresh, is_ingested):
    """In the graph, so that Dagster's UI and Python are told the same as the command."""
    home = Home(fresh("judged").home)
    calendar = home.calendar
    if is_ingested:
        assert calendar.start(calendar.last_week) == date(2020, 9, 23)
        shutil.copytree(home.folder("transactions", SERVING), home.folder("transactions", LAST))
    graph = Graph(STEPS, home, quick(home.root), {})
    for name in ("labels", "feature_matrix", "scoreboard", "recall_budget", "signal_scores"):
        for plan in (graph.stale, lambda targets: graph.missing(*targets[0])):
            with pytest.raises(
                MissingInput, match=r"purchases of the week of 2020-09-23 are not all known .*evaluate weeks up to 2020-09-16"
            ):
                plan([(name, LAST)])
    with pytest.raises(MissingInput, match=r"are not all known \(audience\)"):
        Graph(STEPS, home, quick(home.root), {LAST: "buyers"}).stale([("recommendations", LAST)])
    assert graph.stale([("submission", LAST), ("online_store", LAST)])
