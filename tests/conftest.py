"""Options of the whole suite."""

import pytest


def pytest_addoption(parser):
    parser.addoption("--kills", type=int, default=2, help="how often each command is killed (tests/e2e/test_kills.py)")


@pytest.fixture(scope="session")
def kills(pytestconfig):
    """How often each command is killed."""
    return pytestconfig.getoption("--kills")
