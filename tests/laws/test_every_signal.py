"""The laws of every signal, its model, and the history that signals and strategies share."""

from pathlib import Path

import pytest

from hm_pipeline.base.contracts import ArticleWeek, CustomerWeek, Pair
from hm_pipeline.recommender import signals
from hm_pipeline.recommender.candidates import STRATEGIES
from hm_pipeline.recommender.signals import SIGNALS
from hm_pipeline.recommender.signals._lib.share_model import FEATURES
from hm_pipeline.recommender.signals._lib.signal import Signal
from hm_pipeline.recommender.signals.seasonality import LEVELS
from tests.laws import laws
from tests.laws.conftest import Worlds
from tests.laws.evaluator import ALL_STEPS, Shop
from tests.laws.tiny_shops import CALENDAR, WEEK

HISTORY = [name for name in ALL_STEPS if name.startswith("history/")]
MODELS = [f"model/{signal.name}" for signal in SIGNALS if signal.fit]
NAMES = [*HISTORY, *MODELS, *(f"signal/{signal.name}" for signal in SIGNALS)]

every_step = pytest.mark.parametrize("name", NAMES)
every_signal = pytest.mark.parametrize("signal", SIGNALS, ids=lambda signal: signal.name)


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


@every_signal
def test_an_empty_history_gives_an_empty_or_null_answer(signal: Signal, worlds: Worlds, week_id: int) -> None:
    found = worlds("empty").result(f"signal/{signal.name}", week_id)
    assert signal.schema.is_valid(found)
    assert found[signal.name].fill_null(0).n_unique() <= 1


@every_signal
def test_values_are_not_constant(signal: Signal, worlds: Worlds, week_id: int) -> None:
    found = worlds("known").result(f"signal/{signal.name}", week_id)
    constant = [column for column in signal.columns if found[column].drop_nulls().n_unique() < 2]
    assert constant == []


@pytest.mark.parametrize("name", [name for name in MODELS if name != "model/seasonality"])
def test_boosters_are_fitted(name: str, worlds: Worlds, week_id: int) -> None:
    model = worlds("known").result(name, week_id)
    assert set(model.fitted.boosters) == set(model.fitted.constants)
    assert set(model.loaded.boosters) == set(model.fitted.boosters)
    assert model.fitted.metrics["examples"] > 1_000


def test_the_weights_of_seasons_are_fitted(worlds: Worlds, week_id: int) -> None:
    model = worlds("known").result("model/seasonality", week_id)
    assert model.loaded == model.fitted
    assert model.fitted.weights.keys() == LEVELS.keys()
    # Of 28 weeks of sales the first 5 only explain; what has no year before stands at its default of 0.
    assert model.fitted.metrics == {"weeks": 23.0}
    for weights in model.fitted.weights.values():
        by_name = dict(zip(FEATURES, weights, strict=True))
        assert by_name["same_week"] == by_name["same_weeks"] == 0
        assert 0.5 < by_name["level"] < 1.5


@pytest.mark.parametrize("name", [*MODELS, "model/first_stage"])
def test_models_are_fitted_for_the_very_week(name: str, shop: Shop, week_id: int) -> None:
    assert ALL_STEPS[name].fit_week(week_id, shop.calendar) == week_id  # or the weeks since the fit would not be looked at
    assert ALL_STEPS[name].fit_week(WEEK, CALENDAR) == WEEK


@every_signal
def test_a_signal_is_named_by_its_module(signal: Signal) -> None:
    assert signal.columns[0] == signal.name
    of_type = [*CustomerWeek.primary_key(), "product_type_no"]
    grains = {"type_need": of_type, "activity": CustomerWeek.primary_key(), "visit_propensity": CustomerWeek.primary_key()}
    grains |= dict.fromkeys(("habit", "need_propensity", "style_similarity"), Pair.primary_key())
    assert signal.schema.primary_key() == grains.get(signal.name, ArticleWeek.primary_key())
    assert signal.description.endswith(("?", "."))


def test_every_module_is_registered() -> None:
    modules = {path.stem for path in Path(signals.__path__[0]).glob("*.py") if not path.stem.startswith("_")}
    assert modules == {signal.name for signal in SIGNALS}


def test_column_names_are_unique() -> None:
    names = [column for registered in (*SIGNALS, *STRATEGIES) for column in registered.columns]
    assert len(names) == len(set(names))


def test_every_step_reads_earlier_steps_or_its_own_past() -> None:
    order = list(ALL_STEPS)
    for place, (name, step) in enumerate(ALL_STEPS.items()):
        for read in step.reads:
            assert read.name in order[:place] or (read.name == name and read.last < 0), f"{name} reads {read.name}"
        assert step.model is None or step.model in order[:place]
