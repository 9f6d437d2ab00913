"""Lookup of what is served online: lists and features of customers and articles, by the ids of the raw files.

``look_up(open_store(home), customers=[hex_id])`` gives a customer's list, scores, strategies, needs and activity.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import polars as pl

from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.base.ids import integer, signed
from hm_pipeline.engine.shop_ids import ShopIds, known_texts
from hm_pipeline.features.historical import home_of, service_of
from hm_pipeline.features.identity import refuse_others
from hm_pipeline.features.online_load import tables_of
from hm_pipeline.features.tables import LOOKBOOK

if TYPE_CHECKING:
    from feast import FeatureStore

KNOWN = {"customer_id": "customers:age", "article_id": "articles:product_type_no"}  # views that hold everyone and everything
TRIES = 3  # a week may be exchanged for the next between two looks


def look_up(
    store: "FeatureStore",
    *,
    customers: Sequence[str | int] = (),
    articles: Sequence[str | int] = (),
    features: str | Sequence[str] = LOOKBOOK,
    request: Mapping[str, Sequence[Any]] | None = None,
) -> pl.DataFrame:
    """Return features of the week that is served, one row per customer, article, or pair of both, in the given order.

    Parameters
    ----------
    customers
        The shop's own ids: 64 hex digits where it has Kaggle's, or the integers of the tables.
    articles
        Numbers, with or without leading zeros; as many as customers where both are given.
    features
        A Feast service, or names like ``rankings:ranking_articles``.
    request
        What an on-demand view asks for, a value per row.

    Raises
    ------
    MissingInput
        If nothing is online yet, or a customer or an article is not among what is.
    InvalidInput
        If an id is none, or there is not one of each per row.
    """
    customers, articles, asked = list(customers), list(articles), dict[str, Sequence[Any]]()
    ids = ShopIds.load(home_of(store))
    if customers:
        asked["customer_id"] = _own(customers, ids.customer_id, "customer") if ids.are_own else [_customer(given) for given in customers]
    if articles:
        asked["article_id"] = _own(articles, ids.article_id, "article") if ids.are_own else [_article(given) for given in articles]
    asked |= request or {}
    refuse_others(home_of(store), customers)
    rows = {len(values) for values in asked.values()}
    if len(rows) != 1:
        raise InvalidInput(f"{sorted(rows) or 'no'} rows are asked for", where="look_up", hint="give as many of each, at least one")
    found = _read(store, features, asked, rows.pop())
    _refuse_unknown(store, found, {"customer_id": customers, "article_id": articles}, [*asked, "week_id"])
    return found


def served_week(store: "FeatureStore") -> int:
    """Return the week that is served.

    Raises
    ------
    MissingInput
        If nothing is online yet.
    """
    week_id = tables_of(store).served()
    if week_id is None:
        hint = "run `hm run --week` for the serving week, with --force if it is made"
        raise MissingInput("nothing is served yet", where="online store", hint=hint)
    return week_id


def _read(store: "FeatureStore", features: str | Sequence[str], asked: Mapping[str, Sequence[Any]], rows: int) -> pl.DataFrame:
    wanted = service_of(store, features) if isinstance(features, str) else list(features)
    for _ in range(TRIES):
        week_id = served_week(store)
        entities = {**asked, "week_id": [week_id] * rows}
        answer = store.get_online_features(features=wanted, entity_rows=entities).to_dict()
        if served_week(store) == week_id:
            break
    else:
        raise MissingInput(f"the served week changed during {TRIES} reads", where="online store", hint="retry when the load has finished")
    keys = {name: answer.pop(name, entities[name]) for name in entities}
    return pl.DataFrame({**keys, **answer}, strict=False)


def _refuse_unknown(store: "FeatureStore", found: pl.DataFrame, given: Mapping[str, Sequence[str | int]], keys: Sequence[str]) -> None:
    """Look for the customers and articles of rows that hold nothing: these may be unknown, or have no features.

    In a row of both, what one has hides that the other is unknown, so all such rows are looked at.
    """
    is_empty = found.select(pl.all_horizontal(pl.exclude(*keys).is_null())).to_series()
    empty = list(range(found.height)) if all(given.values()) else is_empty.arg_true().to_list()
    for name, ids in given.items() if empty else ():
        if not ids:
            continue
        answer = store.get_online_features(features=[KNOWN[name]], entity_rows={name: [found[name][row] for row in empty]}).proto
        place = list(answer.metadata.feature_names.val).index(KNOWN[name].partition(":")[2])
        # Feast's Redis store gives a key without a row the status of one without the value; neither has a moment.
        unknown = [row for row, moment in zip(empty, answer.results[place].event_timestamps, strict=True) if moment.seconds <= 0]
        if unknown:
            named = f"{name.removesuffix('_id')} {ids[unknown[0]]}" + (f" and {len(unknown) - 1} more" if unknown[1:] else "")
            raise MissingInput(f"{named} is not served", where="online store", hint="give ids of customers.csv and articles.csv")


def _own(given: Sequence[str | int], integers: Callable[[pl.Series], pl.Series], name: str) -> list[int]:
    """Return the integers of the shop's own ids."""
    found = integers(known_texts(given))
    if found.null_count():
        unknown = given[int(found.is_null().arg_max() or 0)]
        raise MissingInput(f"there is no {name} {unknown!r}", where=f"{name}s", hint=f"give ids of the shop's {name}s")
    return found.to_list()


def _customer(given: str | int) -> int:
    """Return the number of a customer: the last 16 digits, as a signed integer."""
    number = signed(given) if isinstance(given, str) else integer(given)
    if number is None:
        raise InvalidInput(f"{given!r} is no customer", where="customers", hint="give the 64-digit id of customers.csv")
    return number


def _article(given: str | int) -> int:
    number = integer(given)
    if number is None:
        raise InvalidInput(f"{given!r} is no article", where="articles", hint="give the number of articles.csv")
    return number
