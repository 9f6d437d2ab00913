"""Schema of a shop's files, as `shop.yaml` holds it: which files and columns hold what, and how values are written."""

from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self
from zoneinfo import available_timezones

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.datasets.shop.table_schema import Articles, Columns, Customers, Names, Part, Table

FILE = "shop.yaml"
FIRST_MONDAY = date(2000, 1, 3)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class Returns(StrEnum):
    """Treatment of returned units, which are never counted as bought."""

    NET = "net"
    LEAVE_OUT = "leave_out"
    REFUSE = "refuse"


class TransactionColumns(Columns):
    """Columns of the order lines."""

    day: str
    customer: str
    article: str
    price: str
    quantity: str = ""
    channel: str = ""
    is_return: str = ""

    @model_validator(mode="after")
    def _is_one_for_each(self) -> Self:
        named = list(self.named.values())
        if twice := [name for name in dict.fromkeys(named) if named.count(name) > 1]:
            raise ValueError(f"{twice[0]!r} is named twice")
        return self


class Transactions(Table):
    """Order lines.

    Parameters
    ----------
    date_format
        Format of the day, or moment, as in Python's ``strptime``.
    time_zone, written_in
        Zone of the shop, in which a moment becomes a day, and zone in which moments are written, the shop's where not given.
    quantity
        ``units``: a line of two is two purchases.  ``weight``: a line is one purchase, whatever it weighs.
    price_of
        Whether the price is that of a ``unit`` or of the whole ``line``.
    price_divisor
        Prices are divided by it; stored prices are below 2,147 of the resulting unit.
    channels
        Number of each channel: 1 is a store, 2 is online.
    returns, return_values
        Treatment of returns, which have a negative quantity, or one of the values in the column ``is_return``.  ``net``
        takes them off the purchases of the same customer, article and week: what was known at a week's cutoff does not
        change by what comes back later.
    """

    columns: TransactionColumns
    date_format: str = "%Y-%m-%d"
    time_zone: str = ""
    written_in: str = ""
    quantity: Literal["units", "weight"] = "units"
    price_of: Literal["unit", "line"] = "unit"
    price_divisor: float = Field(1.0, gt=0)
    channels: dict[str, Literal[1, 2]] = Field(default_factory=dict)
    returns: Returns = Returns.NET
    return_values: Names = ()

    @field_validator("time_zone", "written_in")
    @classmethod
    def _is_zone(cls, name: str) -> str:
        if name and name not in available_timezones():
            raise ValueError(f"there is no time zone {name!r}")
        return name

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if bool(self.columns.is_return) != bool(self.return_values):
            raise ValueError("is_return and return_values are given together")
        if self.written_in and not self.time_zone:
            raise ValueError("written_in needs time_zone")
        return self


class ShopSchema(Part):
    """Files of a shop.

    Parameters
    ----------
    currency
        Unit of the prices, shown beside them.
    week_begins
        Day on which weeks begin, of a new home.
    customers, articles
        Where one is not given, those of the order lines are taken.
    """

    currency: str = ""
    week_begins: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = "monday"
    transactions: Transactions
    customers: Customers | None = None
    articles: Articles | None = None

    @property
    def epoch(self) -> date:
        """First day of week 0, before any shop's first purchase."""
        return FIRST_MONDAY + timedelta(days=WEEKDAYS.index(self.week_begins))

    @property
    def tables(self) -> dict[str, Table]:
        """Tables that are given, by name."""
        given = {"transactions": self.transactions, "customers": self.customers, "articles": self.articles}
        return {name: table for name, table in given.items() if table}

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a schema.

        Raises
        ------
        MissingInput, InvalidInput
            If there is no such file, or one of its lines cannot be a schema's.
        """
        path = Path(path)
        if not path.is_file():
            raise MissingInput("no such file", where=str(path), hint="`hm schema FOLDER --out shop.yaml` drafts one")
        try:
            return cls.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise InvalidInput(f"is not YAML: {error}", where=str(path), hint="mend it, or draft another with `hm schema`") from error
        except ValidationError as error:
            faults = "; ".join(f"{'.'.join(map(str, one['loc'])) or 'schema'}: {one['msg']}" for one in error.errors())
            raise InvalidInput(faults, where=str(path), hint='see docs/data.md, "Any shop\'s files"') from error
