"""Customers and articles of a shop in Kaggle's layout: names get stable numbers, and ids are kept beside theirs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from hm_pipeline.base.contracts import RAW_ARTICLES
from hm_pipeline.datasets.kaggle.csv_reader import fetch, sql_name, sql_path
from hm_pipeline.datasets.shop.faults import Fault
from hm_pipeline.datasets.shop.identifiers import article_number, customer_hex, is_shortened, trimmed
from hm_pipeline.datasets.shop.reading import Reader
from hm_pipeline.datasets.shop.table_schema import Articles, Customers

Codes = Mapping[str, Mapping[str, int]]  # of a column's names
# Kaggle's columns of a catalogue's part: that of the number, and that of the name.
CODED = {
    "type": ("product_type_no", "product_type_name"),
    "pattern": ("graphical_appearance_no", "graphical_appearance_name"),
    "colour": ("colour_group_code", "colour_group_name"),
    "department": ("department_no", "department_name"),
    "section": ("section_no", "section_name"),
    "index_group": ("index_group_no", "index_group_name"),
    "garment_group": ("garment_group_no", "garment_group_name"),
}
NAMED = {"name": "prod_name", "group": "product_group_name", "index": "index_name", "description": "detail_desc"}
OLDEST = 120  # years
MOST_UNLISTED = 0.5


@dataclass(frozen=True)
class Dimension:
    """Table of customers or articles that was read as texts.

    Parameters
    ----------
    table
        Its part of the schema; none where the ids of the order lines are taken.
    name
        ``customer`` or ``article``, the part of the schema that holds its id.
    """

    reader: Reader
    table: Customers | Articles | None
    name: str

    def read(self) -> bool:
        """Read the table, and its ids as ``known_<name>s``; whether nothing is wrong with it."""
        source = f"SELECT DISTINCT {self.name} AS id FROM typed WHERE {self.name} <> ''"
        if self.table is not None:
            if not self.reader.read(self.table, f"{self.name}s", f"{self.name}s", list(dict.fromkeys(self.table.columns.named.values()))):
                return False
            source = f"SELECT {trimmed(self._id)} AS id FROM {self.name}s"
        before = len(self.reader.faults)
        self.reader.connection.execute(f"CREATE OR REPLACE TABLE known_{self.name}s AS {source}")
        self.reader.faults += list(self._faults()) if self.table else []
        return len(self.reader.faults) == before

    def find_unlisted(self, stored: pl.DataFrame | None) -> int:
        """Put the ids that order lines name, and neither the table nor the home holds, into ``unlisted_<name>s``; return how many."""
        connection, table = self.reader.connection, f"unlisted_{self.name}s"
        connection.register(
            "stored_ids", pl.DataFrame({"id": [] if stored is None else stored[self.name]}, schema={"id": pl.String}).to_arrow()
        )
        known = f"SELECT id FROM known_{self.name}s UNION ALL SELECT id FROM stored_ids"
        connection.execute(
            f"CREATE OR REPLACE TABLE {table} AS SELECT DISTINCT {self.name} AS id FROM typed ANTI JOIN ({known}) k ON {self.name} = k.id"
        )
        (count,) = self.reader.one(f"SELECT count(*) FROM {table}")
        connection.execute(f"INSERT INTO known_{self.name}s SELECT id FROM {table}")
        return int(count)

    @property
    def most_unlisted(self) -> float:
        """Share of the order lines that may name an unlisted one: more, and the files do not belong together."""
        return 0.0 if self.table is not None and self.table.unlisted == "refuse" else MOST_UNLISTED

    @property
    def _id(self) -> str:
        """Name of the column of ids, in the files or among those of the order lines."""
        return str(getattr(self.table.columns, self.name)) if self.table else "id"

    def _faults(self) -> Iterator[Fault]:
        hint = f"keep one row for each {self.name}"
        twice = (
            f"SELECT * FROM (SELECT file, row, {sql_name(self._id)} AS value, row_number() OVER (PARTITION BY {trimmed(self._id)}"
            f" ORDER BY file, row) AS place FROM {self.name}s) WHERE place > 1"
        )
        yield from self._found(twice, "stands there twice, blanks around it apart", hint)
        yield from self._found(
            f"SELECT file, row, {sql_name(self._id)} AS value FROM {self.name}s WHERE coalesce({trimmed(self._id)}, '') = ''",
            "is empty",
            hint,
        )
        shortened = f"SELECT file, row, {sql_name(self._id)} AS value FROM {self.name}s WHERE {is_shortened(trimmed(self._id))}"
        yield from self._found(shortened, "is a number that was shortened", "export ids as text")
        if isinstance(self.table, Customers) and (name := self.table.columns.age or self.table.columns.birth_year):
            number = f"try_cast({trimmed(name)} AS DOUBLE)"
            least, most = (0, OLDEST) if self.table.columns.age else (1_800, 2_100)
            wrong = f"{trimmed(name)} <> '' AND NOT coalesce({number} BETWEEN {least} AND {most}, false)"
            yield from self._found(
                f"SELECT file, row, {sql_name(name)} AS value FROM customers WHERE {wrong}",
                f"is no number between {least} and {most}",
                "write it so, or leave it empty",
                name,
            )

    def _found(self, query: str, what: str, hint: str, column: str = "") -> Iterator[Fault]:
        (count,) = self.reader.one(f"SELECT count(*) FROM ({query})")
        if count:
            yield self.reader.fault(f"{self.name}s", query, column or self._id, what, hint, count)


def write_customers(customers: Dimension, path: Path, newest_year: int) -> pl.DataFrame:
    """Write customers in Kaggle's layout and return their ids: ``customer_hex`` and the shop's own, ``customer``."""
    connection, table = customers.reader.connection, customers.table
    if isinstance(table, Customers):
        parts = {part: _trimmed(name) for part, name in table.columns.named.items()}
        age = parts.get("age") or (f"{newest_year} - try_cast({parts['birth_year']} AS DOUBLE)" if "birth_year" in parts else "NULL")
        club, news = parts.get("club_status", "NULL"), parts.get("newsletter", "NULL")
        source = (
            f"SELECT {parts['customer']} AS id, {age} AS age, {club} AS club, {news} AS news, file, row FROM customers "
            "UNION ALL SELECT id, NULL, NULL, NULL, NULL, NULL FROM unlisted_customers ORDER BY file NULLS LAST, row, id"
        )
    else:
        source = "SELECT id, NULL AS age, NULL AS club, NULL AS news FROM known_customers ORDER BY id"
    connection.execute(f"""COPY (SELECT {customer_hex("id")} AS customer_id, club AS club_member_status, news AS fashion_news_frequency,
        age FROM ({source})) TO {sql_path(path)} (HEADER, DELIMITER ',')""")
    return fetch(connection, f"SELECT {customer_hex('id')} AS customer_hex, id AS customer FROM known_customers ORDER BY ALL")


def write_articles(articles: Dimension, path: Path, codes: Codes) -> tuple[pl.DataFrame, dict[str, dict[str, int]]]:
    """Write the catalogue in Kaggle's layout; return its ids, ``article_id`` and ``article``, and the numbers of names.

    Parameters
    ----------
    codes
        Numbers that names have already: a name keeps its number, new ones get the next, in the order of the alphabet.
    """
    connection, table = articles.reader.connection, articles.table
    parts = {part: _trimmed(name) for part, name in table.columns.named.items()} if table else {"article": "id"}
    source = "articles" if table else "known_articles"
    columns = [f"{text} AS {sql_name(part)}" for part, text in parts.items()]
    columns.append(f"{article_number(parts['article'])} AS article_id")
    prefix = table.product_prefix if isinstance(table, Articles) else 0
    product = parts.get("product") or (f"substr({parts['article']}, 1, {prefix})" if prefix else parts["article"])
    columns.append(f"{article_number(product)} AS product_code")
    rows = fetch(connection, f"SELECT {', '.join(columns)} FROM {source}")
    added = fetch(
        connection,
        f"SELECT id AS article, {article_number('id')} AS article_id, {article_number('id')} AS product_code FROM unlisted_articles",
    )
    rows = pl.concat([rows, added], how="diagonal").sort("article_id")
    numbers = {part: dict(names) for part, names in codes.items()}
    for part in (part for part in CODED if part in parts):
        known = numbers.setdefault(part, {})
        new = rows[part].drop_nulls().unique().sort()
        known |= {
            name: number
            for number, name in enumerate((name for name in new if name not in known), start=max(known.values(), default=0) + 1)
        }
    shown = [
        pl.col(part).replace_strict(numbers[part], default=None, return_dtype=pl.Int64).alias(number)
        for part, (number, _) in CODED.items()
        if part in parts
    ]
    shown += [pl.col(part).alias(name) for part, (_, name) in CODED.items() if part in parts]
    shown += [pl.col(part).alias(name) for part, name in NAMED.items() if part in parts]
    table_rows = rows.select("article_id", "product_code", *shown)
    lacking = [pl.lit(None, pl.String).alias(name) for name in RAW_ARTICLES.required if name not in table_rows.columns]
    table_rows.with_columns(lacking).write_csv(path)
    return rows.select("article_id", pl.col("article")), numbers


def _trimmed(name: str) -> str:
    return f"nullif({trimmed(name)}, '')"
