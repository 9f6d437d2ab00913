"""A simulated shop large enough that models are fitted, and the worlds in which the laws look at it."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import polars as pl
import pytest

from hm_pipeline.base.contracts import Transactions
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.simulator.simulate import simulate
from hm_pipeline.engine.home import Home
from tests.laws.evaluator import Evaluator, Shop
from tests.laws.laws import altered_futures

Worlds = Callable[[str], Evaluator]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home of a simulated shop of 2,000 customers and 30 weeks."""
    raw, root = tmp_path_factory.mktemp("raw"), tmp_path_factory.mktemp("home")
    simulate(raw, customers=2_000, articles=1_500, weeks=30, seed=1)
    ingest(raw, root, settings=Settings(home=root, shards=2))
    return Home(root)


@pytest.fixture(scope="session")
def shop(home: Home) -> Shop:
    """The same shop in memory, with every seventh customer as audience."""
    sold = home.weekly("transactions", Transactions).before(home.calendar.last_week)
    facts = [frame.select(pl.exclude("event_timestamp")).collect() for frame in (sold, home.static("articles"), home.static("customers"))]
    return Shop(*facts, audience=facts[2].select("customer_id").gather_every(7), calendar=home.calendar)


@pytest.fixture(scope="session")
def week_id(shop: Shop) -> int:
    """A week with two weeks of labels after it, for which every model is refitted."""
    return shop.calendar.first_week + 28


@pytest.fixture(scope="session")
def worlds(shop: Shop, week_id: int) -> Worlds:
    """Evaluators of the shop by what is done to it, each made once."""

    @cache
    def world(name: str) -> Evaluator:
        if name in ("known", "again"):
            return Evaluator(shop)
        if name == "shuffled":
            return Evaluator(shop, disorder=5)
        if name == "alone":
            return Evaluator(replace(shop, audience=shop.audience.gather_every(2)))
        if name == "empty":
            return Evaluator(replace(shop, transactions=shop.transactions.clear()))
        return Evaluator(altered_futures(shop, week_id)[name])

    return world
