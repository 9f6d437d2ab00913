"""Comparison of two partitions, column by column: read shard by shard, so that memory never holds a complete week."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import polars as pl

from hm_pipeline.engine.partition_files import Manifest, scan_files
from hm_pipeline.features.feast_objects import TIMESTAMP


@dataclass
class Digest:
    """Digest of one partition: rows, a hash per column over keys and values, and its rows' stamps and weeks."""

    rows: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    stamps: set[object] = field(default_factory=set)
    weeks: set[int] = field(default_factory=set)


def shards(folder: Path, audience: pl.DataFrame | None = None) -> Iterator[pl.DataFrame]:
    """Yield a partition's shards, rows of an audience alone where the table has customers and one is given."""
    manifest = Manifest.load(folder)
    for entry in manifest.files if manifest else ():
        rows = scan_files([folder / entry.file]).collect()
        if audience is not None and "customer_id" in rows.columns:
            rows = rows.join(audience, on="customer_id", how="semi", maintain_order="left")
        yield rows


def digest(folder: Path, keys: Sequence[str], columns: Sequence[str], audience: pl.DataFrame) -> Digest:
    """Return the digest of a partition; the order of its rows does not matter."""
    found = Digest(columns=dict.fromkeys(columns, 0))
    for rows in shards(folder, audience):
        found.rows += rows.height
        found.stamps |= set(rows[TIMESTAMP].unique()) if TIMESTAMP in rows.columns else set()
        found.weeks |= set(rows["week_id"].unique()) if "week_id" in rows.columns else set()
        for name in columns:
            found.columns[name] = (found.columns[name] + int(rows.select(*keys, name).hash_rows(seed=0).sum())) % 2**64
    return found


def differing_rows(known: Path, other: Path, keys: Sequence[str], column: str, audience: pl.DataFrame) -> int:
    """Return how many keys have another value in a column, or are in one of two partitions only."""
    ours, theirs = (pl.concat([rows.select(*keys, column) for rows in shards(folder, audience)]) for folder in (known, other))
    joined = ours.join(theirs, on=keys, how="full", suffix="_other")
    unpaired = pl.col(keys[0]).is_null() | pl.col(f"{keys[0]}_other").is_null()
    return joined.filter(unpaired | pl.col(column).ne_missing(pl.col(f"{column}_other"))).height


def digest_of_model(folder: Path) -> str:
    """Return a digest of a model's files, by name."""
    files = sorted(path for path in folder.glob("*") if path.name != "manifest.json")
    return sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()
