"""The simulated shop of the laws, and all that can be known of it."""

from tests.laws.conftest import home, known, shop, week_id

__all__ = ["home", "known", "shop", "week_id"]
