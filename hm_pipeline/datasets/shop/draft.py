"""Draft of a schema from a shop's files: what was guessed, from what, and what could not be found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.datasets.shop.sample import Column, Sample, samples

# Parts of a schema by words in the names of columns, in the order in which they are looked for.
WORDS: dict[str, tuple[str, ...]] = {
    "quantity": ("qty", "quantity", "menge", "anzahl", "units", "stueck", "cantidad", "quantite"),
    "price": ("unit_price", "price", "preis", "sales_value", "amount", "betrag", "value", "revenue", "prix", "precio"),
    "channel": ("channel", "kanal", "canal", "shop_type", "sales_channel"),
    "day": ("date", "datum", "day", "timestamp", "time", "fecha", "t_dat"),
    "customer": ("customer", "client", "kunde", "household", "user", "member", "buyer", "shopper", "visitor"),
    "article": ("article", "sku", "product_id", "item", "artikel", "product", "ean", "gtin", "variant"),
    "birth_year": ("birth", "geburt", "yob"),
    "age": ("age", "alter"),
    "club_status": ("club", "loyalty", "status"),
    "newsletter": ("newsletter", "news"),
    "name": ("title", "name", "bezeichnung"),
    "type": ("product_type", "type", "category", "kategorie", "warengruppe", "typ"),
    "group": ("product_category", "group", "gruppe"),
    "colour": ("colour", "color", "farbe"),
    "pattern": ("pattern", "muster", "graphical"),
    "department": ("department", "abteilung", "brand", "marke"),
    "section": ("section", "division"),
    "description": ("description", "desc", "beschreibung"),
}
LINES = ("day", "customer", "article", "price", "quantity", "channel")
PEOPLE = ("birth_year", "age", "club_status", "newsletter")
CATALOGUE = ("name", "type", "group", "colour", "pattern", "department", "section", "description")
STORE, ONLINE = ("store", "shop", "filiale", "pos", "offline", "laden"), ("web", "online", "app", "internet", "mobile", "ecom")
MOST = 2_000  # of a stored price
WHOLE_OF_LINE = ("sales_value", "amount", "betrag", "revenue", "total")


@dataclass
class Draft:
    """A schema in YAML, with a remark on each guess.

    Parameters
    ----------
    open_points
        What could not be found, to be filled in by hand.
    """

    lines: list[str] = field(default_factory=list)
    open_points: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return the file."""
        todo = [f"# TO DO: {point}" for point in self.open_points]
        return "\n".join(
            ["# Drafted from the files; every line is a guess to be checked. Meaning of the keys: docs/data.md.", *todo, *self.lines, ""]
        )


def draft(raw: str | Path) -> Draft:
    """Return a draft for a folder of CSV or Parquet files.

    Raises
    ------
    MissingInput, InvalidInput
        If there is no such folder, or no file in it looks like order lines.
    """
    found = samples(Path(raw))
    orders = max((sample for sample in found if sample.days), key=lambda sample: (sample.size, sample.path.name), default=None)
    if orders is None:
        names = ", ".join(sample.path.name for sample in found) or "no CSV or Parquet file"
        raise InvalidInput("no file has a column of days", where=f"{raw}: {names}", hint="give the folder of the order lines")
    others = [sample for sample in found if sample is not orders]
    made = Draft()
    columns = dict(_lines_of(orders, others))
    made.lines += [
        "currency: ''                  # unit of the prices",
        "week_begins: monday           # of a new home",
        *_transactions(orders, columns, made),
    ]
    used = {orders.path}
    for part, own in (("customer", PEOPLE), ("article", CATALOGUE)):
        table = _table_of(columns.get(part), [sample for sample in others if sample.path not in used])
        if table is None:
            made.lines.append(f"# {part}s: no file holds the {part}s of the order lines; those of the lines are taken")
            continue
        sample, key = table
        used.add(sample.path)
        made.lines += [f"{part}s:", *_files(sample), "  columns:", f"    {part}: {_yaml(key.name)}", *_parts(sample, own, {key.name})]
    return made


