"""The simulated shop of the laws, and all that can be made of it."""

import pytest

from tests.laws.conftest import home, known, shop, week_id
from tests.laws.evaluator import Evaluator

__all__ = ["home", "known", "made", "shop", "week_id"]


@pytest.fixture(scope="session")
def made(known: Evaluator) -> Evaluator:
    """Whatever is made of the shop, made once."""
    return known
