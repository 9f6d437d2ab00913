"""Merge of a delivery's weeks with those of a home, and the weeks that leave it; all of it is published in one go.

``transactions.py`` reads the files, ``week_ranges.py`` evaluates the days of a week.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.columns import EVERYONE
from hm_pipeline.base.contracts import Transactions
from hm_pipeline.base.files import atomic_write
from hm_pipeline.base.progress import OnProgress
from hm_pipeline.base.validation import validate
from hm_pipeline.datasets.kaggle.lost_rows import lost_rows
from hm_pipeline.datasets.kaggle.transactions import Parts, Purchases
from hm_pipeline.engine.dimension import FROM
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest, files_of, scan_files
from hm_pipeline.engine.staging import Stage

FACTS = "transactions"


@dataclass(frozen=True)
class Delivered:
    """A week of the files: what it is to the home, its rows, those left out, those the home would lose, and its days."""

    state: str
    rows: int
    rejected: int
    lost: int = 0
    days: frozenset[date] = frozenset()


@dataclass
class Weeks:
    """The weeks of a home as a delivery leaves them.

    Parameters
    ----------
    stage
        Where they are put together.
    dropped
        Weeks that the home gives up first.
    is_replacing
        The files' weeks replace the home's, whatever rows are lost by it.
    """

    stage: Stage
    dropped: frozenset[int] = frozenset()
    is_replacing: bool = False
    delivered: dict[int, Delivered] = field(default_factory=dict)

    def __post_init__(self) -> None:
        home = self.stage.home
        known = home.calendar.weeks if (home.root / "calendar.json").exists() else ()
        manifests = {week_id: Manifest.load(home.folder(FACTS, week_id)) for week_id in known}
        self._stored = {week_id: manifest.rows for week_id, manifest in manifests.items() if manifest}
        self._days: dict[int, frozenset[date]] = {}

    def put(self, purchases: Purchases, parts: Parts, threads: int, progress: OnProgress) -> None:
        """Stage all weeks of the files."""
        progress(FACTS, 0, len(parts))
        with ThreadPoolExecutor(threads) as pool:  # Polars lets go of the interpreter while it sorts and writes
            found = pool.map(lambda week_id: self._put(week_id, *purchases.read_week(week_id, parts[week_id])), parts)
            for done, (week_id, week) in enumerate(zip(parts, found, strict=True), start=1):
                self.delivered[week_id] = week
                progress(FACTS, done, len(parts))

    def _put(self, week_id: int, rows: pl.DataFrame, rejected: int) -> Delivered:
        if rows.is_empty():
            return Delivered("empty", 0, rejected)
        checked = validate(rows, Transactions, table=FACTS)
        is_free = self.is_replacing or week_id in self.dropped
        lost = 0 if is_free else self._keep_losses(week_id, checked)
        return Delivered(self.stage.put(checked, FACTS, week_id), rows.height, rejected, lost, frozenset(rows["t_dat"].unique()))

    def _keep_losses(self, week_id: int, rows: pl.DataFrame) -> int:
        lost = lost_rows(self.stage.home, week_id, rows)
        if lost.height:
            atomic_write(self.stage.root / "lost" / f"{week_id}.parquet", lost.write_parquet)
        return int(lost["rows"].sum())

    @property
    def lost(self) -> dict[int, int]:
        """Rows that the home would lose, by week."""
        return {week_id: week.lost for week_id, week in self.delivered.items() if week.lost}

    @property
    def rows(self) -> dict[int, int]:
        """Purchases of every week that will have some."""
        kept = {week_id: count for week_id, count in self._stored.items() if week_id not in self.dropped}
        return {week_id: count for week_id, count in {**kept, **self._files}.items() if count}

    @property
    def _files(self) -> dict[int, int]:
        return {week_id: week.rows for week_id, week in self.delivered.items() if week.rows}

    def days(self, week_id: int) -> frozenset[date]:
        """Return the days of a week that will have purchases."""
        if week_id in self._files:
            return self.delivered[week_id].days
        if week_id not in self.rows:
            return frozenset()
        if week_id not in self._days:
            table = self.stage.home.weekly(FACTS, Transactions).at(week_id)
            self._days[week_id] = frozenset(table.select(pl.col("t_dat").unique()).collect()["t_dat"])
        return self._days[week_id]

    def first_weeks(self, ids: pl.DataFrame, key: str) -> pl.DataFrame:
        """Return the week after the first purchase in the files of each customer or article, as ``known_from``."""
        staged = [self.stage.root / self.stage.home.folder(FACTS, week_id).relative_to(self.stage.home.root) for week_id in self._files]
        files = [file for folder in staged for file in files_of(folder)]
        rows = scan_files(files) if files and ids.height else Transactions.create_empty(lazy=True)
        return rows.join(ids.lazy(), on=key, how="semi").group_by(key).agg(pl.col("week_id").min().alias(FROM) + 1).sort(key).collect()

    def fill(self, calendar: Calendar) -> None:
        """Give a week in which nothing was bought an empty partition, so that it can be read like any other."""
        for week_id in range(calendar.first_week, max(self.rows) + 1):
            if week_id not in self.rows and (week_id in self.dropped or week_id not in self._stored):
                self.stage.put(Transactions.create_empty(), FACTS, week_id)

    def leaving(self, calendar: Calendar) -> Iterator[str]:
        """Yield the folders that leave a home which is to span a calendar.

        These are the weeks outside of it, and whatever was made for them.  Where the serving week moves back, what was
        made of its purchases, for its buyers, goes, too: now they are not known.
        """
        home, last = self.stage.home, max(self.rows)
        is_back = bool(self._stored) and home.calendar.last_week > calendar.last_week
        if not self._stored or not (self.dropped or is_back or home.calendar.first_week < calendar.first_week):
            return
        for folder in _weekly(home):
            week_id = int(folder.name.removeprefix("week_id="))
            is_known = calendar.first_week <= week_id <= (last if folder.parent == home.folder(FACTS) else calendar.last_week)
            if not is_known or (is_back and week_id == calendar.last_week and _is_of_its_buyers(home, folder)):
                yield folder.relative_to(home.root).as_posix()


def _weekly(home: Home) -> list[Path]:
    """Return the folders of all weeks of all tables and models."""
    found = [*home.root.glob("tables/**/week_id=*"), *home.root.glob("models/**/week_id=*")]
    return sorted(path for path in found if path.name.removeprefix("week_id=").isdigit())


def _is_of_its_buyers(home: Home, folder: Path) -> bool:
    """Return whether a table's week is of another audience than everyone, or of none; a model reads the past only."""
    is_made = folder.is_relative_to(home.root / "tables") and folder.parent != home.folder(FACTS)
    manifest = Manifest.load(folder)
    return is_made and not (manifest and manifest.audience.startswith(EVERYONE))
