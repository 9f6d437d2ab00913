"""A simulated shop large enough that models are fitted, and the worlds in which the laws look at it."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

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
def home(once: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The home of a simulated shop of 2,000 customers and 30 weeks: this process's own copy of it."""

    def make(folder: Path) -> None:
        simulate(folder / "raw", customers=2_000, articles=1_500, weeks=30, seed=1)
        ingest(folder / "raw", folder / "home", settings=Settings(home=folder / "home", shards=2))

    own = tmp_path_factory.getbasetemp() / "home-of-the-laws"
    if not own.exists():  # each folder of tests that imports this has a fixture of its own
        shutil.copytree(once("laws", make) / "home", own)
    return Home(own)


@cache
def shop_of(root: Path) -> Shop:
    home = Home(root)
    sold = home.weekly("transactions", Transactions).before(home.calendar.last_week)
    facts = [
        frame.select(pl.exclude("event_timestamp")).collect() for frame in (sold, home.dimension("articles"), home.dimension("customers"))
    ]
    return Shop(*facts, audience=facts[2].select("customer_id").gather_every(7), calendar=home.calendar)


@cache
def evaluator_of(root: Path) -> Evaluator:
    return Evaluator(shop_of(root))


@pytest.fixture(scope="session")
def shop(home: Home) -> Shop:
    """The same shop in memory, with every seventh customer as audience."""
    return shop_of(home.root)


@pytest.fixture(scope="session")
def known(home: Home) -> Evaluator:
    """All that can be made of the shop, each thing made once for all tests of this process."""
    return evaluator_of(home.root)


@pytest.fixture(scope="session")
def week_id(shop: Shop) -> int:
    """A week with two weeks of labels after it, for which every model is refitted."""
    return shop.calendar.first_week + 28


@pytest.fixture(scope="session")
def worlds(shop: Shop, known: Evaluator, week_id: int) -> Worlds:
    """Evaluators of the shop by what is done to it, each made once."""

    @cache
    def world(name: str) -> Evaluator:
        if name == "known":
            return known
        if name == "again":
            return Evaluator(shop)
        if name == "shuffled":
            return Evaluator(shop, disorder=5)
        if name == "alone":
            return Evaluator(replace(shop, audience=shop.audience.gather_every(2)))
        if name == "empty":
            return Evaluator(replace(shop, transactions=shop.transactions.clear()))
        return Evaluator(altered_futures(shop, week_id)[name])

    return world
