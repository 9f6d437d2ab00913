"""Order lines of a shop as purchases: a row per unit bought, returns taken off, every fault listed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from hm_pipeline.base.calendar import DAYS
from hm_pipeline.datasets.kaggle.csv_reader import quote, sql_name, sql_path
from hm_pipeline.datasets.kaggle.row_validation import MOST_PRICE
from hm_pipeline.datasets.shop.faults import QUERY, Fault
from hm_pipeline.datasets.shop.identifiers import article_number, customer_hex, is_shortened, trimmed
from hm_pipeline.datasets.shop.reading import Reader
from hm_pipeline.datasets.shop.schema import Returns, Transactions

LINES = "order_lines"
MOST_UNITS = 1_000  # of a line; more is a mistake, or another unit


@dataclass(frozen=True)
class Counts:
    """Units and lines of a delivery.

    Parameters
    ----------
    lines, bought
        Order lines, and units bought that are kept.
    netted, left_out
        Returned units that were taken off a purchase, and those that were left out as none of the week was there.
    """

    lines: int
    bought: int
    netted: int
    left_out: int


@dataclass(frozen=True)
class OrderLines:
    """Order lines that were read as texts.

    Parameters
    ----------
    epoch
        First day of week 0.
    """

    reader: Reader
    table: Transactions
    epoch: date

    def read(self) -> bool:
        """Read the lines, and type them as ``typed``; whether nothing is wrong with them."""
        if not self.reader.read(self.table, "transactions", LINES, list(dict.fromkeys(self.table.columns.named.values()))):
            return False
        self.reader.connection.execute(f"CREATE OR REPLACE TABLE typed AS SELECT file, row, {self._typed()} FROM {LINES}")
        before = len(self.reader.faults)
        self.reader.faults += list(self._faults())
        return len(self.reader.faults) == before

    def _text(self, part: str) -> str:
        name = getattr(self.table.columns, part)
        return trimmed(name) if name else "NULL::VARCHAR"

    def _typed(self) -> str:
        price, quantity = self._number("price"), self._number("quantity") if self.table.columns.quantity else "1.0"
        values = ", ".join(map(quote, self.table.return_values)) or "NULL"
        is_return = f"coalesce({quantity} < 0 OR {self._text('is_return')} IN ({values}), false)"
        channels = " ".join(f"WHEN {quote(text)} THEN {number}" for text, number in self.table.channels.items())
        channel = f"CASE {self._text('channel')} {channels} END" if channels else f"try_cast({self._text('channel')} AS TINYINT)"
        units = f"abs({quantity})" if self.table.quantity == "units" else "1.0"
        unit_price = price if self.table.price_of == "unit" else f"{price} / nullif(abs({quantity}), 0)"
        return f"""{self._text("customer")} AS customer, {self._text("article")} AS article, {self._day()} AS day,
            abs({unit_price}) / {self.table.price_divisor} AS price, {price} AS raw_price, {quantity} AS quantity, {units} AS units,
            {is_return} AS is_return, {channel} AS channel, {self._text("channel")} AS raw_channel"""

    def _number(self, part: str) -> str:
        """Return the SQL of a number; one that is not written as the schema has it is none, as 7.08 is not 708."""
        text, point, mark = self._text(part), self.table.decimal, self.table.thousands
        grouped = f"[0-9]{{1,3}}([{mark}][0-9]{{3}})+|" if mark else ""
        written = f"[+-]?(({grouped}[0-9]+)([{point}][0-9]*)?|[{point}][0-9]+)([eE][+-]?[0-9]+)?"
        plain = f"replace(replace({text}, {quote(mark)}, ''), {quote(point)}, '.')" if mark else f"replace({text}, {quote(point)}, '.')"
        return f"CASE WHEN regexp_full_match({text}, {quote(written)}) THEN try_cast({plain} AS DOUBLE) END"

    def _day(self) -> str:
        moment = f"try_strptime({self._text('day')}, {quote(self.table.date_format)})"
        if "%z" in self.table.date_format:
            return f"({moment} AT TIME ZONE {quote(self.table.time_zone or 'UTC')})::DATE"
        if self.table.written_in:
            return f"(({moment} AT TIME ZONE {quote(self.table.written_in)}) AT TIME ZONE {quote(self.table.time_zone)})::DATE"
        return f"{moment}::DATE"

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the files, as the schema has them."""
        return self.table.files or (f"{QUERY}transactions",)

    # Faults -----------------------------------------------------------------------------------------------------

    def _kinds(self) -> Iterator[tuple[str, str, str, str]]:
        """Yield each kind of fault: its column, the SQL that finds it, what it is, and a hint."""
        columns, tomorrow = self.table.columns, datetime.now(UTC).date() + timedelta(days=1)
        for part in ("customer", "article"):
            yield getattr(columns, part), f"coalesce({part}, '') = ''", "is empty", "give every line its own"
            yield getattr(columns, part), is_shortened(part), "is a number that was shortened", "export ids as text"
        yield columns.day, "day IS NULL", f"is not written as {self.table.date_format}", "give date_format as the files have it"
        yield columns.day, f"day < DATE '{self.epoch}'", f"lies before the epoch {self.epoch}", "choose an earlier epoch with --epoch"
        yield columns.day, f"day > DATE '{tomorrow}'", "lies in the future", "write the day of the purchase"
        yield columns.price, "raw_price IS NULL", "is not a number", "set decimal and thousands in the schema"
        yield columns.price, "raw_price < 0 AND NOT is_return", "is negative", "mark returns by a negative quantity, or by is_return"
        yield columns.price, f"price > {MOST_PRICE}", f"is above {MOST_PRICE}", "set price_divisor in the schema, such as 100"
        if columns.quantity:
            yield columns.quantity, "quantity IS NULL", "is not a number", "set decimal and thousands in the schema"
            yield columns.quantity, "quantity = 0", "is 0", "leave such lines out"
            if self.table.quantity == "units":
                yield columns.quantity, "units <> trunc(units)", "is not an integer", "set quantity: weight in the schema"
            yield columns.quantity, f"units > {MOST_UNITS}", f"is above {MOST_UNITS}", "set quantity: weight, or mend the line"
        if columns.channel:
            hint = "name it under channels in the schema, 1 for a store and 2 for online"
            yield columns.channel, "coalesce(raw_channel, '') <> '' AND coalesce(channel NOT IN (1, 2), true)", "is no known channel", hint
        if self.table.returns is Returns.REFUSE:
            yield columns.quantity or columns.is_return, "is_return", "is a return", "set returns: net or leave_out in the schema"

    def _faults(self) -> Iterator[Fault]:
        kinds = list(self._kinds())
        counts = ", ".join(f"count(*) FILTER ({broken})" for _, broken, _, _ in kinds)
        found = self.reader.one(f"SELECT {counts} FROM typed")
        if not self.reader.one("SELECT count(*) FROM typed WHERE NOT is_return")[0]:
            yield Fault(", ".join(self.names), "no line is a purchase, all are returns", "give the lines of purchases, too")
        for (column, broken, what, hint), count in zip(kinds, found, strict=True):
            if count:
                wrong = f"(SELECT file, row FROM typed WHERE {broken}) AS wrong"  # apart, as the files' columns may bear these names
                rows = f"SELECT file, row, {sql_name(column)} AS value FROM {LINES} SEMI JOIN {wrong} USING (file, row)"
                yield self.reader.fault(LINES, rows, column, what, hint, count)

    def unlisted(self, part: str, *, most: float) -> Iterator[Fault]:
        """Yield the fault of unlisted customers or articles, where more than a share of the lines name one."""
        column = getattr(self.table.columns, part)
        missing = f"FROM typed SEMI JOIN unlisted_{part}s ON typed.{part} = unlisted_{part}s.id"
        count, lines = self.reader.one(f"SELECT (SELECT count(*) {missing}), (SELECT count(*) FROM typed)")
        if count > most * lines:
            what, hint = f"is not among the {part}s", f"add it to their files, name another column, or leave {part}s out of the schema"
            yield self.reader.fault(LINES, f"SELECT file, row, {part} AS value {missing}", column, what, hint, count)

    # Purchases --------------------------------------------------------------------------------------------------

    def write(self, path: Path) -> Counts:
        """Write a row per unit bought in Kaggle's layout; returns are no purchases."""
        week = f"(day - DATE '{self.epoch}') // {DAYS}"
        key = f"customer, article, {week}"
        connection = self.reader.connection
        connection.execute(f"""CREATE OR REPLACE TABLE units AS SELECT customer, article, day, price, channel,
            row_number() OVER (PARTITION BY {key} ORDER BY day DESC, file DESC, row DESC) AS newest, {week} AS week
            FROM (SELECT *, unnest(generate_series(1, units::BIGINT)) FROM typed WHERE NOT is_return)""")
        connection.execute(f"""CREATE OR REPLACE TABLE returned AS SELECT customer, article, {week} AS week, sum(units)::BIGINT AS units
            FROM typed WHERE is_return GROUP BY ALL""")
        most = "coalesce(returned.units, 0)" if self.table.returns is Returns.NET else "0"
        kept = f"FROM units LEFT JOIN returned USING (customer, article, week) WHERE newest > {most}"
        connection.execute(f"""COPY (SELECT strftime(day, '%Y-%m-%d') AS t_dat, {customer_hex("customer")} AS customer_id,
            {article_number("article")} AS article_id, printf('%.6f', price) AS price, channel AS sales_channel_id {kept})
            TO {sql_path(path)} (HEADER, DELIMITER ',')""")
        bought, sold, returned, lines = (
            int(self.reader.one(f"SELECT {what}")[0] or 0)
            for what in (f"count(*) {kept}", "count(*) FROM units", "sum(units)::BIGINT FROM returned", "count(*) FROM typed")
        )
        return Counts(lines, bought, sold - bought, returned - (sold - bought))
