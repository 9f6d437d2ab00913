"""Keys of rows that are given to Feast: the shop's own ids, which are texts, become the integers of the tables."""

from collections.abc import Mapping, Sequence
from numbers import Integral
from pathlib import Path
from typing import Any

import polars as pl

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.base.ids import integers
from hm_pipeline.engine.shop_ids import ShopIds
from hm_pipeline.features.identity import are_customers, refuse_others

NAMES = {"customer_id": "customer", "article_id": "article"}
HINT = "give the shop's own ids as texts, or the integers of the tables"


def columns_of(rows: Any) -> dict[str, Any]:
    """Return Feast's entity rows, a mapping of columns or a list of rows, as columns."""
    if isinstance(rows, Mapping):
        return dict(rows)
    return {name: [row.get(name) for row in rows] for name in dict.fromkeys(name for row in rows for name in row)}


def keys_of(columns: Mapping[str, Any], home: Path) -> dict[str, list[int | None]]:
    """Return the keys of columns that hold ids of the shop, and of no others.

    Raises
    ------
    MissingInput
        If the shop has no such customer or article.
    """
    return {name: keys for name in NAMES if name in columns and (keys := _keys(name, columns[name], home)) is not None}


def _keys(name: str, given: Any, home: Path) -> list[int | None] | None:
    ids = ShopIds.load(home)
    is_integer = isinstance(given, pl.Series) and given.dtype.is_integer()
    values = list(given) if isinstance(given, Sequence | pl.Series) and not is_integer else []
    texts = [value for value in values if isinstance(value, str)]
    if ids.are_own and (is_integer or len(texts) < len(values)):
        numbers = given if is_integer else pl.Series(name, [value for value in values if isinstance(value, Integral)], dtype=pl.Int64)
        _refuse(name, numbers, _are_keys(name, numbers.cast(pl.Int64), ids, home))
    if not texts:
        return None
    found = _integers(name, pl.Series(name, texts, dtype=pl.String), ids, home)
    _refuse(name, texts, found.is_not_null())
    keys = dict(zip(texts, found, strict=True))
    return [keys[value] if isinstance(value, str) else value for value in values]


def _integers(name: str, texts: pl.Series, ids: ShopIds, home: Path) -> pl.Series:
    """Return the integers of the tables, null where a text is nobody's; Kaggle's customers may be integers written as texts."""
    if name == "article_id":
        return ids.article_id(texts)
    if ids.are_own:
        return ids.customer_id(texts)
    refuse_others(home, texts.to_list(), unknown=True)
    return ids.customer_id(texts).fill_null(integers(texts))


def _are_keys(name: str, numbers: pl.Series, ids: ShopIds, home: Path) -> pl.Series:
    """Return whether integers are keys of the tables, as a shop may have integers of its own."""
    if name == "customer_id":
        return are_customers(home, numbers)
    return numbers.is_in(ids.articles["article_id"].implode()) if ids.articles is not None else numbers.is_not_null()


def _refuse(name: str, given: Sequence[Any] | pl.Series, is_known: pl.Series) -> None:
    unknown = (~is_known.fill_null(value=True)).arg_true()  # missing ones are left to Feast
    if len(unknown):
        more = f" and {len(unknown) - 1} more" if len(unknown) > 1 else ""
        raise MissingInput(f"there is no {NAMES[name]} {given[unknown[0]]!r}{more}", where="entity rows", hint=HINT)
