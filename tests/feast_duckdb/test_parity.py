"""Our store gives the values of Feast's own DuckDB store, on whatever a table may hold.

Left out is what Feast's own store does not define: which of two rows counts that tie in key, moment and creation.  It
takes any of them; ours raises, see ``test_what_the_stock_store_leaves_to_chance``.  An entity row without a moment is
an error here, and a row of nulls there.  DuckDB's ASOF join gives 0.0 for -0.0, which are equal.
"""

from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pytest
from feast import FeatureService
from feast.types import Array, Bool, Float32, Float64, Int64, String, UnixTimestamp
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from hm_pipeline.base.errors import RowCountMismatch
from hm_pipeline.feast_duckdb.offline import statement as _sql
from hm_pipeline.feast_duckdb.offline import view_plan as _view_plan

from .conftest import STOCK_WARNING, at, open_repository, view

KEY = st.integers(0, 2)
STEPS = st.integers(-6, 6)
HOURS = STEPS.map(lambda step: step * 12)  # multiples of half a day meet the moments and the ends of a TTL exactly
VALUE = st.none() | st.integers(-5, 5)
TTL = st.sampled_from([None, timedelta(hours=12), timedelta(days=2), timedelta(microseconds=1)])
ZONE = st.sampled_from([None, "UTC", "Europe/Stockholm", "Asia/Kathmandu"])
RANDOM = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, phases=[Phase.generate])
KINDS = {  # what a feature may be: Feast's type, Polars', and random values
    "f4": (Float32, pl.Float32, st.floats(width=32, allow_nan=True)),
    "f8": (Float64, pl.Float64, st.floats()),
    "text": (String, pl.String, st.text(max_size=3)),
    "flag": (Bool, pl.Boolean, st.booleans()),
    "moment": (UnixTimestamp, pl.Datetime("us", "UTC"), HOURS.map(at)),
    "numbers": (Array(Int64), pl.List(pl.Int64), st.lists(st.integers(-5, 5), max_size=2)),
    "words": (Array(String), pl.List(pl.String), st.lists(st.text(max_size=2), max_size=2)),
}


def _table(rows: list[tuple], names: list[str], kinds: Mapping[str, Any] | None = None) -> pl.DataFrame:
    known = {name: pl.Datetime("us", "UTC") if name.endswith("timestamp") else pl.Int64 for name in names} | dict(kinds or {})
    return pl.DataFrame(rows, schema=known, orient="row")


def unique(*values, by: int):
    return st.lists(st.tuples(*values), min_size=1, max_size=12, unique_by=lambda row: row[:by])


def in_zone(table: pl.DataFrame, zone: str | None) -> pl.DataFrame:
    moments = pl.selectors.ends_with("timestamp")
    return table.with_columns(moments.dt.convert_time_zone(zone) if zone else moments.dt.replace_time_zone(None))


def answers(root: Path, objects: list, entities: pl.DataFrame, features: Any, table: Any = None, **options: Any) -> list[pl.DataFrame]:
    """Return what our store and the stock one say, the rows in the order asked; the table is the entities in another form."""
    results = []
    for kind in ({}, {"kind": "duckdb"}):
        store = open_repository(root, objects, **kind)
        asked = (
            table
            if table is not None
            else entities.to_pandas().astype({name: "Int64" for name in entities.columns if entities[name].dtype == pl.Int64})
        )
        wanted = store.get_feature_service(features) if isinstance(features, str) else features
        results.append(pl.DataFrame(store.get_historical_features(entity_df=asked, features=wanted, **options).to_arrow()))
    ours, stock = results
    assert ours["row"].to_list() == list(range(entities.height))
    assert ours.columns == stock.columns
    return [ours, stock.sort("row").with_columns(pl.col("event_timestamp").dt.cast_time_unit("us"))]


