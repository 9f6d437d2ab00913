"""Features of pairs that a person gives, by the ids a person has: what a notebook and `hm features` ask for."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import polars as pl

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.columns import BUYERS
from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.base.ids import integers
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.engine.shop_ids import ShopIds
from hm_pipeline.feast_duckdb.offline.frames import as_arrow
from hm_pipeline.features.feast_objects import KEYS
from hm_pipeline.features.historical import CANDIDATES, IS_CANDIDATE, are_candidates, feature_names, fetch
from hm_pipeline.features.matrix import store_of
from hm_pipeline.features.tables import feature_tables

ASKED = ("customer_id", "article_id", "week_id", "week")
HINT = "give customer_id (the shop's own, 64 hex digits, or an integer), article_id, and week_id or week (its first day)"


def features_of_pairs(
    pairs: pl.DataFrame | pd.DataFrame, settings: Settings, *, service: str, features: Sequence[str] = (), where: str = "pairs"
) -> pl.DataFrame:
    """Return ``is_candidate`` and the features: one row per pair, in the given order.

    Parameters
    ----------
    service
        Feast service that names the features.
    features
        Those of them that are wanted; all where not given.
    where
        Where the pairs are from, for complaints.

    Raises
    ------
    MissingInput
        If a column, customer, article, service or feature is not there, or a week was not made.
    InvalidInput
        If a key is empty, cannot be read or contradicts another, or a feature would bear the name of a given column.
    """
    columns = _columns(pairs, where)
    asked = pl.DataFrame(pl.from_arrow(as_arrow(pairs[[name for name in ASKED if name in columns]], where=where)))
    home = Home(settings.home)
    keys = _keys(asked, home, where)
    store = store_of(settings.home.absolute(), settings.threads, settings.memory)
    wanted = _wanted(feature_names(store, service), features, service)
    clash = sorted({IS_CANDIDATE, *wanted} & {*columns})
    if clash:
        raise InvalidInput(f"{', '.join(clash)} would appear twice", where=where, hint="rename the column")
    _refuse_unmade(home, keys["week_id"], service)
    found = fetch(store, keys, service=service, calendar=home.calendar)
    if IS_CANDIDATE not in found.columns:
        found = found.with_columns(are_candidates(store, keys, calendar=home.calendar))
    return found.select(IS_CANDIDATE, *wanted)


def _refuse_unmade(home: Home, weeks: pl.Series, service: str) -> None:
    """Raise where a week's tables are not all there, with the command that makes them."""
    names = [CANDIDATES, *(table.table for table in feature_tables() if service in table.services and table.is_weekly)]
    for week_id in weeks.unique().sort():
        missing = [name for name in names if Manifest.load(home.folder(name, week_id)) is None]
        if missing:
            week = home.calendar.key(week_id)
            audience = "" if week_id == home.calendar.last_week else f" --audience {BUYERS}"
            raise MissingInput(f"the week of {week} was not made", where=missing[0], hint=f"run `hm run --week {week}{audience}`")


def _columns(pairs: Any, where: str) -> list[str]:
    """Return the names of the columns of pairs; those that are no keys stay as they are, and are not looked at."""
    if not isinstance(pairs, pd.DataFrame | pl.DataFrame):
        raise InvalidInput(f"a {type(pairs).__name__} holds no pairs", where=where, hint="give a Polars or pandas frame")
    columns = list(pairs.columns)
    missing = [name for name in ("customer_id", "article_id") if name not in columns]
    missing += [] if {"week_id", "week"} & {*columns} else ["week_id"]
    if missing:
        raise MissingInput(f"no column {', '.join(missing)}", where=where, hint=HINT)
    return columns


def _wanted(known: Sequence[str], features: Sequence[str], service: str) -> list[str]:
    unknown = [name for name in features if name not in known]
    if unknown:
        hint = f"choose from: {', '.join(known)}"
        raise MissingInput(f"there is no feature {unknown[0]!r}", where=f"service {service!r}", hint=hint)
    return list(features or known)


def _keys(asked: pl.DataFrame, home: Home, where: str) -> pl.DataFrame:
    """Return the keys as the tables have them."""
    customers = home.dimension("customers").select("customer_id", "customer_hex").collect()
    articles = home.dimension("articles").select("article_id").collect()["article_id"]
    ids = ShopIds.load(home.root)
    article = ids.article_id(asked["article_id"]).alias("article_id") if ids.are_own else _number(asked["article_id"], where)
    keys = pl.DataFrame([_customer_ids(asked["customer_id"], customers, ids, where), _weeks(asked, home.calendar, where), article])
    for name, known in (("customer_id", customers["customer_id"]), ("article_id", articles)):
        _refuse(asked[name], ~keys[name].is_in(known.implode()), f"there is no {name.removesuffix('_id')}", where)
    return keys.select(KEYS)


def _customer_ids(given: pl.Series, customers: pl.DataFrame, shop: ShopIds, where: str) -> pl.Series:
    if shop.are_own:
        own = shop.customer_id(given)
        _refuse(given, own.is_null(), "there is no customer", where)
        return own.alias("customer_id")
    numbers = integers(given)
    if given.dtype != pl.String:
        _refuse(given, numbers.is_null(), f"{given.name} is not an integer:", where)
        return numbers
    text = given.str.strip_chars().str.to_lowercase().alias("customer_hex").to_frame()
    ids = text.join(customers, on="customer_hex", how="left", maintain_order="left")["customer_id"]
    found = ids.fill_null(numbers).alias("customer_id")
    _refuse(given, found.is_null(), "there is no customer", where)
    return found


def _weeks(asked: pl.DataFrame, calendar: Calendar, where: str) -> pl.Series:
    if "week" not in asked.columns:
        return _numbered_weeks(asked["week_id"], calendar, where)
    days = asked["week"]
    if days.dtype.is_temporal() and days.dtype != pl.Date:
        _refuse(days, days != days.dt.truncate("1d"), "week is the first day of one, not a time of day:", where)
    texts = (days.dt.strftime("%Y-%m-%d") if days.dtype.is_temporal() else days.cast(pl.String)).to_list()
    _refuse(days, days.is_null(), "week is", where)
    known = {text: calendar.parse(text) for text in sorted({*texts})}
    weeks = pl.Series("week_id", [known[text] for text in texts], dtype=pl.Int64)
    if "week_id" in asked.columns:
        _refuse(asked["week_id"], _numbered_weeks(asked["week_id"], calendar, where) != weeks, "week is another one than week_id", where)
    return weeks


def _numbered_weeks(given: pl.Series, calendar: Calendar, where: str) -> pl.Series:
    weeks = _number(given, where)
    _refuse(weeks, ~weeks.is_in(list(calendar.weeks)), "the data have no week", where)
    return weeks


def _number(given: pl.Series, where: str) -> pl.Series:
    numbers = integers(given)
    _refuse(given, numbers.is_null(), f"{given.name} is not an integer:", where)
    return numbers


def _refuse(given: pl.Series, is_wrong: pl.Series, what: str, where: str) -> None:
    """Raise where any row is wrong, with the first one's value and place."""
    rows = is_wrong.fill_null(value=True).arg_true()
    if len(rows):
        value = given[rows[0]]
        shown = "an empty cell" if value is None else repr(value)
        more = f", and {len(rows) - 1} more rows" if len(rows) > 1 else ""
        raise InvalidInput(f"{what} {shown}{more}", where=f"{where}, row {rows[0] + 1}", hint=HINT)
