"""Inputs of a body: the tables it declared, up to its max week, and the customers it works for.

A body asks for its inputs by name and gets nothing that it did not declare.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import polars as pl

from hm_pipeline.base.calendar import REFERENCE, Calendar
from hm_pipeline.base.errors import MissingInput
from hm_pipeline.engine.tables import InMemoryTable, WeeklyTable

Table = TypeVar("Table")
Made = TypeVar("Made")


@dataclass(frozen=True)
class Inputs:
    """Named handles on weekly tables and frames.

    Parameters
    ----------
    weekly
        Handles of weekly tables.  ``"purchases"`` is ``"transactions"`` of the audience alone: what is counted over
        all customers reads the latter, what is a customer's own reads the former.
    dimensions
        Articles and customers as they are known at the week.
    audience
        ``customer_id`` of the customers to work for, sorted; article-grain bodies have none.
    calendar
        Calendar of the data.
    made, own
        What :meth:`once` and :meth:`shared` have made; inputs with another table have made nothing yet.
    """

    weekly_tables: Mapping[str, WeeklyTable] = field(default_factory=dict)
    dimensions: Mapping[str, pl.LazyFrame] = field(default_factory=dict)
    audience_frame: pl.LazyFrame | None = None
    calendar: Calendar = REFERENCE
    made: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    own: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def weekly(self, name: str) -> WeeklyTable:
        """Return the handle on a declared weekly table."""
        return _declared(self.weekly_tables, name)

    def dimension(self, name: str) -> pl.LazyFrame:
        """Return a declared dimension, one row a key, as it was known at the week."""
        return _declared(self.dimensions, name)

    @property
    def audience(self) -> pl.LazyFrame:
        """``customer_id`` of the customers to work for, sorted."""
        if self.audience_frame is None:
            raise MissingInput("there is no audience", where="inputs", hint="declare the input 'audience'")
        return self.audience_frame

    def ages(self, customer_ids: pl.Series) -> pl.Series:
        """Return the ages of customers, in years, null where they are not known."""
        known = self.dimension("customers").select("customer_id", "age")
        theirs = known.filter(pl.col("customer_id").is_between(customer_ids.min(), customer_ids.max())).collect()  # a shard is a range
        return customer_ids.to_frame("customer_id").join(theirs, on="customer_id", how="left", maintain_order="left")["age"]

    def cached_for_partition(self, make: Callable[..., Made], *asked: object) -> Made:
        """Return what a function makes of the tables of everyone and of what is asked, made once for all shards of a partition.

        It is handed no table of customers in the audience, so that what it makes cannot be of theirs.
        """
        return _made_once(self.made, make, asked, self._of_everyone)

    def cached_for_shard(self, make: Callable[..., Made], *asked: object) -> Made:
        """Return what a function makes of these inputs and of what is asked, made once for all bodies that read the same customers."""
        return _made_once(self.own, make, asked, lambda: self)

    def _of_everyone(self) -> "Inputs":
        weekly = {name: table for name, table in self.weekly_tables.items() if table.customers is None and name != "purchases"}
        return replace(self, weekly_tables=weekly, audience_frame=None).with_cache(self.made)

    def with_cache(self, made: dict[object, Any]) -> "Inputs":
        """Return the same inputs, with what others have made of the tables of everyone, to which they add."""
        known = replace(self)
        object.__setattr__(known, "made", made)
        return known

    def with_in_memory(self, name: str, *, week_id: int) -> "Inputs":
        """Return the same inputs with a weekly table's rows before a week in memory, for bodies that ask for them often."""
        table = self.weekly(name)
        held = InMemoryTable(table.before(week_id).collect(), table.schema, max_week=table.max_week)
        held.customers = table.customers
        known = replace(self, weekly_tables={**self.weekly_tables, name: held})
        return known.with_cache(self.made) if name == "purchases" else known  # of which nothing is made for everyone

    def of(self, audience: pl.LazyFrame) -> "Inputs":
        """Return the same inputs for other customers, as a fit needs them for its past examples."""
        purchases = CustomerSubset(self.weekly("transactions"), audience.select("customer_id"))
        return replace(self, weekly_tables={**self.weekly_tables, "purchases": purchases}, audience_frame=audience).with_cache(self.made)


class CustomerSubset(WeeklyTable):
    """A weekly table, rows of some customers only."""

    def __init__(self, table: WeeklyTable, customers: pl.LazyFrame) -> None:
        super().__init__(table.folder, table.schema, max_week=table.max_week, customers=table.customers)
        self._table, self._customers = table, customers

    def at(self, week_id: int) -> pl.LazyFrame:
        """Return the rows about one week."""
        return self._table.at(week_id).join(self._customers, on="customer_id", how="semi")

    def before(self, week_id: int, weeks: int | None = None) -> pl.LazyFrame:
        """Return the rows of all weeks before one, or of the last so many of them."""
        return self._table.before(week_id, weeks).join(self._customers, on="customer_id", how="semi")


def _made_once(kept: dict[object, Any], make: Callable[..., Made], asked: tuple[object, ...], tables: Callable[[], Inputs]) -> Made:
    key = (make.__module__, make.__qualname__, asked)
    if key not in kept:
        kept[key] = make(tables(), *asked)
    made: Made = kept[key]
    return made


def _declared(tables: Mapping[str, Table], name: str) -> Table:
    if name not in tables:
        raise MissingInput(f"{name!r} is read but not declared", where="inputs", hint=f"add {name!r} to `inputs`")
    return tables[name]
