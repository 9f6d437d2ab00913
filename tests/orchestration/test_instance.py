"""Dagster's storage of a home."""

import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import text

from hm_pipeline.base.settings import Settings
from hm_pipeline.orchestration.instance import create_storage, dagster_instance

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Dagster's own


def test_a_commit_is_in_the_write_ahead_log_and_does_not_wait_for_the_disk(tmp_path):
    with dagster_instance(Settings(home=tmp_path)) as instance, instance.run_storage.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 1  # NORMAL


def test_nothing_of_dagsters_own_covers_the_first_page_or_is_sent(tmp_path):
    with dagster_instance(Settings(home=tmp_path)) as instance:
        assert not instance.nux_enabled
        assert not instance.telemetry_enabled


def test_a_new_home_has_all_tables_before_processes_start_together(tmp_path):
    create_storage(Settings(home=tmp_path))
    tables = {path.name: _tables(path) for path in (tmp_path / "dagster").rglob("*.db")}
    assert "job_ticks" in tables["schedules.db"]
    assert "runs" in tables["runs.db"]
    assert "event_logs" in tables["index.db"]


def _tables(path):
    with closing(sqlite3.connect(path)) as database:
        return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
