"""Dagster's event log with files that stay open: the same events as Dagster's own, and no more files open than a few."""

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from hm_pipeline.base.settings import Settings
from hm_pipeline.orchestration.event_log import MOST_OPEN, OpenEventLog
from hm_pipeline.orchestration.instance import dagster_instance

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own


@dg.asset
def counted():
    return dg.MaterializeResult(metadata={"rows": 3})


def test_events_are_read_by_dagsters_own_log(tmp_path):
    with dagster_instance(Settings(home=tmp_path)) as instance:
        assert isinstance(instance.event_log_storage, OpenEventLog)
        run = dg.materialize([counted], instance=instance).run_id
        written = [event.message for event in instance.all_logs(run)]
        assert instance.get_latest_materialization_event(dg.AssetKey("counted"))
    theirs = SqliteEventLogStorage(str(tmp_path / "dagster" / "history" / "runs"))
    assert [event.message for event in theirs.get_logs_for_run(run)] == written
    assert theirs.get_latest_materialization_events([dg.AssetKey("counted")])[dg.AssetKey("counted")]


def test_few_files_are_open(tmp_path):
    with dagster_instance(Settings(home=tmp_path)) as instance:
        for _ in range(MOST_OPEN + 3):
            dg.materialize([counted], instance=instance)
        engines = instance.event_log_storage._engines
        assert len(engines) == MOST_OPEN
        assert "index" in engines
    assert "_engines" not in vars(instance.event_log_storage)


def test_a_storage_of_ones_own_is_left_as_it_is(tmp_path):
    (tmp_path / "dagster").mkdir()
    (tmp_path / "dagster" / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    with dagster_instance(Settings(home=tmp_path)) as instance:
        assert type(instance.event_log_storage) is SqliteEventLogStorage
