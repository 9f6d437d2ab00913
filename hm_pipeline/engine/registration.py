"""Common part of signals and strategies: a contract, a function that fills it, and the tables it reads."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import dataframely as dy
import polars as pl


@dataclass(frozen=True, kw_only=True)
class Registration:
    """A module's entry in a registry: all that the asset, the view and the pages of it are made from.

    Parameters
    ----------
    name
        Name of the asset, the view and the headline column; data keep it, wherever the module lies.
    schema
        Contract; its primary key is the grain.
    compute
        ``compute(tables, *, week_id)`` returns the table, a pure function of the weeks before.
    inputs
        Names of the tables it reads; ``"purchases"`` are the audience's own transactions.
    history_weeks
        Weeks of transactions it reads, all where not given.
    why
        What it is good for, shown in the UI.
    unit
        Unit of a row's values, shown in the UI; the headline column's description where not given.
    view
        Name of its Feast view, its own name where not given.
    services
        Feast services that hold its features: ``ranking`` for the ensemble, ``signals``, ``lookbook`` for pages.
    """

    name: str
    schema: type[dy.Schema]
    compute: Callable[..., pl.LazyFrame]
    inputs: tuple[str, ...]
    history_weeks: int | None = None
    why: str = ""
    unit: str = ""
    view: str = ""
    services: tuple[str, ...] = ("ranking",)

    @property
    def description(self) -> str:
        """First paragraph of the module."""
        return (sys.modules[self.compute.__module__].__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")

    @property
    def columns(self) -> list[str]:
        """Columns beside the key: the features."""
        keys = self.schema.primary_key()
        return [name for name in self.schema.column_names() if name not in keys]

    @property
    def headline(self) -> str:
        """Description of the column that bears the name, nothing where there is none."""
        column = self.schema.columns().get(self.name)
        return (column.description or "") if column else ""
