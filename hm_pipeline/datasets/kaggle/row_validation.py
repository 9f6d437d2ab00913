"""Row-by-row validation of transactions, used only where the fast pass failed: bad rows are written apart with line and reason.

It is gone only where the fast pass saw that something is wrong.  Memory stays that of one chunk.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from hm_pipeline.base.ids import HEX
from hm_pipeline.datasets.kaggle.csv_reader import fetch, sql_name
from hm_pipeline.datasets.kaggle.csv_records import as_line, line_records
from hm_pipeline.datasets.kaggle.dimensions import HEX_HINT, NUMBER_HINT
from hm_pipeline.datasets.kaggle.rejected_rows import COLUMNS, MOST, bad_rows, rejects_of

CHUNK = 200_000  # rows
MOST_PRICE = 2147  # as millionths it still fits 32 bits
EXACT = 2**53  # integers below it are doubles, whose fractions are exact
DIGITS = "regexp_full_match(article_id, '[0-9]{1,18}(\\.0+)?')"  # a double may not hold them all
LINE = "hm_line"  # column of a sifted file: where the row stood in the raw one


@dataclass(frozen=True)
class Fault:
    """Possible fault of a column, by the name it has in statements: the SQL that finds it, the words for it, and the hint."""

    column: str
    broken: str
    what: str
    hint: str


def faults(epoch: date, today: date, quantities: Sequence[str] = ()) -> tuple[Fault, ...]:
    """Return what can be wrong with a purchase, in the order in which it is reported; ``quantities`` are columns that count units."""
    day = "try_strptime(t_dat, '%Y-%m-%d')"
    price = "coalesce(try_cast(price AS DOUBLE), 'nan'::DOUBLE)"
    number = "try_cast(sales_channel_id AS DOUBLE)"
    channel = f"sales_channel_id <> '' AND NOT coalesce({number} = trunc({number}) AND abs({number}) <= 127, false)"
    return (
        Fault("t_dat", f"{day} IS NULL", "is not a date", "write days as YYYY-MM-DD"),
        Fault("t_dat", f"{day} < DATE '{epoch}'", f"lies before the epoch {epoch}", "choose an earlier epoch with --epoch"),
        Fault("t_dat", f"{day} > DATE '{today}'", "lies in the future", "write the day of the purchase"),
        Fault("customer_id", f"NOT coalesce(regexp_matches(customer_id, '{HEX}'), false)", "is not 64 hex digits", HEX_HINT),
        Fault("article_id", f"NOT {is_article()}", "is not an integer", NUMBER_HINT),
        Fault("price", f"NOT isfinite({price})", "is not a number", "write it as 0.0254"),
        Fault("price", f"{price} < 0", "is negative", "write what was paid; leave returns out"),
        Fault("price", f"{price} > {MOST_PRICE}", f"is above {MOST_PRICE}", "divide all prices by one number"),
        Fault("sales_channel_id", channel, "is not an integer", "write 1 for the store, 2 for online, or leave it empty"),
        *(Fault(name, f"NOT {is_one(name)}", "is not 1", "write one line per unit, leave returns out") for name in quantities),
    )


def is_integer(number: str) -> str:
    """Return the SQL that shows whether a double is an integer that it holds exactly."""
    return f"({number} = trunc({number}) AND {number} >= 0 AND {number} < {EXACT})"


def is_article() -> str:
    """Return the SQL that shows whether a text is an article's number, in whatever way an integer may be written."""
    return f"coalesce({DIGITS} OR {is_integer('try_cast(article_id AS DOUBLE)')}, false)"


def is_one(column: str) -> str:
    """Return the SQL that shows whether a text is the number one."""
    return f"coalesce(try_cast({sql_name(column)} AS DOUBLE) = 1, false)"


