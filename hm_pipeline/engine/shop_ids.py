"""Ids as the shop writes them, in and out: Kaggle's are 64 hex digits and ten decimal ones, any other shop's are kept by its home."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

import polars as pl

from hm_pipeline.base.ids import HEX, integers, signed_id, ten_digits

CUSTOMERS, ARTICLES = "customer_ids.parquet", "article_ids.parquet"


@dataclass(frozen=True)
class ShopIds:
    """Ids of a home.

    Parameters
    ----------
    customers
        ``customer_hex`` and ``customer``, the shop's own id; none where that is the same.
    articles
        ``article_id`` and ``article``, the shop's own id; none where that is the number.
    """

    customers: pl.DataFrame | None = None
    articles: pl.DataFrame | None = None

    @classmethod
    def load(cls, home: str | Path) -> Self:
        """Read the ids of a home; files that have not changed are read once."""
        return cls(*(_read(path, _state(path)) if path.exists() else None for path in (Path(home) / CUSTOMERS, Path(home) / ARTICLES)))

    @property
    def are_own(self) -> bool:
        """Whether the shop has ids of its own, so that integers are the shop's and not the tables'."""
        return self.customers is not None

    def customer_hex(self, given: pl.Series) -> pl.Series:
        """Return the 64 hex digits of customers, null where the home has no such id."""
        text = given.cast(pl.String).str.strip_chars()
        if self.customers is None:
            return text.str.to_lowercase()
        return _looked_up(text, self.customers, "customer", "customer_hex")

    def customer_id(self, given: pl.Series) -> pl.Series:
        """Return the customers' integers of the tables, null where the home has no such id."""
        digits = self.customer_hex(given)
        return digits.to_frame("hex").select(pl.when(pl.col("hex").str.contains(HEX)).then(signed_id(pl.col("hex")))).to_series()

    def article_id(self, given: pl.Series) -> pl.Series:
        """Return the articles' integers of the tables, null where the home has no such id."""
        if self.articles is None:
            return integers(given)
        return _looked_up(given.cast(pl.String).str.strip_chars(), self.articles, "article", "article_id")

    def customer(self, customer_hex: pl.Series) -> pl.Series:
        """Return the shop's own ids of customers."""
        return customer_hex if self.customers is None else _looked_up(customer_hex, self.customers, "customer_hex", "customer")

    def article(self, article_id: pl.Series) -> pl.Series:
        """Return the shop's own ids of articles."""
        return ten_digits(article_id) if self.articles is None else _looked_up(article_id, self.articles, "article_id", "article")


def _state(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size, status.st_ino


@lru_cache(maxsize=4)
def _read(path: Path, _state: tuple[int, int, int]) -> pl.DataFrame:
    return pl.read_parquet(path, glob=False, hive_partitioning=False)


def _looked_up(given: pl.Series, ids: pl.DataFrame, key: str, value: str) -> pl.Series:
    return given.alias(key).to_frame().join(ids, on=key, how="left", maintain_order="left")[value]


def known_texts(ids: Sequence[object]) -> pl.Series:
    """Return ids that people give, numbers among them, as texts."""
    return pl.Series("id", [str(given) for given in ids], dtype=pl.String)
