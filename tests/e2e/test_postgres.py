"""Dagster's runs and events in a real Postgres server, started here and stopped again."""

import dagster as dg
import pytest

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.engine.home import Home
from hm_pipeline.orchestration.execute import materialize
from hm_pipeline.orchestration.instance import dagster_instance
from tests.postgres_server import postgres_server

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own


@pytest.fixture(scope="module")
def server():
    pytest.importorskip("dagster_postgres", reason="pip install 'hm-pipeline[postgres]'")
    with postgres_server() as url:
        yield url


def test_a_run_leaves_its_events_in_postgres_and_none_in_sqlite(fresh, server, monkeypatch):
    monkeypatch.setenv("HM_POSTGRES", server)
    settings = fresh("in-postgres").model_copy(update={"postgres": server})
    week = Home(settings.home).calendar.last_week - 1
    materialize(settings, [("history/article_sales", week)])
    with dagster_instance(settings) as instance:
        assert type(instance.event_log_storage).__module__.startswith("dagster_postgres")
        key = dg.AssetKey(["history", "article_sales"])
        made = instance.get_materialized_partitions(key)
        assert instance.get_runs_count() > 0
    assert Home(settings.home).calendar.key(week) in made
    assert not list((settings.home / "dagster").rglob("*.db"))
    assert server not in (settings.home / "dagster" / "dagster.yaml").read_text()


def test_a_server_that_does_not_answer_is_one_line(fresh, monkeypatch):
    pytest.importorskip("dagster_postgres")
    url = "postgresql://hm@127.0.0.1:1/none"
    monkeypatch.setenv("HM_POSTGRES", url)
    settings = fresh("no-server").model_copy(update={"postgres": url})
    with pytest.raises(InvalidInput, match=r"Postgres does not answer.*refused.*unset it"), dagster_instance(settings) as instance:
        instance.get_runs_count()
