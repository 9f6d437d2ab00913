"""The command `feast` as people try it first: in a fresh shell, without HM_HOME, and its monitoring on a home that was run."""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from feast.cli.cli import cli
from feast.monitoring.monitoring_service import MonitoringService

import hm_pipeline
from hm_pipeline.engine.home import Home
from hm_pipeline.features.historical import open_store
from hm_pipeline.features.tables import feature_tables
from hm_pipeline.orchestration.execute import materialize
from tests.e2e.conftest import last_week

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own
PACKAGE = Path(hm_pipeline.__file__).parent


@pytest.fixture
def fresh_shell(tmp_path):
    """Return what runs `feast` in another checkout and a process of its own, without HM_HOME."""
    (tmp_path / "hm_pipeline").symlink_to(PACKAGE)
    (tmp_path / "feature_repo").symlink_to(PACKAGE.parent / "feature_repo")
    variables = {name: value for name, value in os.environ.items() if not name.startswith("HM_")} | {"PYTHONPATH": str(tmp_path)}

    def run(*words):
        command = [Path(sys.executable).with_name("feast"), "-c", "feature_repo", *words]
        return subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)

    return run


def test_a_fresh_shell_lists_the_views_of_the_demo_s_home(fresh_shell, served, tmp_path):
    (tmp_path / "home-demo").symlink_to(served.home)
    done = fresh_shell("feature-views", "list")
    assert (done.returncode, done.stderr) == (0, "")
    assert {line.split()[0] for line in done.stdout.splitlines()} > {table.name for table in feature_tables()}


@pytest.mark.parametrize("words", [("feature-views", "list"), ("materialize-incremental", "2020-10-01T00:00:00"), ("apply",)])
def test_a_fresh_shell_without_a_home_is_told_so_in_one_line(fresh_shell, words, tmp_path):
    done = fresh_shell(*words)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert str(tmp_path / "home") in line
    assert "HM_HOME" in line
    assert not [*tmp_path.glob("*/registry.db"), *tmp_path.glob("*HM_HOME*"), *tmp_path.glob("home*")]


def test_monitoring_measures_the_stored_week(served, monkeypatch, caplog):
    monkeypatch.setenv("HM_HOME", str(served.home))
    home, week = Home(served.home), last_week(served)
    materialize(served, [("online_store", week)], audiences={week: "everyone"})  # with the views of lists and needs
    day = home.calendar.key(week)
    words = ["monitor", "run", "--start-date", day, "--end-date", day, "--granularity", "weekly"]
    result = CliRunner().invoke(cli, ["-c", str(PACKAGE.parent / "feature_repo"), *words])
    assert (result.exit_code, result.exception) == (0, None), result.output
    assert f"Feature views computed: {len(feature_tables())}\n" in result.output
    assert not caplog.records
    service = MonitoringService(open_store(served.home))
    for table in feature_tables():
        found = {row["feature_name"]: row for row in service.get_feature_metrics("hm", feature_view_name=table.name, granularity="weekly")}
        if not table.is_weekly:  # bears the day of the first week
            assert {row["row_count"] for row in found.values()} == {0}
            continue
        stored = pl.concat([pl.read_parquet(file) for file in sorted(home.folder(table.table, week).glob("shard=*.parquet"))])
        assert found.keys() == table.features.keys()
        for name, row in found.items():
            assert (row["row_count"], row["null_count"], row["metric_date"]) == (stored.height, stored[name].null_count(), day)
            if row["feature_type"] == "numeric":
                values = stored[name].explode() if stored[name].dtype.is_nested() else stored[name]
                values = values.drop_nulls().cast(pl.Float64)
                figures = [values.mean(), values.min(), values.max(), values.quantile(0.5, "linear"), values.quantile(0.99, "linear")]
                assert [row[figure] for figure in ("mean", "min_val", "max_val", "p50", "p99")] == pytest.approx(
                    figures, rel=1e-6, abs=1e-9
                )
