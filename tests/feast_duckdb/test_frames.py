"""Every value of an entity table is kept as it is, or the table is refused; columns may bear any name."""

import uuid
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.feast_duckdb.offline.frames import as_arrow

from .conftest import at, view

NAIVE = pd.Timestamp("2020-01-01 12:00").to_pydatetime()


@pytest.fixture
def visits(tmp_path, repository):
    rows = pl.DataFrame({"customer_id": [1, 2, 3], "event_timestamp": [at()] * 3, "value": [10, 20, 30]})
    rows.write_parquet(tmp_path / "a.parquet")
    return repository(view("visits", tmp_path / "a.parquet", ["customer_id"]))


def objects(*values):
    return pd.DataFrame({"mine": pd.Series(list(values), dtype=object)})


@pytest.mark.parametrize(
    "values",
    [
        [1, 2.5],
        [1] * 2_000 + [2.5],  # beyond what DuckDB looks at
        [Decimal("2.5"), Decimal("10.25"), 3],
        [2**63 - 1, None, np.int8(1)],
        [None, None],
        ["a", None],
        [b"a", b"\xff"],
        [True, None],
        [date(2020, 1, 1), None],
        [NAIVE, None],
    ],
)
def test_objects_are_kept(values):
    assert as_arrow(objects(*values), where="table")["mine"].to_pylist() == values


@pytest.mark.parametrize(
    "values",
    [
        [1, True],
        [True, 1],
        [1, "1"],
        ["a", b"a"],
        [2**53 + 1, 0.5],
        [Decimal("0.1"), 0.1],
        [2**64, 1],
        [date(2020, 1, 1), NAIVE],
        [object(), None],
        [pd.Timestamp("2020-01-01 00:00:00.000000001")],
        [{"a": 1}, 2],
    ],
)
def test_objects_that_one_type_cannot_hold_are_refused(values):
    with pytest.raises(InvalidInput, match=r"mine .*\(table\)"):
        as_arrow(objects(*values), where="table")


def test_categories_and_uuids_are_what_they_stand_for():
    ids = [uuid.UUID(int=1), uuid.UUID(int=2)]
    frame = pd.DataFrame({"number": pd.Categorical([7, 3]), "text": pd.Categorical(["b", "a"]), "id": pd.Series(ids, dtype=object)})
    assert as_arrow(frame, where="table").to_pydict() == {"number": [7, 3], "text": ["b", "a"], "id": list(map(str, ids))}
    table = pl.DataFrame({"text": pl.Series(["b", None, "a"], dtype=pl.Categorical)})
    assert as_arrow(table, where="table").to_pydict() == {"text": ["b", None, "a"]}


def test_names_that_cannot_be_told_apart_are_refused():
    with pytest.raises(InvalidInput, match="Mine, mine occurs twice"):
        as_arrow(pl.DataFrame({"mine": [1], "Mine": [2]}), where="table")
    with pytest.raises(InvalidInput, match="mine occurs twice"):
        as_arrow(pd.concat([objects(1), objects(2)], axis=1), where="table")


@pytest.mark.parametrize("keys", [[1, 2.4], [1.0, 2.0], [Decimal("1"), Decimal("2.4")], ["1", "2"], [True, False]])
def test_a_key_is_never_cut_to_another(visits, keys):
    table = pd.DataFrame({"customer_id": pd.Series(keys, dtype=object), "event_timestamp": [at(1)] * 2})
    with pytest.raises(InvalidInput, match="customer_id is"):
        visits.get_historical_features(entity_df=table, features=["visits:value"]).to_df()


def test_a_key_with_a_gap_is_a_whole_number_still(visits):
    table = pd.DataFrame({"customer_id": pd.Series([2, None, 1], dtype=object), "event_timestamp": [at(1)] * 3})
    assert visits.get_historical_features(entity_df=table, features=["visits:value"]).to_arrow()["value"].to_pylist() == [20, None, 10]


NAMES = ["rowid", "ROWID", "row_number", "asked_at", "__row", "__at", "e", "f0", "k0", "v0", "ts", "c0", "p0_0", "week id", 'a"b']


@pytest.mark.parametrize("name", NAMES)
def test_columns_of_any_name_come_back(visits, name):
    table = pl.DataFrame({name: [5, 7, 5], "customer_id": [3, 1, 2], "event_timestamp": [at(1)] * 3})
    job = visits.get_historical_features(entity_df=table, features=["visits:value"])
    for found in (job.to_polars(), pl.concat(map(pl.DataFrame, job.to_record_batches(ordered=True)))):
        assert found.select(name, "customer_id", "value").rows() == [(5, 3, 30), (7, 1, 10), (5, 2, 20)]


def test_a_source_may_name_its_columns_as_a_statement_does(tmp_path, repository):
    rows = {"customer_id": [1, 1, 2], "ts": [9, 8, 7], "k0": [3, 3, 3], "v0": [at(-2), at(-1), at(-2)], "created": [at(), at(1), at()]}
    pl.DataFrame({**rows, "since": [1, 2, 3]}).write_parquet(tmp_path / "a.parquet")
    odd = view(
        "odd", tmp_path / "a.parquet", ["customer_id"], features=["ts", "k0", "since"], timestamp="v0", created_timestamp_column="created"
    )
    store = repository(odd)
    table = pa.table({"customer_id": [1, 2], "event_timestamp": [at(0.5)] * 2})
    for options, expected in ((False, [(8, 3, 2), (7, 3, 3)]), (True, [(9, 3, 1), (7, 3, 3)])):
        job = store.get_historical_features(table, ["odd:ts", "odd:k0", "odd:since"], filter_by_created_timestamp=options)
        assert job.to_polars().select("ts", "k0", "since").rows() == expected
