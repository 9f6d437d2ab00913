"""Options of the whole suite, the order of its files, and folders that are made once for all processes that share it."""

import os
import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

# The files that take longest, the longest first, so that none of them is what everyone waits for at the end.
LONG = (
    "tests/e2e/test_ranges.py",
    "tests/e2e/test_unattended.py",
    "tests/e2e/test_chain.py",
    "tests/e2e/test_killed_runs.py",
    "tests/e2e/test_audit.py",
    "tests/e2e/test_odd_paths.py",
    "tests/e2e/test_exhibits.py",
    "tests/e2e/test_foreign_shop.py",
    "tests/e2e/test_documents.py",
    "tests/test_contributing.py",
    "tests/laws/test_tiny_shops.py",
    "tests/e2e/test_kills.py",
    "tests/e2e/test_bridge.py",
    "tests/e2e/test_unforeseen.py",
    "tests/e2e/test_writers.py",
    "tests/e2e/test_automation.py",
    "tests/e2e/test_dagster.py",
    "tests/e2e/test_notebook.py",
    "tests/evaluation/test_truth.py",
    "tests/evaluation/test_calibration.py",
    "tests/feast_duckdb/test_parity.py",
    "tests/features/test_online.py",
    "tests/e2e/test_taken_back.py",
    "tests/e2e/test_pull.py",
    "tests/e2e/test_online_asset.py",
    "tests/e2e/test_verdicts.py",
)


settings.register_profile("unhurried", deadline=None)  # a busy machine is no fault of what is tested
settings.load_profile("unhurried")


def pytest_addoption(parser):
    parser.addoption("--automation-weeks", action="store_true", help="run tests/e2e/test_automation_weeks.py")
    parser.addoption("--kills", type=int, default=2, help="how often each command is killed (tests/e2e/test_kills.py)")
    parser.addoption("--container", action="store_true", help="build the container in a clean root, and start its services (minutes)")


def pytest_configure(config):
    config.option.loadscopereorder = False  # pytest-xdist would begin with the files that have the most tests


def pytest_collection_modifyitems(items):
    """Put the longest files first, and all others in the order in which they were found."""
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(LONG)))


@pytest.fixture(scope="session")
def kills(pytestconfig):
    """How often each command is killed."""
    return pytestconfig.getoption("--kills")


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """Return what makes a folder once, by the first process that asks for it; nobody may write to it afterwards."""
    own = tmp_path_factory.getbasetemp()
    root = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "once"
    root.mkdir(exist_ok=True)

    def made(name, make) -> Path:
        folder, done = root / name, root / f"{name}.done"
        with FileLock(root / f"{name}.lock"):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                make(folder)
                done.touch()
        return folder

    return made
