"""The simulated shop of the laws, and all that can be known of it."""

import pytest

from tests.laws.conftest import home, shop, week_id
from tests.laws.evaluator import Evaluator, Shop

__all__ = ["home", "known", "shop", "week_id"]


@pytest.fixture(scope="session")
def known(shop: Shop) -> Evaluator:
    return Evaluator(shop)