@dataclass(frozen=True)
class RowValidator:
    """Sift one file of purchases.

    Parameters
    ----------
    connection
        DuckDB to look at the chunks with.
    path
        The raw file.
    columns
        Its columns: their names in statements, and in the file.
    known
        What can be wrong, columns of the file only.
    """

    connection: Any
    path: Path
    columns: Mapping[str, str]
    known: tuple[Fault, ...]

    def find(self) -> bool:
        """Raise at the first bad row, with up to a thousand of them; return whether every row's index gives its line.

        Raises
        ------
        BadRows
            If there is one.
        InvalidInput
            If the file ends in the middle.
        """
        found: list[pl.DataFrame] = []
        seen = last = 0
        for good, rejects in self._sifted():
            found.append(rejects)
            seen, last = seen + good.height, good[LINE][-1] if good.height else last
            if sum(map(len, found)) >= MOST:
                break
        listed = pl.concat([rejects_of([]), *found]).head(MOST)
        if listed.is_empty():
            return last == seen + 1
        fault = next((fault for fault in self.known if self._reason(fault) == listed["reason"][0]), None)
        value = next(csv.reader([listed["row"][0]]))[list(self.columns).index(fault.column)] if fault else ""
        hint = fault.hint if fault else self._hint(listed["reason"][0])
        raise bad_rows(listed, value=value, hint=f"{hint}, or leave such rows out with --skip-bad-rows")

    def _reason(self, fault: Fault) -> str:
        """Return the words that a rejected row carries."""
        return f"{self.columns[fault.column]} {fault.what}"

    def _hint(self, reason: str) -> str:
        return f"give every row the {len(self.columns)} fields of the first line" if "fields" in reason else "correct the line"

    def part(self, clean: Path, rejected: Path) -> None:
        """Write the good rows as a file of their own, with their line, and the bad ones as Parquet.

        Raises
        ------
        InvalidInput
            If the file cannot be read to its end: then it is not known what is missing.
        """
        names = [*self.columns, LINE]
        schema = rejects_of([]).to_arrow().schema
        clean.parent.mkdir(parents=True, exist_ok=True)
        with clean.open("wb") as file, pq.ParquetWriter(rejected, schema) as writer:
            file.write((",".join(names) + "\n").encode())
            for good, rejects in self._sifted():
                good.select(names).write_csv(file, include_header=False)
                writer.write_table(rejects.to_arrow().cast(schema))

    def _sifted(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        for rows, others in self._chunks():
            self.connection.register("chunk", rows.to_arrow())
            cases = " ".join(f"WHEN {fault.broken} THEN {index}" for index, fault in enumerate(self.known))
            seen = fetch(self.connection, f"SELECT *, CASE {cases} END AS fault FROM chunk").sort(LINE)
            self.connection.unregister("chunk")
            bad = seen.filter(pl.col("fault").is_not_null())
            places = range(len(self.known))
            named = bad.select(
                file=pl.lit(self.path.name),
                line=LINE,
                column=pl.col("fault").replace_strict(places, [self.columns[fault.column] for fault in self.known], default=None),
                reason=pl.col("fault").replace_strict(places, [self._reason(fault) for fault in self.known], default=None),
                row=pl.concat_list(pl.col(name).fill_null("") for name in self.columns).map_elements(as_line, return_dtype=pl.String),
            )
            yield seen.filter(pl.col("fault").is_null()), pl.concat([named.cast(COLUMNS), others]).sort("line")  # type: ignore[arg-type]

    def _chunks(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Yield rows that have all fields, and those that do not as rejects, in the order of the file."""
        width = len(self.columns)
        schema = {LINE: pl.Int64, **dict.fromkeys(self.columns, pl.String)}
        rows: list[tuple[object, ...]] = []
        others: list[tuple[object, ...]] = []
        for record in line_records(self.path):
            if len(record.fields) == width:
                rows.append((record.line, *(field or None for field in record.fields)))
            else:
                reason = record.fault or f"the row has {len(record.fields)} fields, not {width}"
                others.append((self.path.name, record.line, "", reason, record.text or as_line(record.fields)))
            if len(rows) + len(others) >= CHUNK:
                yield pl.DataFrame(rows, schema=schema, orient="row"), rejects_of(others)
                rows, others = [], []
        yield pl.DataFrame(rows, schema=schema, orient="row"), rejects_of(others)
