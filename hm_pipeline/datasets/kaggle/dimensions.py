"""Typed customers and articles from the raw files; a value that cannot be typed is an error."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import dataframely as dy
import polars as pl

from hm_pipeline.base.contracts import RAW_ARTICLES, RAW_CUSTOMERS, Articles, Customers
from hm_pipeline.base.ids import HEX, signed_id
from hm_pipeline.datasets.kaggle.csv_reader import read_text
from hm_pipeline.datasets.kaggle.csv_records import records_at
from hm_pipeline.datasets.kaggle.rejected_rows import MOST, bad_rows, refuse_rows, rejects_of
from hm_pipeline.engine.dimension import corrected, record
from hm_pipeline.engine.home import Home

FirstWeeks = Callable[[pl.DataFrame, str], pl.DataFrame]

COLUMN_OF = {"FN": "is_fashion_news", "Active": "is_active"}  # of the table, where the file has another name
DERIVED = ("customer_hex", "position")
HEX_HINT = "an id is 64 hex digits in lower case, as in Kaggle's files"
NUMBER_HINT = "write an integer"
MOST_ID = 10**18 - 1
ATTRIBUTES = ("club_member_status", "fashion_news_frequency", "age")


def read_customers(connection: Any, path: Path, stored: pl.DataFrame | None = None) -> pl.DataFrame:
    """Read customers.csv as :class:`Customers`, in the order of the file.

    Parameters
    ----------
    stored
        Customers that are known already.

    Raises
    ------
    InvalidInput
        If a value is not what its column holds, an id occurs twice, or two ids share their last 16 digits, be it
        within the file or with one that is stored.
    """
    raw = read_text(connection, path, RAW_CUSTOMERS)
    ids = pl.col("customer_id")
    _refuse(raw, ~ids.str.contains(HEX).fill_null(value=False), path, "customer_id", what="is not 64 hex digits", hint=HEX_HINT)
    _refuse(raw, ~ids.is_first_distinct(), path, "customer_id", what="occurs twice", hint="keep one row a customer")
    numbers = {name: raw[name].cast(pl.Float64, strict=False) for name in ("age", "FN", "Active")}
    for name, values in numbers.items():
        broken = (values.is_null() & raw[name].is_not_null()) | ~values.is_between(0, 1000).fill_null(value=True)
        _refuse(raw, broken, path, name, what="is no such number", hint="write a number, or leave it empty")
    customers = _type_customers(raw.with_columns(**numbers)).select(Customers.column_names())
    _refuse_twins(customers, stored, path)
    return customers


def _refuse_twins(customers: pl.DataFrame, stored: pl.DataFrame | None, path: Path) -> None:
    """Refuse ids that end like another one: by their ends, purchases would change hands."""
    ids = customers.select("customer_id", "customer_hex")
    known = [(ids, "")] if stored is None else [(ids, ""), (stored.select(ids.columns), ", which the home holds")]
    others = pl.concat(frame.select("customer_id", twin="customer_hex", whose=pl.lit(whose)) for frame, whose in known)
    if others["customer_id"].n_unique() == others["twin"].n_unique():
        return
    rows = ids.with_row_index("row").join(others, on="customer_id").filter(pl.col("customer_hex") != pl.col("twin"))
    twins = rows.sort("row", "whose").unique("row", keep="first", maintain_order=True)
    places = records_at(path, twins["row"].head(MOST).to_list())
    reasons = [f"customer_id shares its last 16 digits with {twin}{whose}" for twin, whose in twins.select("twin", "whose").iter_rows()]
    rejects = rejects_of((path.name, line, "customer_id", reason, text) for (line, text), reason in zip(places, reasons, strict=False))
    hint = "give one of them another id, in all files"
    raise bad_rows(rejects, value=twins["customer_hex"][0], hint=hint, count=twins.height)


def _type_customers(raw: pl.DataFrame) -> pl.DataFrame:
    tidy = {name: pl.when(pl.col(name).str.to_uppercase() == "NONE").then(pl.lit("NONE")).otherwise(name) for name in ATTRIBUTES[:2]}
    known = pl.any_horizontal(pl.col("FN", "Active", *ATTRIBUTES).is_not_null())  # an empty flag of a known customer is a no
    flags = {new: pl.when(known).then(pl.col(old).fill_null(0) > 0) for old, new in (("FN", "is_fashion_news"), ("Active", "is_active"))}
    return raw.with_columns(
        customer_id=signed_id(pl.col("customer_id")),
        customer_hex=pl.col("customer_id"),
        position=pl.int_range(pl.len(), dtype=pl.Int64),
        age=pl.col("age").round().cast(pl.Int16),
        **tidy,
        **flags,
    )


def read_articles(connection: Any, path: Path, stored: pl.DataFrame | None = None) -> pl.DataFrame:
    """Read articles.csv as :class:`Articles`, in the order of the file.

    Parameters
    ----------
    stored
        Articles that are known already, and keep their clothing types.

    Raises
    ------
    InvalidInput
        If a value is not what its column holds, an article occurs twice, or is of another type than one that is stored.
    """
    raw = read_text(connection, path, RAW_ARTICLES)
    numbers = [name for name, column in Articles.columns().items() if isinstance(column, dy.Int64)]
    integer = pl.col(numbers).str.strip_chars().str.replace(r"\.0*$", "")  # pandas writes a column that once held a gap as 253.0
    articles = raw.with_columns(integer.cast(pl.Int64, strict=False)).select(Articles.column_names())
    for name in numbers:
        broken = articles[name].is_null() & raw[name].is_not_null()
        _refuse(raw, broken, path, name, what="is not an integer", hint=NUMBER_HINT)
    no_id = ~articles["article_id"].is_between(0, MOST_ID).fill_null(value=False)
    _refuse(raw, no_id, path, "article_id", what="is not a number of up to 18 digits", hint=NUMBER_HINT)
    twice = ~articles["article_id"].is_first_distinct()
    _refuse(raw, twice, path, "article_id", what="occurs twice", hint="keep one row an article")
    if stored is not None:
        _refuse_changed_types(articles, stored, path)
    return articles


def _refuse_changed_types(articles: pl.DataFrame, stored: pl.DataFrame, path: Path) -> None:
    """Refuse articles of another type than they were: what is learnt of a type is learnt from their purchases."""
    name = "product_type_no"
    old = stored.select("article_id", old=name).filter(pl.col("old") >= 0)
    rows = articles.select("article_id", name).with_row_index("row").join(old, on="article_id").sort("row")
    changed = rows.filter(pl.col(name).ne_missing(pl.col("old")))
    if changed.is_empty():
        return
    places = records_at(path, changed["row"].head(MOST).to_list())
    reasons = [
        f"{name} is another type than {old} of article {article}" for article, old in changed.select("article_id", "old").iter_rows()
    ]
    rejects = rejects_of((path.name, line, name, reason, text) for (line, text), reason in zip(places, reasons, strict=False))
    hint = "give the article another id, or let the files' types replace the home's with --replace-types"
    raise bad_rows(rejects, value=changed[name][0], hint=hint, count=changed.height)


def _refuse(raw: pl.DataFrame, broken: pl.Expr | pl.Series, path: Path, column: str, *, what: str, hint: str) -> None:
    rows = raw.select(pl.arg_where(broken)).to_series() if isinstance(broken, pl.Expr) else broken.arg_true()
    if len(rows):
        raise refuse_rows(path, column, rows.to_list(), value=raw[column][int(rows[0])], what=what, hint=hint)


def merge(new: pl.DataFrame, stored: pl.DataFrame | None, key: str, named: Sequence[str]) -> pl.DataFrame:
    """Return the new rows and those stored rows whose key is not among them, so that old purchases keep their owners.

    Customers who are only stored keep their order and follow the new ones.

    Parameters
    ----------
    named
        Columns of the new file.  Of one that it does not name, rows that come again keep what is stored.
    """
    if stored is not None:
        given = {COLUMN_OF.get(name, name) for name in (*named, *DERIVED)}
        lacking = [name for name in new.columns if name not in given and name != key]
        new = new.drop(lacking).join(stored.select(key, *lacking), on=key, how="left", maintain_order="left").select(new.columns)
        kept = stored.select(new.columns).join(new, on=key, how="anti")
        if "position" in new.columns:
            kept = kept.sort("position").with_columns(position=pl.int_range(pl.len(), dtype=pl.Int64) + new.height)
        new = pl.concat([new, kept])
    return new.sort(key)


def versions_of(
    home: Home, table: str, rows: pl.DataFrame, first_weeks: FirstWeeks, *, week_id: int, correct_past: bool = False
) -> pl.DataFrame:
    """Return the rows of a dimension, each with the weeks in which it was the known one, after a delivery.

    Parameters
    ----------
    rows
        All rows that are known now.
    first_weeks
        Returns from which week on purchases of the delivery knew each of some ids.
    week_id
        Serving week after the delivery.
    correct_past
        Let changed rows have always been what they are now.
    """
    key = rows.columns[0]
    stored = home.versions(table).collect() if (home.folder(table) / "manifest.json").exists() else None
    if stored is None or correct_past:
        return corrected(stored, rows, key)
    new = rows.join(stored, on=key, how="anti").select(key)
    return record(stored, rows, key, week_id=week_id, first_weeks=first_weeks(new, key))
