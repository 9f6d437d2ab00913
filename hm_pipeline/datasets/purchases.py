"""Read the raw purchases: one pass to typed weekly files, and a second one only where something is wrong.

The pass carries a hash of the customer's id, not its 64 digits, which is a third of the work; weeks look the hash
up among the known customers.  What is not found is looked at again as text.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl

from hm_pipeline.contracts import RAW_TRANSACTIONS, Transactions
from hm_pipeline.datasets.rejects import FILE
from hm_pipeline.datasets.scan import csv_scan, fetch, quote, unreadable
from hm_pipeline.datasets.sift import LINE, Sieve, faults
from hm_pipeline.datasets.source import read_header
from hm_pipeline.errors import BadInput, disk_trouble
from hm_pipeline.weeks import DAYS

ORDER = ("customer_id", "article_id", "t_dat", "price", "sales_channel_id")
TYPES = {"t_dat": "DATE", "article_id": "BIGINT", "price": "DOUBLE", "sales_channel_id": "TINYINT"}
UNKNOWN_CUSTOMER, UNKNOWN_ARTICLE = "the customer is not in the customers table", "the article is not in the articles table"


class Purchases:
    """The raw purchases of one file, and whom and what they may be of.

    Parameters
    ----------
    connection
        DuckDB to read with.
    path
        The raw file.
    customers, articles
        Everyone and everything known.
    epoch
        First day of week 0.
    """

    def __init__(self, connection: Any, path: Path, *, customers: pl.DataFrame, articles: pl.DataFrame, epoch: date) -> None:
        self.connection, self.path, self.epoch, self.name = connection, path, epoch, path.name
        self.today = datetime.now(UTC).date() + timedelta(days=1)  # somewhere it is tomorrow already
        self._rejected: Path | None = None
        self.header = read_header(path, RAW_TRANSACTIONS)
        connection.register("known_customers", customers.select("customer_hex").to_arrow())
        connection.register("known_articles", articles.select("article_id").to_arrow())
        hashes = fetch(connection, "SELECT hash(customer_hex) AS key FROM known_customers")["key"]
        self._index(pl.DataFrame({"key": hashes, "customer_id": customers["customer_id"]}).sort("key"))
        self._articles = articles["article_id"]

    def _index(self, ordered: pl.DataFrame) -> None:
        bits = max(ordered.height.bit_length(), 1)
        self._shift = np.uint64(64 - bits)
        end = np.array([np.iinfo(np.uint64).max], np.uint64)  # nothing steps past it
        self._keys = np.concatenate([ordered["key"].to_numpy(), end])
        self._ids = pl.concat([ordered["customer_id"], pl.Series("customer_id", [None], pl.Int64)])
        self._starts = np.searchsorted(self._keys, np.arange(1 << bits, dtype=np.uint64) << self._shift)

    def split(self, folder: Path) -> dict[int, Path]:
        """Write the rows of each week into a folder of its own, unsorted, and return these by week.

        Raises
        ------
        BadInput
            If a row cannot be read or typed, or there is none.
        """
        channel = "sales_channel_id" if "sales_channel_id" in self.header else "NULL::TINYINT"
        days = f"t_dat - DATE '{self.epoch}'"
        sound = f"{days} >= 0 AND t_dat <= DATE '{self.today}' AND article_id IS NOT NULL AND price >= 0"
        query = f"""SELECT CASE WHEN {sound} THEN ({days}) // {DAYS} END AS week_id,
                hash(customer_id) AS customer_key, article_id, t_dat, round(price * 1e6)::INTEGER AS price,
                {channel} AS sales_channel_id
            FROM {csv_scan(self.path, {name: TYPES.get(name, "VARCHAR") for name in self.header})}"""
        try:
            self.connection.execute("SET preserve_insertion_order = false")
            self.connection.execute(f"COPY ({query}) TO {quote(str(folder))} (FORMAT parquet, PARTITION_BY (week_id), COMPRESSION snappy)")
        except duckdb.Error as error:
            if disk_trouble(error) is None:
                self.find_fault()
            raise unreadable(self.path, error) from error
        weeks = {path.name.removeprefix("week_id="): path for path in folder.glob("week_id=*")}
        if not weeks:
            raise BadInput("there are no purchases", where=self.name, remedy="give a file that has some")
        if not all(name.isdigit() for name in weeks):
            self.find_fault()
        return {int(name): path for name, path in sorted(weeks.items(), key=lambda item: int(item[0]))}

    def read_week(self, week_id: int, folder: Path) -> tuple[pl.DataFrame, int]:
        """Return a week's rows of known customers and articles, sorted, and how many others there are."""
        rows = pl.read_parquet(folder / "*.parquet", hive_partitioning=False)
        known = rows.with_columns(customer_id=self._look_up(rows["customer_key"]), week_id=pl.lit(week_id, pl.Int64)).filter(
            pl.col("customer_id").is_not_null(), pl.col("article_id").is_in(self._articles.implode())
        )
        return known.select(Transactions.column_names()).sort(ORDER), rows.height - known.height

    def _look_up(self, keys: pl.Series) -> pl.Series:
        """Find customers by hash: start where the leading bits point to, and step on while the key there is smaller."""
        wanted = keys.to_numpy()
        places = self._starts[wanted >> self._shift]
        behind = np.flatnonzero(self._keys[places] < wanted)
        while len(behind):
            places[behind] += 1
            behind = behind[self._keys[places[behind]] < wanted[behind]]
        return self._ids.gather(places).set(pl.Series(self._keys[places] != wanted), None)

    def _as_text(self) -> str:
        self.connection.execute("SET preserve_insertion_order = true")
        return csv_scan(self.path, dict.fromkeys(self.header, "VARCHAR"))

    @property
    def is_sifted(self) -> bool:
        """Whether bad rows are left out."""
        return self._rejected is not None

    @property
    def _sieve(self) -> Sieve:
        known = tuple(fault for fault in faults(self.epoch, self.today) if fault.column in self.header)
        return Sieve(self.connection, self.path, self.header, known)

    def find_fault(self) -> None:
        """Read everything as text and raise at the first row that is not what it should be, if there is one."""
        self._sieve.find()

    def sift(self, folder: Path) -> None:
        """Leave the bad rows out from here on: read a copy of the file without them, kept in a folder beside them."""
        clean, self._rejected = folder / RAW_TRANSACTIONS.file, folder / FILE
        self._sieve.part(clean, self._rejected)
        self.path, self.header = clean, read_header(clean, RAW_TRANSACTIONS)

    def save_rejects(self, path: Path) -> dict[str, int]:
        """Write the rows that were left out with their reasons, and count these."""
        line = LINE + "::BIGINT" if LINE in self.header else "at_row + 2"
        text = ", ".join(f"coalesce(t.\"{name}\", '')" for name in self.header if name != LINE)
        query = f"""SELECT {quote(self.name)} AS file, {line} AS line,
                CASE WHEN c.customer_hex IS NULL THEN 'customer_id' ELSE 'article_id' END AS "column",
                CASE WHEN c.customer_hex IS NULL THEN {quote(UNKNOWN_CUSTOMER)} ELSE {quote(UNKNOWN_ARTICLE)} END AS reason,
                concat_ws(',', {text}) AS row
            FROM (SELECT row_number() OVER () - 1 AS at_row, * FROM {self._as_text()}) AS t
            LEFT JOIN known_customers AS c ON c.customer_hex = t.customer_id
            LEFT JOIN known_articles AS a ON a.article_id = t.article_id::DECIMAL(18, 0)::BIGINT
            WHERE c.customer_hex IS NULL OR a.article_id IS NULL"""
        bad = f"SELECT * FROM read_parquet({quote(str(self._rejected))}) UNION ALL " if self._rejected else ""
        self.connection.execute(f"COPY ({bad}{query} ORDER BY line) TO {quote(str(path))} (FORMAT parquet)")
        counts = pl.scan_parquet(path).group_by("reason").len().sort("reason").collect()
        return {reason: int(count) for reason, count in counts.iter_rows()}
