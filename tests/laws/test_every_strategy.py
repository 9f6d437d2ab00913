"""The laws of every strategy, of the first stage and of the candidates it keeps."""

from pathlib import Path

import polars as pl
import pytest

from hm_pipeline.base.contracts import Pair
from hm_pipeline.recommender import candidates
from hm_pipeline.recommender.candidates import STRATEGIES
from hm_pipeline.recommender.candidates._lib.strategy import Strategy
from hm_pipeline.recommender.candidates.first_stage.bins import bin_counts
from tests.laws import laws
from tests.laws.conftest import Worlds
from tests.laws.evaluator import Shop

NAMES = [*(f"strategy/{strategy.name}" for strategy in STRATEGIES), "model/first_stage", "candidates"]

every_step = pytest.mark.parametrize("name", NAMES)
every_strategy = pytest.mark.parametrize("strategy", STRATEGIES, ids=lambda strategy: strategy.name)


@every_step
@pytest.mark.parametrize("future", ["removed", "added", "changed"])
def test_the_future_changes_nothing(name: str, future: str, worlds: Worlds, week_id: int) -> None:
    laws.ignores_the_future(name, week_id, worlds("known"), worlds(future))


@every_step
def test_other_customers_change_nothing(name: str, worlds: Worlds, week_id: int) -> None:
    laws.ignores_other_customers(name, week_id, worlds("known"), worlds("alone"))


@every_step
def test_the_order_of_rows_does_not_matter(name: str, worlds: Worlds, week_id: int) -> None:
    laws.ignores_row_order(name, week_id, worlds("known"), worlds("shuffled"))


@every_step
def test_twice_gives_the_same_bytes(name: str, worlds: Worlds, week_id: int) -> None:
    laws.repeats_itself(name, week_id, worlds("known"), worlds("again"))


@every_strategy
def test_an_empty_history_gives_an_empty_answer(strategy: Strategy, worlds: Worlds, week_id: int) -> None:
    found = worlds("empty").result(f"strategy/{strategy.name}", week_id)
    assert strategy.schema.is_valid(found)
    assert found.is_empty()


@every_strategy
def test_ranks_count_from_one_and_fall_with_the_score(strategy: Strategy, worlds: Worlds, week_id: int) -> None:
    found = worlds("known").result(f"strategy/{strategy.name}", week_id).sort("customer_id", f"{strategy.name}_rank")
    ranks, scores = pl.col(f"{strategy.name}_rank"), pl.col(f"{strategy.name}_score")
    assert found.select(ranks.n_unique()).item() > 5
    assert found.select(scores.n_unique()).item() > 4  # comeback has five: they who come back to a small shop are few
    within = found.select(
        (ranks == pl.int_range(1, pl.len() + 1).over("customer_id")).all().alias("counted"),
        (scores.diff().over("customer_id").fill_null(0) <= 0).all().alias("falling"),
    )
    assert within.row(0) == (True, True)


def test_the_first_stage_is_fitted(worlds: Worlds, week_id: int) -> None:
    model = worlds("known").result("model/first_stage", week_id)
    assert model.fitted.metrics["hits"] > 0
    expected = bin_counts([strategy.name for strategy in STRATEGIES])
    assert {name: len(weights) for name, weights in model.loaded.weights.items()} == expected
    assert all(len(set(weights)) > 2 for weights in model.loaded.weights.values())


def test_every_customer_gets_at_least_twelve_candidates(worlds: Worlds, week_id: int, shop: Shop) -> None:
    found = worlds("known").result("candidates", week_id)
    counted = found.group_by("customer_id").len()
    assert counted.height == shop.audience.height
    assert counted["len"].min() >= 12
    assert counted["len"].max() <= 100


@every_strategy
def test_a_strategy_names_its_columns(strategy: Strategy) -> None:
    assert strategy.columns[:2] == [f"{strategy.name}_rank", f"{strategy.name}_score"]
    assert strategy.schema.primary_key() == Pair.primary_key()


def test_every_module_is_registered() -> None:
    modules = {path.stem for path in Path(candidates.__path__[0]).glob("*.py") if not path.stem.startswith("_")}
    assert modules - {"first_stage"} == {strategy.name for strategy in STRATEGIES}
