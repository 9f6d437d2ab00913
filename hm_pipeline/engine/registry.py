"""Registry of the steps of a graph, in an order that puts what is read first."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Unpack

from hm_pipeline.engine.step import Dependency, Step, StepOptions, at, before

OWN_PAST = ("transactions", "purchases")


class Steps(dict[str, Step]):
    """Steps by name.

    Parameters
    ----------
    entry
        ``module:table`` where a process of workers finds these steps.
    """

    def __init__(self, entry: str) -> None:
        super().__init__()
        self.entry = entry

    def add(self, steps: Iterable[Step]) -> None:
        """Add steps; one of a known name replaces the other."""
        self.update({step.name: replace(step, entry=self.entry) for step in steps})

    def step(self, name: str, **options: Unpack[StepOptions]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a body as a step; its docstring is the asset's description."""

        def register(body: Callable[..., Any]) -> Callable[..., Any]:
            self.add([Step(name, body, description=(body.__doc__ or "").strip(), **options)])
            return body

        return register


def reads_of(inputs: Iterable[str], history_weeks: int | None = None, *, back: int = 0) -> tuple[Dependency, ...]:
    """Return the reads that named inputs stand for: transactions before the week, everything else as known at it.

    Parameters
    ----------
    inputs
        Names of tables; ``"purchases"`` are the audience's own transactions.
    history_weeks
        Weeks of transactions, all where not given.
    back
        Weeks before its own at which a table is read, too.
    """
    names = tuple(inputs)
    past = [before("transactions", history_weeks, of_audience=name == "purchases") for name in names if name in OWN_PAST]
    return (*past, *(at(name, back=back) for name in names if name not in OWN_PAST))
