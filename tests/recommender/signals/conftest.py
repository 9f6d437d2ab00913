"""The simulated shop of the laws."""

import pytest

from tests.laws.conftest import home, shop, week_id
from tests.laws.evaluator import Evaluator, Shop

__all__ = ["home", "made", "shop", "week_id"]


@pytest.fixture(scope="session")
def made(shop: Shop) -> Evaluator:
    """Whatever is made of the shop, made once."""
    return Evaluator(shop)
