"""A run that is killed is finished by the next, in the same bytes, and nothing is made twice."""

import random
import shutil

import dagster as dg
import pytest

from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.simulator.simulate import simulate
from hm_pipeline.orchestration.instance import dagster_instance
from tests.e2e import crashes
from tests.e2e.crashes import contents, finished, kill_after

WEEKS = 11


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A home with a shop ingested: as few weeks as two weeks of recommendations and their evaluation need."""
    folder = tmp_path_factory.mktemp("undisturbed")
    simulate(folder / "raw", customers=900, articles=500, weeks=WEEKS, seed=3)
    ingest(folder / "raw", folder / "home", settings=Settings(home=folder / "home", shards=2))
    return folder / "home"


@pytest.mark.parametrize(
    "command", [("run", "--week", "2020-09-23"), ("backfill", "--from", "2020-09-09", "--to", "2020-09-16")], ids=["run", "backfill"]
)
def test_a_run_killed_at_random(undisturbed, tmp_path, kills, command, hm):
    """What was finished at a kill is never written again; the end is that of a run which nobody disturbed."""
    if command[0] == "backfill" and kills < 10:
        pytest.skip("it takes minutes: `make kills` does it")
    home, whole = tmp_path / "killed", tmp_path / "whole"
    for copy in (home, whole):
        shutil.copytree(undisturbed, copy)
    assert hm(whole, *command)[0] == 0  # in this very process: what is killed starts anew, this need not
    moments, written, deaths = random.Random(2), {}, 0
    while deaths < kills:
        code = kill_after(moments.uniform(4, 12), home, *command)
        assert written.items() <= finished(home).items()
        written = finished(home)
        deaths += code == -9
        if code == 0:  # it came to its end between two kills: begin again
            assert contents(home) == contents(whole)
            shutil.rmtree(home)
            shutil.copytree(undisturbed, home)
            written = {}
    assert crashes.hm(home, *command)[0] == 0
    assert written.items() <= finished(home).items()
    assert contents(home) == contents(whole)
    assert not [path for path in home.glob("tables/**/.*") if path.suffix == ".tmp"]
    with dagster_instance(Settings(home=home)) as instance:
        assert not instance.get_runs(filters=dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.NOT_STARTED]))
