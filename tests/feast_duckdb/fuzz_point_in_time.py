"""Random point-in-time questions over small tables, held against plain Python.

    python -m tests.feast_duckdb.fuzz_point_in_time --cases 2000 --seed 1

Sources and entity tables are written in every unit, zone and type that pandas, Arrow and Polars write, texts with offsets
among them, in files, folders and partitions below folders of any name; columns bear the names that are used inside
statements.  The oracle counts in nanoseconds.
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float64, Int64, String

from hm_pipeline.base.errors import HMError
from hm_pipeline.feast_duckdb.offline.store import TYPE as OFFLINE_STORE
from hm_pipeline.feast_duckdb.offline.store import DuckDBPointInTimeOfflineStore

START = datetime(2020, 3, 28, 22, tzinfo=UTC)  # hours before the clocks change in Europe
HOUR = 3_600_000_000_000  # nanoseconds
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NAMES = (
    "rowid", "row_number", "asked_at", "__row", "__at", "ts", "created", "since", "copies", "k0", "v0", "c0", "c1", "e", "f0", "g0", "p0_0",
    "t", "s", "name", "filename", "week id", 'a"b', "select", "Größe", "x", "value", "row", "file_row_number",
)  # fmt: skip
PARENTS = ("plain", "x=5", "week_id=7", "a [1]", "per%20cent", "it's", "sp ace", "key=0")
ZONES = ("UTC", "Europe/Stockholm", "Asia/Kathmandu", "America/New_York")
UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


@dataclass
class Case:
    """A source, a question, and what they were made of."""

    rows: list[tuple[Any, int, int | None, Any]]  # key, stamp, created, value
    asked: list[tuple[Any, int]]
    ttl: int | None
    as_known: bool
    notes: dict[str, Any] = field(default_factory=dict)


def oracle(case: Case) -> list[Any]:
    """Return the value of the latest row that is known and holds, for each question."""
    found = []
    for key, moment in case.asked:
        best: tuple[int, int] | None = None
        value = None
        for row_key, stamp, created, row_value in case.rows:
            if key is None or row_key != key or stamp > moment or (case.ttl is not None and stamp < moment - case.ttl):
                continue
            if case.as_known and created is not None and created > moment:
                continue
            if best is None or (stamp, created or 0) > best:
                best, value = (stamp, created or 0), row_value
        found.append(value)
    return found


def moments(draw: random.Random, values: list[int], *, exact: bool = False) -> tuple[pa.Array, str]:
    """Write instants, in nanoseconds, in a way that loses nothing."""
    ways: list[str] = [unit for unit, size in UNITS.items() if all(value % size == 0 for value in values)]
    ways = [way + zone for way in ways for zone in ("", *(f" {zone}" for zone in ZONES))]
    if all(value % 1000 == 0 for value in values) or not exact:
        ways += ["text"] * 4
    way = draw.choice(ways)
    if way == "text":
        return pa.array([_text(draw, value) for value in values]), way
    unit, _, zone = way.partition(" ")
    return pa.array([value // UNITS[unit] for value in values], pa.int64()).cast(pa.timestamp(unit, zone or None)), way


def _text(draw: random.Random, value: int) -> str:
    moment, rest = EPOCH + timedelta(microseconds=value // 1000), value % 1000
    zone = draw.choice(["naive", "Z", "+02:00", "-03:30", "Asia/Kathmandu"])
    digits = f".{moment.microsecond:06d}{rest:03d}" if rest or moment.microsecond else draw.choice(["", ".0", ".000000"])
    if zone in ("naive", "Z"):
        return f"{moment:%Y-%m-%d}{draw.choice('T ')}{moment:%H:%M:%S}{digits}{'' if zone == 'naive' else 'Z'}"
    if "/" in zone:
        local = moment.astimezone(ZoneInfo(zone))
        return f"{local:%Y-%m-%d %H:%M:%S}{digits} {zone}"
    sign = -1 if zone[0] == "-" else 1
    local = moment.astimezone(timezone(sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[4:]))))
    return f"{local:%Y-%m-%dT%H:%M:%S}{digits}{zone}"


def make(draw: random.Random) -> Case:
    """Draw a case whose rows do not tie."""
    text_keys, finer = draw.random() < 0.3, draw.random() < 0.2
    keys: list[Any] = ["a b", "N°1", "07", "x%y"] if text_keys else [0, 3, -2, 10**12]
    jitter = (lambda: draw.choice([0, 0, 500, 999, 1, 1000])) if finer else (lambda: draw.choice([0, 0, 0, 1000]))
    base = (START - EPOCH) // timedelta(seconds=1) * 10**9

    def moment() -> int:
        return base + draw.randint(-6, 6) * HOUR // 2 + jitter()

    is_created = draw.random() < 0.4
    rows = {}
    for _ in range(draw.randint(1, 10)):
        key, stamp = draw.choice(keys), moment()
        created = moment() if is_created else None
        value = draw.choice([None, draw.randint(-5, 5)])
        rows[key, stamp // 1000, None if created is None else created // 1000] = (key, stamp, created, value)
    seen: dict[Any, set[int]] = {}
    kept = []
    for key, stamp, created, value in rows.values():  # two instants of one microsecond are refused as one moment
        others = seen.setdefault((key, None if created is None else -(-created // 1000)), set())
        if -(-stamp // 1000) not in others:
            others.add(-(-stamp // 1000))
            kept.append((key, stamp, created, value))
    known = [row[0] for row in kept] * (1 if draw.random() < 0.3 else 9)
    asked = [(draw.choice([*known, "zz" if text_keys else 99]), (moment() + 2 * HOUR) // 1000 * 1000) for _ in range(draw.randint(1, 8))]
    ttl = draw.choice([None, HOUR, 12 * HOUR, 1000])
    return Case(kept, asked, ttl, is_created and draw.random() < 0.5)


def write(draw: random.Random, case: Case, root: Path, names: dict[str, str]) -> tuple[str, bool]:
    """Write the source and return its pattern, and whether its key is spelt by folders."""
    stamps, way = moments(draw, [row[1] for row in case.rows])
    columns: dict[str, Any] = {names["stamp"]: stamps}
    if case.rows[0][2] is not None:
        columns[names["created"]], case.notes["created"] = moments(draw, [row[2] for row in case.rows if row[2] is not None])
    width = draw.choice([pa.int64(), pa.int16(), pa.int8()])
    columns[names["value"]] = pa.array([row[3] for row in case.rows], width)
    columns[names["other"]] = pa.array([draw.choice([None, "text"]) for _ in case.rows], pa.string())
    table = pa.table({names["key"]: pa.array([row[0] for row in case.rows]), **columns})
    case.notes |= {"stamps": way, "value": str(width)}
    folder = root / draw.choice(PARENTS) / "data"
    shape = draw.choice(["file", "folder", "glob", "partitions"])
    case.notes |= {"folder": str(folder), "shape": shape}
    if shape == "file":
        folder.mkdir(parents=True)
        pq.write_table(table, folder / "rows.parquet")
        return str(folder / "rows.parquet"), False
    if shape in ("folder", "glob"):
        folder.mkdir(parents=True)
        half = draw.randint(0, table.num_rows)
        for place, part in enumerate((table.slice(0, half), table.slice(half))):
            wide = draw.choice([pa.int64(), width])
            value = part[names["value"]].cast(wide)
            part = part.set_column(part.schema.get_field_index(names["value"]), names["value"], value)  # noqa: PLW2901
            if part.num_rows and part[names["other"]].null_count == part.num_rows and draw.random() < 0.5:
                empty = pa.nulls(part.num_rows)
                part = part.set_column(part.schema.get_field_index(names["other"]), names["other"], empty)  # noqa: PLW2901
            pq.write_table(part, folder / f"part {place}.parquet")
        return (str(folder), False) if shape == "folder" else (f"{_escaped(folder)}/*.parquet", False)
    padded = draw.random() < 0.5
    for key in dict.fromkeys(row[0] for row in case.rows):
        places = [place for place, row in enumerate(case.rows) if row[0] == key]
        spelt = f"{key:03d}" if padded and isinstance(key, int) else quote(str(key), safe="")
        target = folder / f"{names['key']}={spelt}"
        target.mkdir(parents=True)
        part = table.take(places)
        pq.write_table(part if draw.random() < 0.5 else part.drop_columns([names["key"]]), target / "rows.parquet")
    return f"{_escaped(folder)}/{names['key']}=*/*.parquet", True


def _escaped(folder: Path) -> str:
    return str(folder).replace("[", "[[]")


def entity_table(draw: random.Random, case: Case, names: dict[str, str], key: str) -> tuple[Any, dict[str, list[Any]]]:
    """Return the question as one of the things that are taken, and the columns that are to come back as they are."""
    stamps, way = moments(draw, [moment for _, moment in case.asked], exact=True)
    extras = {
        name: [draw.choice([7, 2**53 + 1, -1]) for _ in case.asked] for name in draw.sample(NAMES, 3) if name not in (*names.values(), key)
    }
    extras |= {"mine": [draw.choice(["p", "q"]) for _ in case.asked]}
    table = pa.table({key: pa.array([given for given, _ in case.asked]), "event_timestamp": stamps, **extras})
    kind = draw.choice(["pandas", "objects", "polars", "lazy", "arrow"])
    case.notes |= {"entities": kind, "asked as": way, "extras": sorted(extras)}
    frame: Any = table
    if kind == "pandas":
        frame = table.to_pandas()
        frame["mine"] = frame["mine"].astype("category")
    elif kind == "objects":
        frame = pd.DataFrame(
            {
                name: pd.Series(table[name].to_pylist() if name != "event_timestamp" else _objects(table), dtype=object)
                for name in table.column_names
            }
        )
    elif kind in ("polars", "lazy"):
        frame = pl.DataFrame(table)
        frame = frame.lazy() if kind == "lazy" else frame
    return frame, extras


def _objects(table: pa.Table) -> list[Any]:
    column = table["event_timestamp"]
    return column.to_pylist() if pa.types.is_string(column.type) else list(column.to_pandas())


class Asker:
    """Asks our store without registering anything, as that takes most of a case's time."""

    def __init__(self, root: Path) -> None:
        settings = RepoConfig(
            project="fuzz",
            provider="local",
            registry=str(root / "registry.db"),
            offline_store={"type": OFFLINE_STORE},
            online_store={"type": "sqlite", "path": str(root / "online.db")},
            entity_key_serialization_version=3,
            repo_path=root,
        )
        self.store = FeatureStore(config=settings)
        self.store.apply([Entity(name="nobody", join_keys=["nobody"], value_type=ValueType.INT64)])

    def answer(self, draw: random.Random, case: Case, root: Path) -> tuple[list[Any], list[Any]]:
        """Return what came and what should have come, the caller's columns among them."""
        key, stamp, created, value, other = draw.sample(NAMES, 5)
        names = {"key": key, "stamp": stamp, "created": created, "value": value, "other": other}
        pattern, _ = write(draw, case, root, names)
        entities, extras = entity_table(draw, case, names, key)
        case.notes["names"] = names
        kind = String if isinstance(case.rows[0][0], str) else Int64
        entity = Entity(name="it", join_keys=[key], value_type=ValueType.STRING if kind is String else ValueType.INT64)
        is_exact = len({row[0] for row in case.rows}) == len(case.rows) and not case.as_known
        case.notes["exact"] = is_exact
        declared = [Field(name=key, dtype=kind), Field(name=value, dtype=draw.choice([Int64, Float64])), Field(name=other, dtype=String)]
        source = FileSource(
            name="rows", path=pattern, timestamp_field=stamp, created_timestamp_column=created if case.rows[0][2] is not None else ""
        )
        view = FeatureView(
            name="v",
            entities=[entity],
            schema=declared,
            source=source,
            ttl=None if case.ttl is None else timedelta(microseconds=case.ttl // 1000),
            tags={"exact_key": key} if is_exact else {},
        )
        job = DuckDBPointInTimeOfflineStore.get_historical_features(
            self.store.config, [view], [f"v:{value}", f"v:{other}"], entities, self.store.registry, "fuzz", False, case.as_known
        )
        way = draw.choice(["arrow", "stream", "df"])
        case.notes["read"] = way
        result = (
            pa.Table.from_batches(list(job.to_record_batches(ordered=True)))
            if way == "stream"
            else pa.Table.from_pandas(job.to_df())
            if way == "df"
            else job.to_arrow()
        )
        wanted = [oracle(case), *extras.values(), [moment for _, moment in case.asked], [given for given, _ in case.asked]]
        found = result["event_timestamp"].cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_pylist()
        values = [None if pd.isna(item) else int(item) for item in result[value].to_pylist()]
        return [values, *(result[name].to_pylist() for name in extras), [1000 * item for item in found], result[key].to_pylist()], wanted


def run(cases: int, seed: int, *, say: Callable[[str], object] = print) -> int:
    """Try cases and return how many went wrong."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        asker = Asker(Path(folder))
        for number in range(cases):
            draw, root = random.Random(f"{seed} {number}"), Path(folder) / f"case{number}"
            case = make(draw)
            try:
                came, wanted = asker.answer(draw, case, root)
                fault = "" if came == wanted else f"came {came}, wanted {wanted}"
            except HMError as error:
                fault = "" if _is_expected(case, str(error)) else f"refused: {error}"
            except Exception as error:  # noqa: BLE001 - a traceback is a fault of its own
                fault = f"{type(error).__name__}: {error}"
            if fault:
                wrong += 1
                say(f"case {number}: {fault[:600]}\n   {case}")
            shutil.rmtree(root, ignore_errors=True)
    return wrong


def _is_expected(case: Case, text: str) -> bool:
    """Return whether a refusal is right: a partition that was asked for and never written."""
    missing = {key for key, _ in case.asked} - {row[0] for row in case.rows}
    return case.notes["shape"] == "partitions" and bool(missing) and "has no partition for" in text


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    count = run(given.cases, given.seed)
    print(f"{given.cases} cases of seed {given.seed}: {count} wrong")  # noqa: T201 - a command
    sys.exit(bool(count))
