"""Signals: their registration.

A signal answers one question about a week at its own grain.  Dagster assets, Feast views and law tests are made
from its registration; it names none of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hm_pipeline.engine.presentation import Check, Preview
from hm_pipeline.engine.registration import Registration


@dataclass(frozen=True, kw_only=True)
class Signal(Registration):
    """A signal; its headline column bears its name.

    Parameters
    ----------
    fit
        ``fit(tables, *, week_id, seed)`` returns a model with ``save(folder)``; it builds its own past examples.  With
        one, ``compute`` takes ``model``.
    load
        Reads such a model from its folder.
    refit_weeks
        Weeks that a fit serves.
    past_weeks
        Earlier cutoffs at which the fit looks at its weekly inputs.
    parameters
        Values that override keyword defaults of ``compute``.
    previews, questions, checks
        Pictures and tables shown beside a partition, the questions whose metrics are shown beside it (``need``,
        ``season``, ``availability``, ``units``), and checks of it.
    """

    fit: Callable[..., Any] | None = None
    load: Callable[[Path], Any] | None = None
    refit_weeks: int = 4
    past_weeks: int = 0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    previews: tuple[Preview, ...] = ()
    questions: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()

    @property
    def is_of_customers(self) -> bool:
        """Whether the grain has a customer, so that it is computed shard by shard."""
        return "customer_id" in self.schema.primary_key()
