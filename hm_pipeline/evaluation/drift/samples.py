"""Samples of a weekly table and of the weeks before it that can be compared with it, of a size that does not grow with the shop."""

from functools import reduce
from operator import or_

import polars as pl

from hm_pipeline.engine.partition_files import Manifest, scan_files
from hm_pipeline.engine.tables import WeeklyTable

WEEKS = 13  # a quarter
NOW, THEN = 50_000, 100_000  # most rows of the week, and of all weeks before it together
FILES = 4  # a file holds a range of customers; rows of others are skipped by the statistics of their row groups
SEED = 13


def manifest_of(table: WeeklyTable, week_id: int) -> Manifest | None:
    """Return the manifest of a week's partition."""
    return Manifest.load(table.folder / f"week_id={week_id}")


def comparable_weeks(table: WeeklyTable, week_id: int) -> list[int]:
    """Return the weeks of the last 13 that are stored and have rows for an audience of the same kind, oldest first.

    Buyers of a week and everyone are two populations: features that differ between them have not drifted.
    """
    now = manifest_of(table, week_id)
    stored = {week: manifest_of(table, week) for week in range(week_id - WEEKS, week_id)}
    return [week for week, past in stored.items() if now and past and past.rows and _kind(past) == _kind(now)]


def _kind(manifest: Manifest) -> str:
    return manifest.audience.partition(":")[0]


def sample_weeks(table: WeeklyTable, week_id: int, past: list[int], columns: list[str]) -> tuple[pl.DataFrame, list[pl.DataFrame]]:
    """Return columns of the same customers, or articles, in a week and in each of some weeks before it, drawn by a hash of their ids."""
    key = "customer_id" if "customer_id" in table.schema.primary_key() else "article_id"
    chosen = _within(table, week_id, key)
    now = _sample(table.at(week_id).filter(chosen), key, columns, NOW)
    return now, [_sample(table.at(week).filter(chosen), key, columns, THEN // len(past)) for week in past]


def _within(table: WeeklyTable, week_id: int, key: str) -> pl.Expr:
    """Return the condition of a key in one of the ranges of ids of a few files, evenly spaced; none where there are few."""
    manifest = manifest_of(table, week_id)
    files = [table.folder / f"week_id={week_id}" / entry.file for entry in manifest.files if entry.rows] if manifest else []
    if key != "customer_id" or len(files) <= FILES:
        return pl.lit(value=True)
    spaced = [files[(2 * place + 1) * len(files) // (2 * FILES)] for place in range(FILES)]
    ends = [scan_files([file]).select(first=pl.col(key).min(), last=pl.col(key).max()).collect().row(0) for file in spaced]
    return reduce(or_, (pl.col(key).is_between(*pair) for pair in ends))


def _sample(rows: pl.LazyFrame, key: str, columns: list[str], most: int) -> pl.DataFrame:
    count = int(rows.select(pl.len()).collect(engine="streaming").item())
    share = -(-count // most)
    drawn = rows if share <= 1 else rows.filter(pl.col(key).hash(SEED) % share == 0)
    return drawn.select(columns).collect(engine="streaming")
