"""Layout that a schema describes, and the one that a home was filled by."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.base.files import atomic_write
from hm_pipeline.datasets.layout import KaggleLayout, Layout, Prepared
from hm_pipeline.datasets.shop.convert import convert
from hm_pipeline.datasets.shop.faults import Fault, FaultyFiles
from hm_pipeline.datasets.shop.files import choose, locate
from hm_pipeline.datasets.shop.schema import FILE, ShopSchema


@dataclass(frozen=True)
class ShopLayout:
    """Files of a shop as its schema describes them.

    Parameters
    ----------
    text
        The schema as it was written, which the home keeps.
    """

    schema: ShopSchema
    text: str

    @classmethod
    def load(cls, path: Path) -> "ShopLayout":
        """Read a schema; raises as :meth:`ShopSchema.load`."""
        return cls(ShopSchema.load(path), path.read_text(encoding="utf-8"))

    @property
    def epoch(self) -> date:
        """First day of week 0 of a new home."""
        return self.schema.epoch

    def chosen(self, raw: Path) -> dict[str, Path]:
        """Return the files that the schema names."""
        found, faults = dict[str, Path](), list[Fault]()
        for name, table in self.schema.tables.items():
            names, wrong = locate(raw, table, name)
            faults += wrong
            found |= {f"{name} {file}": raw / file if raw.is_dir() else raw for file in names}
        if faults:
            raise FaultyFiles(faults)
        return found

    @property
    def has_files(self) -> bool:
        """Whether a table is read from files."""
        return any(table.files for table in self.schema.tables.values())

    def choose(self, names: Sequence[str], shown: str) -> list[str]:
        """Return the names of the files that the schema names, among all names; ``shown`` is where they lie."""
        chosen, faults = list[str](), list[Fault]()
        for part, table in self.schema.tables.items():
            found, wrong = choose(names, table, part, shown)
            chosen, faults = chosen + found, faults + wrong
        if faults:
            raise FaultyFiles(faults)
        return chosen

    def prepare(self, raw: Path, scratch: Path, *, connection: Any, home: Path, epoch: date, replace_types: bool = False) -> Prepared:
        """Return the files converted to Kaggle's layout; raises as :func:`convert`."""
        found = convert(raw, self.schema, home, scratch, connection=connection, epoch=epoch, replace_types=replace_types)
        atomic_write(scratch / FILE, lambda path: path.write_text(self.text, encoding="utf-8"))
        counts = found.counts
        prices = f", prices in {self.schema.currency}" if self.schema.currency else ""
        remarks = [f"{counts.lines:,} order lines: {counts.bought:,} units bought{prices}"]
        if counts.netted:
            remarks.append(f"{counts.netted:,} returned units were taken off purchases of the same customer, article and week")
        if counts.left_out:
            remarks.append(f"{counts.left_out:,} returned units were left out, as no purchase of theirs is in the week")
        remarks += [
            f"{count:,} {name}s {'whom' if name == 'customer' else 'that'} only order lines name were added, with nothing known of them"
            for name, count in found.unlisted.items()
            if count and self.schema.tables.get(f"{name}s")
        ]
        return Prepared({path.name: path for path in found.folder.iterdir()}, (*found.kept, FILE), tuple(remarks))


def layout_of(home: str | Path, schema: str | Path | None = None) -> Layout:
    """Return the layout of a schema that is given, else of the one a home was filled by, else Kaggle's.

    Raises
    ------
    InvalidInput
        If the schema that is given is not for the home's shop.
    """
    stored = Path(home) / FILE
    if schema is None:
        return ShopLayout.load(stored) if stored.exists() else KaggleLayout()
    layout = ShopLayout.load(Path(schema))
    if (Path(home) / "calendar.json").exists():
        _refuse_another_shop(layout.schema, stored, Path(schema))
    return layout


def _refuse_another_shop(schema: ShopSchema, stored: Path, path: Path) -> None:
    """Refuse a schema by which the home would hold two kinds of ids, or prices in two currencies."""
    if not stored.exists():
        what, hint = "the home was filled in Kaggle's layout", "ingest the shop into a home of its own, by HM_HOME"
        raise InvalidInput(what, where=str(path), hint=hint)
    was, now = ShopSchema.load(stored).currency, schema.currency
    if was and now and was != now:
        hint = "convert the prices, or ingest into a home of its own, by HM_HOME"
        raise InvalidInput(f"currency is {now!r}, and the home's prices are in {was!r}", where=str(path), hint=hint)
