"""The first stage: what it is fitted on, what it finds, and what it keeps; week 4 starts on day 28."""

from dataclasses import dataclass
from pathlib import Path

import dataframely as dy
import polars as pl
import pytest

from hm_pipeline.base.contracts import Pair
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.candidates import STRATEGIES, popular
from hm_pipeline.recommender.candidates._lib.strategy import Strategy
from hm_pipeline.recommender.candidates.first_stage import model as first_stage
from hm_pipeline.recommender.candidates.first_stage.bins import bin_counts
from hm_pipeline.recommender.candidates.first_stage.model import FirstStage
from tests.laws.evaluator import ALL_STEPS, Evaluator
from tests.laws.tiny_shops import Sale
from tests.recommender.candidates.few_rows import WEEK, A, B, C, D, forecast, inputs_of, shop_of

NAMES = [strategy.name for strategy in STRATEGIES]
PRIOR = [0.0, -0.5, -1.0, -1.5, -2.0, -2.5, -3.0, -3.5, -4.0]
EVERY_WEEK = forecast(dict.fromkeys((A, B, C, D), 1.0), weeks=(2, 3, 4))


def fitted(sales: list[Sale]) -> FirstStage:
    tables = inputs_of("model/first_stage", shop_of(sales, (1, 2, 3, 4, 5)), EVERY_WEEK)
    return first_stage.fit(STRATEGIES, tables, week_id=WEEK, seed=0)


def test_it_is_fitted_on_what_was_taken_and_a_seventh_of_what_was_not() -> None:
    # A week ago A, C and D were popular, and proposed to the five who came in the week since; all took A: 5 hits of 15 rows.
    # Places count from 0.  Of C, place 2, and D, place 3, for customers 0 to 4 in week 3: 31 * customer + 17 * article + 3 is
    # a multiple of 7 for 93 + 51 + 3 = 147 and 124 + 34 + 3 = 161: two misses are examples.
    sales: list[Sale] = [(14, 1, A, 5, 1), (14, 1, C, 5, 1), (14, 1, D, 5, 1), *((22, customer, A, 5, 1) for customer in range(1, 6))]
    model = fitted(sales)
    assert model.metrics == {"hits": 5.0, "rows": 7.0}
    assert {name: len(weights) for name, weights in model.weights.items()} == bin_counts(NAMES)
    assert model.weights["popular"][0] > model.weights["popular"][1]  # A was first, C and D second and third


@pytest.mark.parametrize("sales", [[], [(14, 1, A, 5, 1), (22, 1, B, 5, 1)], [(22, 1, A, 5, 1)]])
def test_where_nothing_proposed_was_taken_all_strategies_are_trusted_by_their_ranks(sales: list[Sale]) -> None:
    model = fitted(sales)
    assert model.metrics["hits"] == 0
    assert {name: model.weights[name] for name in NAMES} == dict.fromkeys(NAMES, PRIOR)
    assert {name: len(weights) for name, weights in model.weights.items()} == bin_counts(NAMES)
    assert all(set(weights) == {0.0} for name, weights in model.weights.items() if name not in NAMES)


class Planted(Pair):
    """What the customers will take, or what they will not."""

    planted_rank = dy.Int16(nullable=False, min=1)
    planted_score = dy.Float32(nullable=False)


@dataclass
class Oracle:
    """A strategy's compute that gives rank 1 to what the week's sample takes, or to what it does not."""

    is_right: bool

    def __call__(self, tables: Inputs, *, week_id: int) -> pl.LazyFrame:
        sold = tables.weekly("transactions").before(week_id + 1, weeks=1).join(tables.audience, on="customer_id", how="semi")
        taken = sold.select("customer_id", "article_id").unique()
        offered = popular.compute(tables, week_id=week_id).select("customer_id", "article_id")
        pairs = taken if self.is_right else offered.join(taken, on=["customer_id", "article_id"], how="anti")
        said = pl.lit(week_id, dtype=pl.Int64).alias("week_id"), pl.lit(1, dtype=pl.Int16).alias("planted_rank")
        return Planted.validate(pairs.with_columns(*said, pl.lit(1, dtype=pl.Float32).alias("planted_score"))).lazy()


def with_planted(is_right: bool) -> tuple[Strategy, ...]:
    return (Strategy(name="planted", schema=Planted, compute=Oracle(is_right), inputs=("transactions",)), popular.STRATEGY)


def test_the_fit_finds_a_planted_signal(known: Evaluator, week_id: int) -> None:
    tables = known.inputs(ALL_STEPS["model/first_stage"], week_id)
    right, wrong = (first_stage.fit(with_planted(is_right), tables, week_id=week_id, seed=0) for is_right in (True, False))
    assert min(right.metrics["hits"], wrong.metrics["hits"]) > 20
    assert right.weights["planted"][0] > right.weights["planted"][-1] + 2
    assert wrong.weights["planted"][0] < wrong.weights["planted"][-1] - 2
    assert set(right.weights["planted"][1:-1]) == {0.0}  # ranks that nobody was given


def test_misses_weigh_as_many_as_they_stand_for(known: Evaluator, week_id: int, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = known.inputs(ALL_STEPS["model/first_stage"], week_id)
    some = first_stage.fit((popular.STRATEGY,), tables, week_id=week_id, seed=0)
    monkeypatch.setattr(first_stage, "NEGATIVE_SAMPLING", 1)
    every = first_stage.fit((popular.STRATEGY,), tables, week_id=week_id, seed=0)
    assert some.metrics["hits"] == every.metrics["hits"]
    misses = [model.metrics["rows"] - model.metrics["hits"] for model in (some, every)]
    assert misses[0] * 7 == pytest.approx(misses[1], rel=0.1)


def test_the_sample_is_as_large_as_asked_for(known: Evaluator, week_id: int) -> None:
    tables = known.inputs(ALL_STEPS["model/first_stage"], week_id)
    few = first_stage.fit((popular.STRATEGY,), tables, week_id=week_id, seed=0, weeks=1, customers=7)
    again = first_stage.fit((popular.STRATEGY,), tables, week_id=week_id, seed=0, weeks=1, customers=7)
    assert few == again
    assert 7 * 80 / 7 * 0.8 < few.metrics["rows"] < 7 * 80 / 7 * 1.2 + 7


def test_candidates_say_who_proposed_them() -> None:
    # A: own purchase, popular, popular at 20 and in its department.  B, of the same product: colourway, popular, in the department.
    sales: list[Sale] = [(21, 1, A, 5, 1), (22, 4, B, 5, 1)]
    prior = FirstStage({name: PRIOR if name in NAMES else [0.0] * width for name, width in bin_counts(NAMES).items()}, {})
    found = first_stage.retrieve(STRATEGIES, inputs_of("candidates", shop_of(sales)), week_id=WEEK, model=prior, most=2)
    assert first_stage.candidates_schema(STRATEGIES).is_valid(found)
    assert found.select("article_id", "strategy_count", "first_stage_rank").rows() == [(A, 4, 1), (B, 3, 2)]
    silent = [name for name in NAMES if found[f"{name}_rank"][0] is None]
    assert silent == ["same_product", "bought_together", "similar_customers", "comeback", "launches"]
    assert first_stage.retrieve(STRATEGIES, inputs_of("candidates", shop_of(sales)), week_id=WEEK, model=prior, most=1).equals(found[:1])


def test_weights_are_read_as_they_were_written(tmp_path: Path) -> None:
    model = FirstStage({"popular": [0.5, -0.25]}, {"hits": 1.0})
    model.save(tmp_path)
    assert FirstStage.load(tmp_path) == model
