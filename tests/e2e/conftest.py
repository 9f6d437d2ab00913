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
def raw(once):
    """Raw files of 900 customers, which nobody writes to."""
    return once("raw", lambda folder: simulate(folder, customers=900, articles=500, weeks=WEEKS, seed=3))


@pytest.fixture(scope="session")
def fresh(raw, once, tmp_path_factory):
    """Return a maker of homes with the shop ingested and nothing made."""

    def home(name: str, shards: int = 2) -> Settings:
        made = once(f"ingested-{shards}", lambda folder: ingest(raw, folder, settings=Settings(home=folder, shards=shards)))
        target = tmp_path_factory.mktemp(name) / "home"
        shutil.copytree(made, target)
        return quick(target)

    return home


def quick(home: Path) -> Settings:
    """Return settings that make a small shop's week in seconds."""
    return Settings(home=home, trials=2, candidates=40, label_weeks=4)


@pytest.fixture(scope="session")
def served_again(raw, once, tmp_path_factory):
    """Return a maker of homes whose serving week and the labelled week before it were made, and nothing else."""

    def make(folder: Path) -> None:
        ingest(raw, folder, settings=Settings(home=folder, shards=2))
        last = last_week(quick(folder))
        materialize(quick(folder), [("submission", last), ("scoreboard", last - 1)], audiences={last: "everyone"})

    def home(name: str) -> Settings:
        target = tmp_path_factory.mktemp(name) / "home"
        shutil.copytree(once("served", make), target)
        return quick(target)

    return home


@pytest.fixture(scope="session")
def served(served_again):
    """One of these homes for all tests of this process, which may make more in it."""
    return served_again("served")


def last_week(settings: Settings) -> int:
    return Home(settings.home).calendar.last_week


@pytest.fixture
def hm(monkeypatch, capsys):
    """Run `hm` on a home and return exit code, output and complaints."""

    def run(home, *words):
        monkeypatch.setenv("HM_HOME", str(home))
        monkeypatch.setenv("HM_TRIALS", "2")
        monkeypatch.setenv("HM_LABEL_WEEKS", "4")
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
