"""Reader of the raw purchases: one pass to typed weekly files, and a second one only where the first failed.

The pass carries a hash of the customer's id, not its 64 digits, which is a third of the work; weeks look the hash
up among the known customers.  Unknown ids are read again as text.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from hm_pipeline.base.calendar import DAYS
from hm_pipeline.base.contracts import RAW_TRANSACTIONS, Transactions
from hm_pipeline.base.errors import DiskError, InvalidInput
from hm_pipeline.datasets.kaggle.csv_reader import csv_scan, fetch, inner_names, quote, sql_path, unreadable
from hm_pipeline.datasets.kaggle.header import read_header
from hm_pipeline.datasets.kaggle.keys import Keys
from hm_pipeline.datasets.kaggle.rejected_rows import FILE, BadRows
from hm_pipeline.datasets.kaggle.row_validation import DIGITS, LINE, RowValidator, faults, is_article, is_integer, is_one
from hm_pipeline.engine.partition_files import scan_files

ORDER = ("customer_id", "article_id", "t_dat", "price", "sales_channel_id")
KNOWN = (*RAW_TRANSACTIONS.required, *RAW_TRANSACTIONS.optional)
# Integers are read as doubles, which costs nothing: as integers, DuckDB would round a fraction without a word.
TYPES = {"t_dat": "DATE", "article_id": "DOUBLE", "price": "DOUBLE", "sales_channel_id": "DOUBLE"}
QUANTITIES = frozenset(("quantity", "quantities", "qty", "quant", "units", "unit_count", "item_count", "items", "pieces", "pcs"))
UNKNOWN_CUSTOMER, UNKNOWN_ARTICLE = "the customer is not in the customers table", "the article is not in the articles table"


Parts = Mapping[int, Path]  # folders of rows by week


class Unread(InvalidInput):
    """Sound rows that the fast pass cannot read, such as lines that end in two ways."""


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
        header = read_header(path, RAW_TRANSACTIONS)
        self.columns = dict(zip(inner_names(header, KNOWN), header, strict=True))
        connection.register("known_customers", customers.select("customer_hex").to_arrow())
        connection.register("known_articles", articles.select("article_id").to_arrow())
        hashes = fetch(connection, "SELECT hash(customer_hex) AS key FROM known_customers")["key"]
        self._customers = Keys(hashes, customers["customer_id"])
        self._articles = articles["article_id"]

    def split(self, folder: Path, *, is_exact: bool = False) -> dict[int, Path]:
        """Write the rows of each week into a folder of its own, unsorted, and return these by week.

        Parameters
        ----------
        is_exact
            Read article ids of more than 15 digits, too, which doubles do not hold.

        Raises
        ------
        InvalidInput
            If a row cannot be read or typed, or there is none.
        Unread
            If nothing is wrong with the rows, but this pass cannot read them.
        """
        try:
            self.connection.execute("SET preserve_insertion_order = false")
            query = self._typed(is_exact=is_exact)
            self.connection.execute(f"COPY ({query}) TO {quote(str(folder))} (FORMAT parquet, PARTITION_BY (week_id), COMPRESSION snappy)")
        except duckdb.Error as error:
            translated = unreadable(self.path, error)
            if isinstance(translated, DiskError):
                raise translated from error
            self.find_fault()
            raise Unread(translated.what, where=translated.where, hint=translated.hint) from error
        weeks = {path.name.removeprefix("week_id="): path for path in folder.glob("week_id=*")}
        if not weeks:
            raise InvalidInput("there are no purchases", where=self.name, hint="give a file that has some")
        if not all(name.isdigit() for name in weeks):
            self.find_fault()
            raise Unread("article ids have too many digits", where=self.name, hint="give each article a shorter number")
        return {int(name): path for name, path in sorted(weeks.items(), key=lambda item: int(item[0]))}

    def _typed(self, *, is_exact: bool) -> str:
        """Return the statement of the fast pass; a row that is not sound in every column has no week."""
        channel = "sales_channel_id" if "sales_channel_id" in self.columns else "NULL::DOUBLE"
        days = f"t_dat - DATE '{self.epoch}'"
        article = is_article() if is_exact else is_integer("article_id")
        sound = [f"{days} >= 0 AND t_dat <= DATE '{self.today}' AND price >= 0 AND {article}"]
        sound.append(f"({channel} IS NULL OR {channel} = trunc({channel}))")
        sound += [is_one(name) for name in self._quantities]
        others = [name for name in self.columns if name not in KNOWN]  # in which a line break would hide lines: a purchase is one
        sound += [f"NOT coalesce(contains({name}, chr(10)) OR contains({name}, chr(13)), false)" for name in others]
        types = {name: TYPES.get(name, "VARCHAR") for name in self.columns} | ({"article_id": "VARCHAR"} if is_exact else {})
        number = (
            f"CASE WHEN {DIGITS} THEN split_part(article_id, '.', 1)::BIGINT ELSE article_id::DOUBLE::BIGINT END"
            if is_exact
            else "article_id"
        )
        return f"""SELECT CASE WHEN {" AND ".join(sound)} THEN ({days}) // {DAYS} END AS week_id,
                hash(customer_id) AS customer_key, {number}::BIGINT AS article_id, t_dat, round(price * 1e6)::INTEGER AS price,
                {channel}::TINYINT AS sales_channel_id
            FROM {csv_scan(self.path, types)}"""

    @property
    def _quantities(self) -> list[str]:
        return [name for name, title in self.columns.items() if title.strip().lower() in QUANTITIES]

    def parts(self, folder: Path, *, skip: bool) -> Parts:
        """Return the rows of each week as :meth:`split` does, the slow way round where the fast one does not get through.

        Parameters
        ----------
        skip
            Leave bad rows out.
        """
        try:
            return self.split(folder / "parts")
        except BadRows:
            if not skip:
                raise
        except Unread:
            pass  # a copy of the rows that is written anew can be read
        self.sift(folder / "sifted")
        return self.split(folder / "sifted-parts", is_exact=True)

    def diagnose_unknown_ids(self, folder: Path, *, skip: bool) -> None:
        """Distinguish bad ids from unknown customers, as the fast pass reports both the same way; no week holds either."""
        try:
            if self.find_fault():
                return
        except BadRows:
            if not skip:
                raise
        self.sift(folder / "sifted")

    def read_week(self, week_id: int, folder: Path) -> tuple[pl.DataFrame, int]:
        """Return a week's rows of known customers and articles, sorted, and how many others there are."""
        rows = scan_files(sorted(folder.glob("*.parquet"))).collect()
        known = rows.with_columns(customer_id=self._customers.look_up(rows["customer_key"]), week_id=pl.lit(week_id, pl.Int64)).filter(
            pl.col("customer_id").is_not_null(), pl.col("article_id").is_in(self._articles.implode())
        )
        return known.select(Transactions.column_names()).sort(ORDER), rows.height - known.height

    @property
    def is_sifted(self) -> bool:
        """True where bad rows are left out."""
        return self._rejected is not None

    def find_fault(self) -> bool:
        """Read everything as text and raise at the first row that is not what it should be; return whether rows stand without gaps."""
        return self.is_sifted or self._sieve.find()

    @property
    def _sieve(self) -> RowValidator:
        known = tuple(fault for fault in faults(self.epoch, self.today, self._quantities) if fault.column in self.columns)
        return RowValidator(self.connection, self.path, self.columns, known)

    def sift(self, folder: Path) -> None:
        """Leave the bad rows out from here on: read a copy of the file without them, kept in a folder beside them."""
        clean, self._rejected = folder / RAW_TRANSACTIONS.file, folder / FILE
        self._sieve.part(clean, self._rejected)
        self.path, self.columns = clean, {**self.columns, LINE: LINE}

    def save_rejects(self, path: Path) -> dict[str, int]:
        """Write the rows that were left out with their reasons, and count these; where there is none, nothing is written."""
        line = LINE + "::BIGINT" if LINE in self.columns else "at_row + 2"
        text = ", ".join(f"coalesce(t.{name}, '')" for name in self.columns if name != LINE)
        self.connection.execute("SET preserve_insertion_order = true")
        rows = csv_scan(self.path, dict.fromkeys(self.columns, "VARCHAR"))
        query = f"""SELECT {quote(self.name)} AS file, {line} AS line,
                CASE WHEN c.customer_hex IS NULL THEN 'customer_id' ELSE 'article_id' END AS "column",
                CASE WHEN c.customer_hex IS NULL THEN {quote(UNKNOWN_CUSTOMER)} ELSE {quote(UNKNOWN_ARTICLE)} END AS reason,
                concat_ws(',', {text}) AS row
            FROM (SELECT row_number() OVER () - 1 AS at_row, * FROM {rows}) AS t
            LEFT JOIN known_customers AS c ON c.customer_hex = t.customer_id
            LEFT JOIN known_articles AS a ON a.article_id = t.article_id::DECIMAL(18, 0)::BIGINT
            WHERE c.customer_hex IS NULL OR a.article_id IS NULL"""
        bad = f"SELECT * FROM read_parquet({sql_path(self._rejected)}, hive_partitioning=false) UNION ALL " if self._rejected else ""
        self.connection.execute(f"COPY ({bad}{query} ORDER BY line) TO {quote(str(path))} (FORMAT parquet)")
        counts = scan_files([path]).group_by("reason").len().sort("reason").collect()
        if counts.is_empty():
            path.unlink()
        return {reason: int(count) for reason, count in counts.iter_rows()}
