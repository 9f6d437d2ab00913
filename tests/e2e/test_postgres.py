"""Dagster's runs and events in a real Postgres server, started here and stopped again."""

import os
import pwd
import shutil
import socket
import subprocess
from pathlib import Path

import dagster as dg
import pytest

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.engine.home import Home
from hm_pipeline.orchestration.execute import materialize
from hm_pipeline.orchestration.instance import dagster_instance

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own


def _binary(name: str) -> str | None:
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(debian[-1]) if debian else shutil.which(name)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """URL of a fresh server; it refuses to run as root, so that it gets another user there."""
    initdb, postgres = _binary("initdb"), _binary("pg_ctl")
    if not initdb or not postgres:
        pytest.skip("no Postgres server is installed: apt-get install postgresql")
    pytest.importorskip("dagster_postgres", reason="pip install 'hm-pipeline[postgres]'")
    folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    who = {}
    if os.getuid() == 0:
        user = pwd.getpwnam("postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody")
        os.chown(folder, user.pw_uid, user.pw_gid)
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    quiet = {"stdout": subprocess.DEVNULL, "cwd": folder, **who}
    subprocess.run([initdb, "-D", data, "-U", "hm", "-A", "trust"], check=True, **quiet)
    listen = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    subprocess.run([postgres, "-D", data, "-w", "-l", folder / "log", "-o", listen, "start"], check=True, **quiet)
    try:
        yield f"postgresql://hm@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run([postgres, "-D", data, "-m", "immediate", "stop"], check=True, **quiet)
        shutil.rmtree(folder)


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
