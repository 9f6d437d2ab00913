"""The slow way through the purchases: every row as text, the bad ones set aside with their line and their reason.

It is gone only where the fast pass saw that something is wrong.  Memory stays that of one chunk.
"""

import csv
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from hm_pipeline.datasets.dimensions import HEX, HEX_REMEDY, NUMBER_REMEDY
from hm_pipeline.datasets.rejects import COLUMNS, MOST, bad_rows, rejects_of
from hm_pipeline.datasets.scan import fetch
from hm_pipeline.datasets.source import as_line, damaged, open_text
from hm_pipeline.errors import BadInput

CHUNK = 200_000  # rows
MOST_PRICE = 2147  # as millionths it still fits 32 bits
LINE = "hm_line"  # column of a sifted file: where the row stood in the raw one


@dataclass(frozen=True)
class Fault:
    """What can be wrong with a column: the SQL that sees it, the words for it, and the remedy."""

    column: str
    broken: str
    what: str
    remedy: str

    @property
    def reason(self) -> str:
        """The words that a rejected row carries."""
        return f"{self.column} {self.what}"


def faults(epoch: date, today: date) -> tuple[Fault, ...]:
    """Return what can be wrong with a purchase, in the order in which it is said."""
    day = "try_strptime(t_dat, '%Y-%m-%d')"
    price = "coalesce(try_cast(price AS DOUBLE), 'nan'::DOUBLE)"
    channel = "sales_channel_id IS NOT NULL AND sales_channel_id <> '' AND try_cast(sales_channel_id AS TINYINT) IS NULL"
    return (
        Fault("t_dat", f"{day} IS NULL", "is not a date", "write days as YYYY-MM-DD"),
        Fault("t_dat", f"{day} < DATE '{epoch}'", f"lies before the epoch {epoch}", "choose an earlier epoch with --epoch"),
        Fault("t_dat", f"{day} > DATE '{today}'", "lies in the future", "write the day of the purchase"),
        Fault("customer_id", f"NOT coalesce(regexp_matches(customer_id, '{HEX}'), false)", "is not 64 hex digits", HEX_REMEDY),
        Fault("article_id", "NOT coalesce(regexp_full_match(article_id, '[0-9]{1,18}(\\.0+)?'), false)", "is not a number", NUMBER_REMEDY),
        Fault("price", f"NOT isfinite({price})", "is not a number", "write it as 0.0254"),
        Fault("price", f"{price} < 0", "is negative", "write what was paid; leave returns out"),
        Fault("price", f"{price} > {MOST_PRICE}", f"is above {MOST_PRICE}", "divide all prices by one number"),
        Fault("sales_channel_id", channel, "is not a number", "write 1 for the store, 2 for online, or leave it empty"),
    )


@dataclass(frozen=True)
class Sieve:
    """Sift one file of purchases.

    Parameters
    ----------
    connection
        DuckDB to look at the chunks with.
    path, header
        The raw file and its columns.
    known
        What can be wrong, columns of the header only.
    """

    connection: Any
    path: Path
    header: Sequence[str]
    known: tuple[Fault, ...]

    def find(self) -> None:
        """Raise at the first bad row, with up to a thousand of them.

        Raises
        ------
        BadRows
            If there is one.
        BadInput
            If the file ends in the middle.
        """
        found: list[pl.DataFrame] = []
        for _, rejects in self._sifted():
            found.append(rejects)
            if sum(map(len, found)) >= MOST:
                break
        listed = pl.concat([rejects_of([]), *found]).head(MOST)
        if listed.is_empty():
            return
        fault = next((fault for fault in self.known if fault.reason == listed["reason"][0]), None)
        fields = next(csv.reader([listed["row"][0]]))
        value = fields[list(self.header).index(fault.column)] if fault else ""
        remedy = fault.remedy if fault else f"give every row the {len(self.header)} fields of the first line"
        raise bad_rows(listed, value=value, remedy=f"{remedy}, or leave such rows out with --skip-bad-rows")

    def part(self, clean: Path, rejected: Path) -> None:
        """Write the good rows as a file of their own, with their line, and the bad ones as Parquet.

        Raises
        ------
        BadInput
            If the file cannot be read to its end: then it is not known what is missing.
        """
        names = [*self.header, LINE]
        schema = rejects_of([]).to_arrow().schema
        clean.parent.mkdir(parents=True, exist_ok=True)
        with clean.open("wb") as file, pq.ParquetWriter(rejected, schema) as writer:
            file.write((",".join(f'"{name}"' for name in names) + "\n").encode())
            for good, rejects in self._sifted():
                good.select(names).write_csv(file, include_header=False)
                writer.write_table(rejects.to_arrow().cast(schema))

    def _sifted(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        for rows, ragged in self._chunks():
            self.connection.register("chunk", rows.to_arrow())
            cases = " ".join(f"WHEN {fault.broken} THEN {index}" for index, fault in enumerate(self.known))
            seen = fetch(self.connection, f"SELECT *, CASE {cases} END AS fault FROM chunk").sort(LINE)
            self.connection.unregister("chunk")
            bad = seen.filter(pl.col("fault").is_not_null())
            named = bad.select(
                file=pl.lit(self.path.name),
                line=LINE,
                column=pl.col("fault").replace_strict(range(len(self.known)), [fault.column for fault in self.known], default=None),
                reason=pl.col("fault").replace_strict(range(len(self.known)), [fault.reason for fault in self.known], default=None),
                row=pl.concat_list(pl.col(name).fill_null("") for name in self.header).map_elements(as_line, return_dtype=pl.String),
            )
            yield seen.filter(pl.col("fault").is_null()), pl.concat([named.cast(COLUMNS), ragged]).sort("line")  # type: ignore[arg-type]

    def _chunks(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Yield rows that have all fields, and those that do not as rejects, in the order of the file."""
        width = len(self.header)
        schema = {LINE: pl.Int64, **dict.fromkeys(self.header, pl.String)}
        rows: list[tuple[object, ...]] = []
        ragged: list[tuple[object, ...]] = []
        for line, record in _records(self.path):
            if len(record) == width:
                rows.append((line, *(field or None for field in record)))
            else:
                reason = f"the row has {len(record)} fields, not {width}"
                ragged.append((self.path.name, line, "", reason, as_line(record)))
            if len(rows) + len(ragged) >= CHUNK:
                yield pl.DataFrame(rows, schema=schema, orient="row"), rejects_of(ragged)
                rows, ragged = [], []
        yield pl.DataFrame(rows, schema=schema, orient="row"), rejects_of(ragged)


def _records(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows below the header with their lines; bytes that are no text are shown by their number."""
    with open_text(path, errors="backslashreplace") as text:
        records = csv.reader(text)
        before = 0
        try:
            for record in records:
                if records.line_num > before + 1:
                    raise BadInput(
                        "a quote is opened and not closed in its line", where=f"{path.name}, line {before + 1}", remedy="close or remove it"
                    )
                before = records.line_num
                if record and before > 1:
                    yield before, record
        except (OSError, EOFError, zlib.error, csv.Error) as error:
            raise damaged(path, str(error)) from error
