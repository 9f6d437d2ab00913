"""Dagster's storage of a home."""

import pytest
from sqlalchemy import text

from hm_pipeline.base.settings import Settings
from hm_pipeline.orchestration.instance import dagster_instance

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Dagster's own


def test_a_commit_is_in_the_write_ahead_log_and_does_not_wait_for_the_disk(tmp_path):
    with dagster_instance(Settings(home=tmp_path)) as instance, instance.run_storage.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 1  # NORMAL
