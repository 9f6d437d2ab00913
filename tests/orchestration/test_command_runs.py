"""Commands of `hm` as runs of Dagster: listed with a job of the location, with their own times."""

import dagster as dg
import pytest

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.orchestration.command_runs import COMMAND, LOCATION, command_tags, recorded, report_commands
from hm_pipeline.orchestration.instance import dagster_instance
from tests.datasets.kaggle.tiny_files import write

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["/bin/hm", "ingest", "my files"])
    made = Settings(home=tmp_path / "home")
    ingest(write(tmp_path / "raw"), made.home, settings=made)
    return made


def reported(settings):
    with dagster_instance(settings) as instance:
        count = report_commands(instance, settings)
        records = instance.get_run_records(filters=dg.RunsFilter(job_name="ingest"), ascending=True)
        assert all(record.dagster_run.remote_job_origin.location_name == LOCATION for record in records)
        return count, records, [instance.all_logs(record.dagster_run.run_id) for record in records]


def test_an_ingest_is_a_run_with_its_times_and_figures_reported_once(settings):
    facts = {}
    with recorded(settings.home, facts):
        facts |= {"rows": 1234567, "cut_short": ""}
    count, (record,), (events,) = reported(settings)
    assert (count, record.dagster_run.status, record.dagster_run.tags[COMMAND]) == (1, dg.DagsterRunStatus.SUCCESS, "hm ingest 'my files'")
    assert record.start_time < record.end_time < record.create_timestamp.timestamp()
    (found,) = [event.dagster_event.engine_event_data.metadata for event in events if event.dagster_event.is_engine_event]
    assert {name: value.value for name, value in found.items()} == {"rows": "1,234,567"}
    assert reported(settings)[0] == 0


def test_one_that_was_refused_leaves_the_home_as_it_was(settings, tmp_path):
    before = sorted(settings.home.rglob("*"))
    for home in (settings.home, tmp_path / "none"):
        with pytest.raises(InvalidInput), recorded(home, {}):
            raise InvalidInput("not a price", where="line 3", hint="mend it")
    assert sorted(settings.home.rglob("*")) == before
    assert not (tmp_path / "none").exists()


def test_a_long_command_is_cut():
    assert len(command_tags("hm " + "x" * 1000)[COMMAND]) == 200
