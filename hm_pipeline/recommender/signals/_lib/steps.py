"""Steps of a signal: its table, and its model where it is fitted."""

from typing import Any

from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.registry import reads_of
from hm_pipeline.engine.step import Step, WeekContext, at
from hm_pipeline.recommender.signals._lib.signal import Signal


def model_step(signal: Signal) -> Step:
    """Return the step that fits a signal's model."""

    def fit(inputs: Inputs, week: WeekContext) -> Any:
        return signal.fit(inputs, week_id=week.week_id, seed=week.settings.seed) if signal.fit else None

    return Step(
        f"model/{signal.name}",
        fit,
        kind="model",
        reads=reads_of((name for name in signal.inputs if name not in ("purchases", "candidates")), back=signal.past_weeks),
        code=_code(signal),
        settings=("seed",),
        parameters=signal.parameters,
        load=signal.load,
        every=signal.refit_weeks,
        warm_up=2,
        group="signals",
        description=f"Fit of {signal.name}, or a pointer to the one that serves the week.",
        unit="a fitted model and its settings",
        why=signal.why,
    )


def table_step(signal: Signal) -> Step:
    """Return the step that computes a signal, whose model is there already."""
    model = f"model/{signal.name}" if signal.fit else None

    def compute(inputs: Inputs, week: WeekContext) -> Any:
        fitted_model = {"model": week.model} if model else {}
        return signal.compute(inputs, week_id=week.week_id, **fitted_model, **signal.parameters)

    return Step(
        f"signal/{signal.name}",
        compute,
        schema=signal.schema,
        reads=(*reads_of(signal.inputs, signal.history_weeks), *((at("audience"),) if signal.is_of_customers else ())),
        code=_code(signal),
        parameters=signal.parameters,
        model=model,
        is_sharded=signal.is_of_customers,
        group="signals",
        description=signal.description,
        unit=signal.unit or signal.headline,
        why=signal.why,
        previews=signal.previews,
        questions=signal.questions,
        checks=signal.checks,
    )


def _code(signal: Signal) -> tuple[Any, ...]:
    return tuple(part for part in (signal.compute, signal.fit) if part)
