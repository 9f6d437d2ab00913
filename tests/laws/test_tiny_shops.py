"""The laws on tiny shops, where nothing is fitted but ids, ages, prices and types are odd."""

from dataclasses import replace

import polars as pl
from hypothesis import HealthCheck, given, settings

from tests.laws import laws
from tests.laws.evaluator import ALL_STEPS, Evaluator, Shop
from tests.laws.tiny_shops import WEEK, futures, tiny_shops

NAMES = [name for name in ALL_STEPS if name.startswith(("history/", "signal/", "model/", "strategy/")) or name == "candidates"]


# All steps on one shop, for they share what they read; what is broken is noted.
@settings(max_examples=16, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow])
@given(shop=tiny_shops(), future=futures())
def test_everything_obeys_the_laws(shop: Shop, future: pl.DataFrame) -> None:
    known, shuffled, alone = Evaluator(shop), Evaluator(shop, disorder=3), Evaluator(replace(shop, audience=shop.audience.head(1)))
    past = shop.transactions.filter(pl.col("week_id") < WEEK)
    altered = Evaluator(replace(shop, transactions=pl.concat([past, future])))
    for name in NAMES:
        try:
            laws.ignores_the_future(name, WEEK, known, altered)
            laws.ignores_other_customers(name, WEEK, known, alone)
            laws.ignores_row_order(name, WEEK, known, shuffled)
        except Exception as error:
            error.add_note(f"where {name} is computed")
            raise
