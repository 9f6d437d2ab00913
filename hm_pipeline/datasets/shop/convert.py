"""Conversion of a shop's files to the layout that is ingested, all of it or a list of all faults."""

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from hm_pipeline.base.contracts import RAW_ARTICLES, RAW_CUSTOMERS, RAW_TRANSACTIONS
from hm_pipeline.base.files import atomic_write
from hm_pipeline.datasets.shop.contradictions import another_shop, changed_types, weeks_in_two_files
from hm_pipeline.datasets.shop.dimensions import Dimension, write_articles, write_customers
from hm_pipeline.datasets.shop.order_lines import Counts, OrderLines
from hm_pipeline.datasets.shop.reading import Reader
from hm_pipeline.datasets.shop.schema import ShopSchema
from hm_pipeline.engine.shop_ids import ARTICLES, CUSTOMERS, ShopIds

CODES = "codes.json"


@dataclass(frozen=True)
class Converted:
    """Folder of files in Kaggle's layout, files that the home keeps, and what was counted.

    Parameters
    ----------
    unlisted
        Customers and articles that only order lines name.
    """

    folder: Path
    kept: tuple[str, ...]
    counts: Counts
    unlisted: dict[str, int]


def convert(
    raw: Path, schema: ShopSchema, home: Path, scratch: Path, *, connection: Any, epoch: date, replace_types: bool = False
) -> Converted:
    """Write a shop's files in Kaggle's layout into ``scratch``, and beside them what the home must keep to know the ids again.

    Parameters
    ----------
    replace_types
        Whether an article may have another clothing type than the home holds.

    Raises
    ------
    FaultyFiles
        If anything is wrong with the files; it lists all kinds of faults.
    MissingInput, InvalidInput
        If the folder or zip cannot be read.
    """
    folder = scratch / "layout"
    folder.mkdir(parents=True, exist_ok=True)
    reader, ids = Reader(connection, raw, scratch), ShopIds.load(home)
    lines = OrderLines(reader, schema.transactions, epoch)
    is_typed, unlisted = lines.read(), dict[str, int]()
    customers, articles = Dimension(reader, schema.customers, "customer"), Dimension(reader, schema.articles, "article")
    known = [dimension.read() for dimension in (customers, articles) if is_typed or dimension.table]
    if known[-1] and articles.table and not replace_types:
        reader.faults += changed_types(articles, home, ids)
    if is_typed:
        reader.faults += [*weeks_in_two_files(lines), *another_shop(lines, ids)]
    if is_typed and all(known):
        for dimension, stored in ((customers, ids.customers), (articles, ids.articles)):
            unlisted[dimension.name] = dimension.find_unlisted(stored)
            reader.faults += lines.unlisted(dimension.name, most=dimension.most_unlisted)
    reader.refuse()
    counts = lines.write(folder / RAW_TRANSACTIONS.file)
    (newest,) = reader.one("SELECT max(day) FROM typed")
    people = write_customers(customers, folder / RAW_CUSTOMERS.file, newest.year)
    codes = json.loads((home / CODES).read_text()) if (home / CODES).exists() else {}
    catalogue, numbers = write_articles(articles, folder / RAW_ARTICLES.file, codes)
    _keep(people, ids.customers, scratch / CUSTOMERS)
    _keep(catalogue, ids.articles, scratch / ARTICLES)
    text = json.dumps(numbers, indent=1, ensure_ascii=False) + "\n"
    atomic_write(scratch / CODES, lambda path: path.write_text(text, encoding="utf-8"))
    return Converted(folder, (CODES, CUSTOMERS, ARTICLES), counts, unlisted)


def _keep(ids: pl.DataFrame, stored: pl.DataFrame | None, target: Path) -> None:
    """Write the ids of a delivery and those that the home has already."""
    both = ids if stored is None else pl.concat([ids, stored])
    atomic_write(target, both.unique().sort(ids.columns).write_parquet)