@given(
    asof=unique(st.none() | KEY, HOURS, VALUE, by=2),
    created=unique(KEY, HOURS, st.none() | HOURS, VALUE, by=3),
    exact=unique(KEY, KEY, HOURS, VALUE, by=2),
    asked=st.lists(st.tuples(st.none() | KEY, KEY, HOURS), min_size=1, max_size=12),
    ttl=TTL,
    zones=st.tuples(ZONE, ZONE),
    options=st.fixed_dictionaries({"full_feature_names": st.booleans(), "filter_by_created_timestamp": st.booleans()}),
)
@RANDOM
@STOCK_WARNING
def test_values_equal_those_of_the_stock_store(tmp_path_factory, asof, created, exact, asked, ttl, zones, options):
    root = tmp_path_factory.mktemp("parity")
    tables = {
        "a": _table([(k, at(h), v) for k, h, v in asof], ["customer_id", "event_timestamp", "a"]),
        "b": _table(
            [(k, at(h), None if c is None else at(c), v) for k, h, c, v in created],
            ["customer_id", "event_timestamp", "made_timestamp", "b"],
        ),
        "c": _table([(k, w, at(h), v) for k, w, h, v in exact], ["customer_id", "week_id", "event_timestamp", "c"]),
    }
    for name, table in tables.items():
        in_zone(table, zones[0]).write_parquet(root / f"{name}.parquet")
    views = [
        view("asof", root / "a.parquet", ["customer_id"], features=["a"], ttl=ttl),
        view("made", root / "b.parquet", ["customer_id"], features=["b"], ttl=ttl, created_timestamp_column="made_timestamp"),
        view("exact", root / "c.parquet", ["customer_id", "week_id"], features=["c"], ttl=ttl),
    ]
    rows = [(n, k, w, at(h)) for n, (k, w, h) in enumerate(asked)]
    entities = in_zone(_table(rows, ["row", "customer_id", "week_id", "event_timestamp"]), zones[1])
    ours, stock = answers(root, views, entities, ["asof:a", "made:b", "exact:c"], **options)
    assert ours.rows() == stock.rows()


@given(
    rows=unique(KEY, HOURS, VALUE, by=2),
    asked=st.lists(st.tuples(KEY, HOURS), min_size=1, max_size=12),
    ttl=TTL,
    named=st.sampled_from(["rowid", "row_number", "asked_at", "e", "f0", "k0", "v0", "ts", "c0", "__row"]),
    written=st.sampled_from(["ns", "ms", "text", "offset"]),
    given_as=st.sampled_from(["ns", "s", "text", "offset", "objects"]),
    numbers=st.lists(st.integers(-3, 3) | st.floats(-3, 3), min_size=12, max_size=12),
)
@RANDOM
@STOCK_WARNING
def test_moments_and_columns_however_they_are_written(tmp_path_factory, rows, asked, ttl, named, written, given_as, numbers):
    root = tmp_path_factory.mktemp("parity")
    stored = _table([(k, at(h), v) for k, h, v in rows], ["customer_id", "event_timestamp", "a"])
    parquet.write_table(stored.with_columns(event_timestamp=_as(written)).to_arrow(), root / "a.parquet")
    entities = _table([(n, k, at(h)) for n, (k, h) in enumerate(asked)], ["row", "customer_id", "event_timestamp"])
    table = entities.with_columns(event_timestamp=_as(given_as.replace("objects", "ns"))).to_pandas()
    table[named] = pd.Series(numbers[: len(table)], dtype=object)
    if given_as == "objects":
        table["event_timestamp"] = table["event_timestamp"].astype(object)
    views = [view("asof", root / "a.parquet", ["customer_id"], features=["a"], ttl=ttl)]
    ours, stock = answers(root, views, entities, ["asof:a"], table=table)
    assert ours["a"].to_list() == stock["a"].to_list()
    assert ours[named].to_list() == numbers[: len(table)]


def _as(way: str) -> pl.Expr:
    """Return the moments in a unit, or as texts."""
    moments = pl.col("event_timestamp")
    if way == "offset":
        return moments.dt.convert_time_zone("Asia/Kathmandu").dt.strftime("%Y-%m-%dT%H:%M:%S%z")
    return moments.dt.strftime("%Y-%m-%d %H:%M:%S") if way == "text" else moments.dt.cast_time_unit("ms" if way == "s" else way)


