"""What a signal is.

A signal answers one question about a week at its own grain.  Dagster assets, Feast views and law tests are made
from its registration; it knows none of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl


@dataclass(frozen=True, kw_only=True)
class Signal:
    """A signal.

    Parameters
    ----------
    schema
        Contract; its primary key is the grain, and the headline column bears the signal's name.
    compute
        ``compute(tables, *, week_id, model=None)`` returns the table, a pure function of the weeks before.
    inputs
        Names of the tables it reads; ``"purchases"`` are the audience's own transactions.
    fit
        ``fit(tables, *, week_id, seed)`` returns a model with ``save(folder)``; it builds its own past examples.
    load
        Reads such a model from its folder.
    refit_weeks
        Weeks that a fit serves.
    past_weeks
        Earlier cutoffs at which the fit looks at its weekly inputs.
    history_weeks
        Weeks of transactions it reads, all where not given.
    parameters
        Values that override keyword defaults of ``compute``.
    """

    schema: type[dy.Schema]
    compute: Callable[..., pl.LazyFrame]
    inputs: tuple[str, ...]
    fit: Callable[..., Any] | None = None
    load: Callable[[Path], Any] | None = None
    refit_weeks: int = 4
    past_weeks: int = 0
    history_weeks: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Name of the module, and of the headline column."""
        return self.compute.__module__.rsplit(".", 1)[-1]

    @property
    def description(self) -> str:
        """First paragraph of the module."""
        return (__import__(self.compute.__module__, fromlist=["_"]).__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")

    @property
    def columns(self) -> list[str]:
        """Columns beside the key: the features."""
        keys = self.schema.primary_key()
        return [name for name in self.schema.column_names() if name not in keys]

    @property
    def is_of_customers(self) -> bool:
        """Whether the grain has a customer, so that it is computed shard by shard."""
        return "customer_id" in self.schema.primary_key()
