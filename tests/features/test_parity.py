"""Our store gives the values of Feast's own DuckDB store, on whatever a table may hold."""

import tempfile
from datetime import timedelta
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from .conftest import STOCK_WARNING, at, open_repository, view

KEY = st.integers(0, 2)
HOURS = st.integers(-6, 6).map(lambda step: step * 12)  # multiples of half a day meet the moments and the ends of a TTL exactly
VALUE = st.none() | st.integers(-5, 5)


def _table(rows: list[tuple], names: list[str]) -> pl.DataFrame:
    kinds = {name: pl.Datetime("us", "UTC") if name.endswith("timestamp") else pl.Int64 for name in names}
    return pl.DataFrame(rows, schema=kinds, orient="row")


def unique(*values, by: int):
    return st.lists(st.tuples(*values), min_size=1, max_size=12, unique_by=lambda row: row[:by])


@given(
    asof=unique(KEY, HOURS, VALUE, by=2),
    created=unique(KEY, HOURS, HOURS, VALUE, by=3),
    exact=unique(KEY, KEY, HOURS, VALUE, by=2),
    asked=st.lists(st.tuples(st.none() | KEY, KEY, HOURS), min_size=1, max_size=12),
    ttl=st.sampled_from([None, timedelta(hours=12), timedelta(days=2)]),
    zone=st.sampled_from([None, "UTC", "Europe/Stockholm"]),
    full=st.booleans(),
    as_known=st.booleans(),
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, phases=[Phase.generate])
@STOCK_WARNING
def test_values_equal_those_of_the_stock_store(asof, created, exact, asked, ttl, zone, full, as_known):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _table([(k, at(h), v) for k, h, v in asof], ["customer_id", "event_timestamp", "a"]).write_parquet(root / "a.parquet")
        _table([(k, at(h), at(c), v) for k, h, c, v in created], ["customer_id", "event_timestamp", "made_timestamp", "b"]).write_parquet(
            root / "b.parquet"
        )
        _table([(k, w, at(h), v) for k, w, h, v in exact], ["customer_id", "week_id", "event_timestamp", "c"]).write_parquet(
            root / "c.parquet"
        )
        views = [
            view("asof", root / "a.parquet", ["customer_id"], features=["a"], ttl=ttl),
            view("made", root / "b.parquet", ["customer_id"], features=["b"], ttl=ttl, created_timestamp_column="made_timestamp"),
            view("exact", root / "c.parquet", ["customer_id", "week_id"], features=["c"], ttl=ttl),
        ]
        entities = _table([(n, k, w, at(h)) for n, (k, w, h) in enumerate(asked)], ["row", "customer_id", "week_id", "event_timestamp"])
        if zone != "UTC":
            moment = pl.col("event_timestamp").dt.convert_time_zone(zone) if zone else pl.col("event_timestamp").dt.replace_time_zone(None)
            entities = entities.with_columns(moment)
        answers = []
        for kind in (None, "duckdb"):
            store = open_repository(root, views, **({"kind": kind} if kind else {}))
            job = store.get_historical_features(
                entity_df=entities.to_pandas().astype({"customer_id": "Int64"}),
                features=["asof:a", "made:b", "exact:c"],
                full_feature_names=full,
                filter_by_created_timestamp=as_known,
            )
            answers.append(pl.DataFrame(job.to_arrow()))
        ours, stock = answers
        assert ours["row"].to_list() == list(range(len(asked)))
        stock = stock.sort("row").with_columns(pl.col("event_timestamp").dt.cast_time_unit("us"))
        assert ours.columns == stock.columns
        assert ours.rows() == stock.rows()
