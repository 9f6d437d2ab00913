"""A small simulated shop, ingested once; tests that write get a copy of its home."""

import shutil
from pathlib import Path

import pytest

from hm_pipeline.base.settings import Settings
from hm_pipeline.cli import app as cli
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.simulator.simulate import simulate
from hm_pipeline.engine.home import Home
from hm_pipeline.orchestration.execute import materialize

WEEKS = 18  # nine before an ensemble is fitted, and enough to teach it more than last week's best sellers


@pytest.fixture(scope="session")
def raw(tmp_path_factory):
    """Raw files of 900 customers."""
    folder = tmp_path_factory.mktemp("raw")
    simulate(folder, customers=900, articles=500, weeks=WEEKS, seed=3)
    return folder


@pytest.fixture(scope="session")
def fresh(raw, tmp_path_factory):
    """Return a maker of homes with the shop ingested and nothing made."""
    made = {}

    def home(name: str, shards: int = 2) -> Settings:
        if shards not in made:
            made[shards] = tmp_path_factory.mktemp(f"ingested-{shards}") / "home"
            ingest(raw, made[shards], settings=Settings(home=made[shards], shards=shards))
        target = tmp_path_factory.mktemp(name) / "home"
        shutil.copytree(made[shards], target)
        return quick(target)

    return home


def quick(home: Path) -> Settings:
    """Return settings that make a small shop's week in seconds."""
    return Settings(home=home, trials=2, candidates=40)


@pytest.fixture(scope="session")
def served(fresh):
    """A home whose serving week and the labelled week before it were made."""
    settings = fresh("served")
    last = last_week(settings)
    materialize(settings, [("submission", last), ("scoreboard", last - 1)], audiences={last: "everyone"})
    return settings


def last_week(settings: Settings) -> int:
    return Home(settings.home).calendar.last_week


@pytest.fixture
def hm(monkeypatch, capsys):
    """Run `hm` on a home and return exit code, output and complaints."""

    def run(home, *words):
        monkeypatch.setenv("HM_HOME", str(home))
        monkeypatch.setenv("HM_TRIALS", "2")
        monkeypatch.setenv("HM_CANDIDATES", "40")
        monkeypatch.setattr("sys.argv", ["hm", *map(str, words)])
        code = 0
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run