@given(
    exact=unique(KEY, KEY, KEY, HOURS, VALUE, by=3),
    lone=unique(KEY, HOURS, VALUE, by=1),
    asof=unique(st.none() | KEY, HOURS, VALUE, by=2),
    asked=st.lists(st.tuples(st.none() | KEY, KEY, KEY, HOURS), min_size=1, max_size=12),
    ttl=TTL,
)
@RANDOM
@STOCK_WARNING
def test_views_joined_partition_by_partition_equal_the_stock_store(tmp_path_factory, exact, lone, asof, asked, ttl):
    root = tmp_path_factory.mktemp("parity")
    pairs = _table([(k, a, w, at(h), v) for k, a, w, h, v in exact], ["customer_id", "article_id", "week_id", "event_timestamp", "c"])
    weeks = _table([(w, at(h), v) for w, h, v in lone], ["week_id", "event_timestamp", "d"])
    _table([(k, at(h), v) for k, h, v in asof], ["customer_id", "event_timestamp", "a"]).write_parquet(root / "a.parquet")
    views = [
        view("exact", write_every_week(pairs, root / "c"), ["customer_id", "article_id", "week_id"], features=["c"], ttl=ttl),
        view("asof", root / "a.parquet", ["customer_id"], features=["a"], ttl=ttl),
        view("lone", write_every_week(weeks, root / "d"), ["week_id"], features=["d"], ttl=ttl),
    ]
    rows = [(n, k, a, w, at(h)) for n, (k, a, w, h) in enumerate(asked)]
    entities = _table(rows, ["row", "customer_id", "article_id", "week_id", "event_timestamp"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_view_plan, "FEWEST_ROWS", 1)
        ours, stock = answers(root, views, entities, ["exact:c", "asof:a", "lone:d"])
        statement = open_repository(root, views).get_historical_features(entity_df=entities, features=["exact:c"]).to_sql()
    assert ours.rows() == stock.rows()
    assert statement.count("UNION ALL") == entities["week_id"].n_unique() - 1


@given(
    first=unique(st.none() | KEY, HOURS, VALUE, by=2),
    second=unique(KEY, HOURS, VALUE, by=2),
    exact=unique(KEY, KEY, HOURS, VALUE, by=2),
    asked=st.lists(st.none() | KEY, min_size=1, max_size=12),
    moment=HOURS,
    ttl=TTL,
)
@RANDOM
@STOCK_WARNING
def test_keys_looked_up_once_for_many_rows_equal_the_stock_store(tmp_path_factory, first, second, exact, asked, moment, ttl):
    root = tmp_path_factory.mktemp("parity")
    _table([(k, at(h), v) for k, h, v in first], ["customer_id", "event_timestamp", "a"]).write_parquet(root / "a.parquet")
    _table([(k, at(h), v) for k, h, v in second], ["customer_id", "event_timestamp", "b"]).write_parquet(root / "b.parquet")
    weekly = _table([(k, w, at(h), v) for k, w, h, v in exact], ["customer_id", "week_id", "event_timestamp", "c"])
    weekly.write_parquet(root / "c.parquet")
    views = [
        view("first", root / "a.parquet", ["customer_id"], features=["a"], ttl=ttl),
        view("exact", root / "c.parquet", ["customer_id", "week_id"], features=["c"], ttl=ttl),
        view("second", root / "b.parquet", ["customer_id"], features=["b"]),
    ]
    rows = [(n, k, 1, at(moment)) for n, k in enumerate(asked)]
    entities = _table(rows, ["row", "customer_id", "week_id", "event_timestamp"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_sql, "ENOUGH_ROWS", 0)
        patch.setattr(_sql, "ROWS_PER_KEY", 0)
        ours, stock = answers(root, views, entities, ["first:a", "exact:c", "second:b"])
    assert ours.rows() == stock.rows()


def write_every_week(rows: pl.DataFrame, folder: Path) -> str:
    """Write a partition for each week that may be asked for, some without rows."""
    for week in range(3):
        (folder / f"week_id={week}").mkdir(parents=True)
        rows.filter(pl.col("week_id") == week).write_parquet(folder / f"week_id={week}" / "part.parquet")
    return str(folder / "week_id=*" / "*.parquet")


@given(
    rows=unique(KEY, STEPS, *(st.none() | drawn for _, _, drawn in KINDS.values()), by=2),
    asked=st.lists(st.tuples(st.none() | KEY, st.none() | KEY, STEPS), min_size=1, max_size=12),
    ttl=TTL,
)
@RANDOM
@STOCK_WARNING
def test_values_of_every_kind_through_mapped_names_and_keys(tmp_path_factory, rows, asked, ttl):
    root = tmp_path_factory.mktemp("parity")
    kinds = {f"old {name}": kind for name, (_, kind, _) in KINDS.items()}
    stored = _table([(k, at(h), *values) for k, h, *values in rows], ["customer_id", "event_timestamp", *kinds], kinds)
    stored.write_parquet(root / "a.parquet")
    mapping = {f"old {name}": name for name in KINDS}
    types = {name: kind for name, (kind, _, _) in KINDS.items()}
    source = view("visits", root / "a.parquet", ["customer_id"], types=types, ttl=ttl, field_mapping=mapping)
    own, friend = source.with_name("own"), source.with_name("friend")
    service = FeatureService(
        name="pairs",
        features=[own.with_join_key_map({"customer_id": "customer_id"}), friend.with_join_key_map({"customer_id": "friend_id"})],
    )
    rows = [(n, k, f, at(h)) for n, (k, f, h) in enumerate(asked)]
    entities = _table(rows, ["row", "customer_id", "friend_id", "event_timestamp"])
    ours, stock = answers(root, [source, service], entities, "pairs", full_feature_names=True)
    assert ours.width == 4 + 2 * len(KINDS)
    for name in ours.columns[4:]:
        assert _plain(ours[name]) == _plain(stock[name])


def _plain(column: pl.Series) -> str:
    """Write values out, as NaN is no equal of itself, without the sign of zero."""
    return repr([value + 0.0 if isinstance(value, float) else value for value in column.to_list()])


@STOCK_WARNING
def test_what_the_stock_store_leaves_to_chance(tmp_path):
    tied = _table([(1, at(), 1), (1, at(), 2), (2, at(), 3)], ["customer_id", "event_timestamp", "value"])
    tied.write_parquet(tmp_path / "a.parquet")
    visits = view("visits", tmp_path / "a.parquet", ["customer_id"])
    entities = _table([(0, 1, at(1)), (1, 2, at(1))], ["row", "customer_id", "event_timestamp"])
    stock = open_repository(tmp_path, [visits], "duckdb").get_historical_features(entity_df=entities.to_pandas(), features=["visits:value"])
    assert set(stock.to_df()["value"]) in ({1, 3}, {2, 3})
    ours = open_repository(tmp_path, [visits]).get_historical_features(entity_df=entities, features=["visits:value"])
    with pytest.raises(RowCountMismatch, match="visits"):
        ours.to_arrow()


@STOCK_WARNING
def test_a_week_in_the_keys_and_one_moment_for_all_equals_the_stock_store(tmp_path):
    """Then neither is compared in the join, as the scan has settled both; rows older than their time to live, and of the future, too."""
    moments = [at(-24 * 8), at(-24 * 7), at(0), at(1)]
    rows = [(key, week, moments[(key + week) % 4], key * 10 + week) for key in range(8) for week in range(2)]
    _table(rows, ["customer_id", "week_id", "event_timestamp", "value"]).write_parquet(tmp_path / "a.parquet")
    entities = _table([(n, n % 9, 1, at()) for n in range(20)], ["row", "customer_id", "week_id", "event_timestamp"])
    need = view("need", tmp_path / "a.parquet", ["customer_id", "week_id"])
    ours, stock = answers(tmp_path, [need], entities, ["need:value"])
    assert ours.rows() == stock.rows()
    assert 0 < ours["value"].null_count() < 20
    assert all(earlier < later for earlier, later in pairwise(moments))