def _lines_of(orders: Sample, others: Sequence[Sample]) -> Iterator[tuple[str, Column]]:
    """Yield the parts of the order lines and their columns: by name first, customers and articles by the files that list them."""
    taken: set[str] = set()
    for part in ("day", "quantity", "price", "channel", "customer", "article"):
        fits = [column for column in orders.columns if column.name not in taken and _may_be(column, part)]
        listed = [column for column in fits if _table_of(column, others)] if part in ("customer", "article") else []
        best = _named(listed, part) or _named(fits, part) or (fits[0] if part == "day" and fits else None)
        if best:
            taken.add(best.name)
            yield part, best


def _may_be(column: Column, part: str) -> bool:
    if part == "day":
        return bool(column.date_format)
    if part in ("quantity", "price"):
        return column.is_number
    return not column.date_format


def _named(columns: Sequence[Column], part: str) -> Column | None:
    for word in WORDS[part]:
        for column in columns:
            if word in column.name.lower():
                return column
    return None


def _table_of(column: Column | None, others: Sequence[Sample]) -> tuple[Sample, Column] | None:
    """Return the file, and its column, that lists the values of a column, each once."""
    found = [
        (sample, key)
        for sample in others
        for key in sample.columns
        if column and key.is_unique and column.values and len(column.values & key.values) >= 0.9 * len(column.values)
    ]
    return max(found, key=lambda pair: pair[1].name == (column.name if column else ""), default=None)


def _transactions(orders: Sample, columns: dict[str, Column], made: Draft) -> list[str]:
    lines = ["transactions:", *_files(orders), "  columns:"]
    for part in LINES:
        if part in columns:
            lines.append(f"    {part}: {_yaml(columns[part].name)}")
        elif part in LINES[:4]:
            lines.append(f"    {part}: ''")
            made.open_points.append(f"transactions.columns.{part}: one of {', '.join(column.name for column in orders.columns)}")
    day = columns.get("day")
    lines.append(f"  date_format: {_yaml(day.date_format if day else '%Y-%m-%d')}" + (f"   # {day.remark}" if day and day.remark else ""))
    if day and "%H" in day.date_format:
        lines.append("  # time_zone: Europe/Berlin    # of the shop; with written_in: UTC where moments are in another zone")
    lines += _counting(columns.get("price"), columns.get("quantity"))
    if "channel" in columns:
        lines += ["  channels:", *_channels(columns["channel"], made)]
    return lines


def _counting(price: Column | None, quantity: Column | None) -> Iterator[str]:
    """Yield how a line's price and quantity are read."""
    if price and price.largest > MOST:
        yield f"  price_divisor: {10 ** len(str(int(price.largest // MOST)))}"
    if quantity:
        is_whole = price is not None and any(word in price.name.lower() for word in WHOLE_OF_LINE)
        yield f"  price_of: {'line' if is_whole else 'unit'}"
        yield f"  quantity: {'units' if quantity.is_whole else 'weight'}          # a line of 2 units is two purchases"
        yield "  returns: net                  # lines of a negative quantity: net, leave_out or refuse"


def _channels(column: Column, made: Draft) -> Iterator[str]:
    for value in sorted(column.values):
        number = 1 if any(word in value.lower() for word in STORE) else 2 if any(word in value.lower() for word in ONLINE) else 0
        if not number:
            made.open_points.append(f"transactions.channels.{value}: 1 is a store, 2 is online")
        yield f"    {_yaml(value)}: {number or 1}"


def _files(sample: Sample) -> list[str]:
    lines = [f"  files: {_yaml(sample.path.name)}"]
    lines += [f"  separator: {_yaml(sample.separator)}"] if sample.separator != "," else []
    lines += [f"  encoding: {sample.encoding}"] if sample.encoding != "utf-8" else []
    lines += ['  decimal: ","'] if any(column.has_comma for column in sample.columns) else []
    return lines


def _parts(sample: Sample, parts: Sequence[str], taken: set[str]) -> Iterator[str]:
    for part in parts:
        column = _named([column for column in sample.columns if column.name not in taken], part)
        if column and not (part == "age" and not column.is_number):
            taken.add(column.name)
            yield f"    {part}: {_yaml(column.name)}"


def _yaml(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'
