"""Features of pairs that a person gives, by the ids a person has: what a notebook and `hm features` ask for."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd
import polars as pl

from hm_pipeline.errors import BadInput, MissingInput
from hm_pipeline.features.matrix import store_of
from hm_pipeline.features.retrieval import IS_CANDIDATE, are_candidates, feature_names, fetch
from hm_pipeline.features.views import KEYS
from hm_pipeline.settings import Settings
from hm_pipeline.tables import Home
from hm_pipeline.weeks import Calendar

ASKED = "give customer_id (64 hex digits, or an integer), article_id, and week_id or week (its first day)"


def features_of_pairs(
    pairs: pl.DataFrame | pd.DataFrame, settings: Settings, *, service: str, features: Sequence[str] = (), where: str = "pairs"
) -> pl.DataFrame:
    """Return the given columns, ``is_candidate`` and the features: one row per pair, in the given order.

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
    BadInput
        If a key is empty or cannot be read.
    """
    asked = _frame(pairs, where)
    home = Home(settings.home)
    keys = _keys(asked, home, where)
    store = store_of(settings.home.absolute(), settings.threads, settings.memory)
    wanted = _wanted(feature_names(store, service), features, service)
    found = fetch(store, keys, service=service, calendar=home.calendar)
    if IS_CANDIDATE not in found.columns:
        found = found.with_columns(are_candidates(store, keys, calendar=home.calendar))
    clash = sorted({IS_CANDIDATE, *wanted} & set(asked.columns))
    if clash:
        raise BadInput(f"{', '.join(clash)} would appear twice", where=where, remedy="rename the column")
    return pl.concat([asked, found.select(IS_CANDIDATE, *wanted)], how="horizontal")


def _frame(pairs: Any, where: str) -> pl.DataFrame:
    if isinstance(pairs, pd.DataFrame):
        pairs = pl.from_pandas(pairs)
    if not isinstance(pairs, pl.DataFrame):
        raise BadInput(f"a {type(pairs).__name__} holds no pairs", where=where, remedy="give a Polars or pandas frame")
    missing = [name for name in ("customer_id", "article_id") if name not in pairs.columns]
    missing += [] if {"week_id", "week"} & set(pairs.columns) else ["week_id"]
    if missing:
        raise MissingInput(f"no column {', '.join(missing)}", where=where, remedy=ASKED)
    return pairs


def _wanted(known: Sequence[str], features: Sequence[str], service: str) -> list[str]:
    unknown = [name for name in features if name not in known]
    if unknown:
        remedy = f"choose from: {', '.join(known)}"
        raise MissingInput(f"there is no feature {unknown[0]!r}", where=f"service {service!r}", remedy=remedy)
    return list(features or known)


def _keys(asked: pl.DataFrame, home: Home, where: str) -> pl.DataFrame:
    """Return the keys as the tables have them."""
    customers = home.static("customers").select("customer_id", "customer_hex").collect()
    articles = home.static("articles").select("article_id").collect()["article_id"]
    article = _number(asked["article_id"], where)
    keys = pl.DataFrame([_customer_ids(asked["customer_id"], customers, where), _weeks(asked, home.calendar, where), article])
    for name, known in (("customer_id", customers["customer_id"]), ("article_id", articles)):
        _refuse(asked[name], ~keys[name].is_in(known.implode()), f"there is no {name.removesuffix('_id')}", where)
    return keys.select(KEYS)


def _customer_ids(given: pl.Series, customers: pl.DataFrame, where: str) -> pl.Series:
    if given.dtype.is_integer():
        return _number(given, where)
    text = given.cast(pl.String).str.strip_chars().str.to_lowercase().alias("customer_hex").to_frame()
    ids = text.join(customers, on="customer_hex", how="left", maintain_order="left")["customer_id"]
    numbers = text["customer_hex"].cast(pl.Int64, strict=False)
    found = ids.fill_null(numbers).alias("customer_id")
    _refuse(given, found.is_null(), "there is no customer", where)
    return found


def _weeks(asked: pl.DataFrame, calendar: Calendar, where: str) -> pl.Series:
    if "week_id" in asked.columns:
        weeks = _number(asked["week_id"], where)
        _refuse(weeks, ~weeks.is_in(list(calendar.weeks)), "the data have no week", where)
        return weeks
    days = [day.isoformat()[:10] if isinstance(day, date) else str(day) for day in asked["week"]]
    known = {day: calendar.parse(day) for day in sorted(set(days))}
    return pl.Series("week_id", [known[day] for day in days], dtype=pl.Int64)


def _number(given: pl.Series, where: str) -> pl.Series:
    numbers = given.cast(pl.Int64, strict=False)
    is_wrong = numbers.is_null()
    if given.dtype.is_numeric() and not given.dtype.is_integer():
        is_wrong |= given != numbers  # the cast cuts fractions off
    _refuse(given, is_wrong, f"{given.name} is no whole number:", where)
    return numbers


def _refuse(given: pl.Series, is_wrong: pl.Series, what: str, where: str) -> None:
    """Raise where any row is wrong, with the first one's value and place."""
    rows = is_wrong.fill_null(value=True).arg_true()
    if len(rows):
        value = given[rows[0]]
        told = "an empty cell" if value is None else repr(value)
        more = f", and {len(rows) - 1} more rows" if len(rows) > 1 else ""
        raise BadInput(f"{what} {told}{more}", where=f"{where}, row {rows[0] + 1}", remedy=ASKED)
