"""The simulated shop of the laws."""

from tests.laws.conftest import home, shop, week_id

__all__ = ["home", "shop", "week_id"]
