"""One partition of a small graph: what its body is given, what is checked and written, and what is left when it fails."""

from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.errors import LeakageError, MissingInput, SchemaViolation, Unforeseen
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest, scan_files
from hm_pipeline.engine.plan import UNPARTITIONED
from hm_pipeline.engine.shards import save_shards, split_customers
from hm_pipeline.engine.step import Step, at, before
from tests.engine.small_graph import (
    CUSTOMERS,
    OWN,
    TOTAL,
    WEEK,
    Names,
    Sales,
    Total,
    in_the_second_shard,
    own,
    runner,
    store,
    store_dimension,
    total,
)


@pytest.fixture
def home(tmp_path):
    """A home of six weeks in which customer 4 buys four units a week, and two shards."""
    home = Home(tmp_path)
    Calendar(date(2020, 1, 1), 0, 6, date(2020, 2, 11)).save(tmp_path / "calendar.json")
    save_shards(split_customers(pl.Series(CUSTOMERS), 2), tmp_path / "shards.json")
    for week_id in range(6):
        store(home.folder("transactions", week_id), {"week_id": week_id, "customer_id": CUSTOMERS, "units": CUSTOMERS})
    store_dimension(home.folder("names"), {"customer_id": CUSTOMERS, "name": "x"})
    store(home.folder("audience", WEEK), {"week_id": WEEK, "customer_id": CUSTOMERS[1:]}, audience="some")
    return home


def made(home, step, *others, week=WEEK):
    """Make a partition, and return its manifest and its rows."""
    graph = runner(home, *others, step)
    manifest = graph.materialize(step.name, week)
    folder = graph.graph.folder(step.name, week)
    assert Manifest.load(folder) == manifest
    return manifest, scan_files(folder / receipt.file for receipt in manifest.files).collect()


def files(home, name):
    return sorted(path.name for path in home.folder(name).rglob("*") if path.is_file())


# What a body is given --------------------------------------------------------------------------------------------


def test_a_body_gets_all_that_it_declared_before_its_week_and_no_more(home):
    assert made(home, TOTAL)[1]["units"].to_list() == [sum(CUSTOMERS) * WEEK]
    for ask, error in (
        (lambda inputs: inputs.weekly("transactions").at(WEEK), LeakageError),
        (lambda inputs: inputs.weekly("audience"), MissingInput),
        (lambda inputs: inputs.dimension("names"), MissingInput),
        (lambda inputs: inputs.audience, MissingInput),
    ):
        with pytest.raises(error):
            made(home, replace(TOTAL, body=lambda inputs, week, ask=ask: ask(inputs)))


def test_tables_without_weeks_and_the_week_itself_are_read_where_they_are_declared(home):
    def body(inputs, week):
        named = inputs.weekly("transactions").at(week.week_id).join(inputs.dimension("names"), on="customer_id")
        return named.filter(pl.col("name") == "x").group_by("week_id").agg(pl.col("units").sum())

    assert made(home, Step("both", body, schema=Total, reads=(at("transactions"), at("names"))))[1]["units"].to_list() == [sum(CUSTOMERS)]


def test_each_shard_gets_its_customers_of_the_audience_and_what_is_everyones_is_made_once(home):
    seen, counted = [], []

    def count(inputs):
        counted.append(inputs.audience_frame)
        return inputs.weekly("transactions").before(WEEK).select(pl.col("units").sum()).collect().item()

    def body(inputs, week):
        seen.append((inputs.audience.collect()["customer_id"].to_list(), inputs.cached_for_partition(count)))
        return own(inputs, week)

    everyones = sum(CUSTOMERS) * WEEK
    made(home, replace(OWN, body=body, reads=(*OWN.reads, before("transactions"))))
    assert seen == [([2], everyones), ([3, 4], everyones)]
    assert counted == [None]


def test_tables_of_customers_are_read_shard_by_shard_and_whole_by_what_has_no_shards(home):
    seen = []

    def body(inputs, week):
        seen.append(inputs.weekly("own").at(week.week_id).collect()["customer_id"].to_list())
        return inputs.weekly("own").at(week.week_id).select("week_id", "customer_id", "units")

    made(home, OWN)
    again = Step("again", body, schema=Sales, reads=(at("own"), at("audience")), is_sharded=True)
    for step in (again, replace(again, is_sharded=False)):
        assert made(home, step, OWN)[1].height == 3
    assert seen == [[2], [3, 4], [2, 3, 4]]


# What is checked and written -------------------------------------------------------------------------------------


def test_rows_are_sorted_stamped_and_listed_in_the_manifest(home):
    manifest, rows = made(home, replace(OWN, measure=lambda _inputs, week, table: {"rows": table.collect().height, "week": week.week_id}))
    assert rows["customer_id"].to_list() == [2, 3, 4]
    assert rows["units"].to_list() == [2 * WEEK, 3 * WEEK, 4 * WEEK]
    assert rows.columns == ["week_id", "customer_id", "units", "event_timestamp"]
    assert set(rows["event_timestamp"]) == {datetime(2020, 1, 29, tzinfo=UTC)}
    assert [(receipt.file, receipt.rows) for receipt in manifest.files] == [("shard=000.parquet", 1), ("shard=001.parquet", 2)]
    assert (manifest.audience, manifest.metrics) == ("some", {"rows": 3, "week": WEEK})
    assert manifest.fingerprint == runner(home, OWN).graph.fingerprint("own", WEEK)
    assert runner(home, TOTAL).materialize("total", WEEK).audience == ""


def test_a_table_without_weeks_is_known_from_the_first_on(home):
    once = Step(
        "once", lambda inputs, _week: inputs.dimension("names").sort("customer_id"), kind="static", schema=Names, reads=(at("names"),)
    )
    _, rows = made(home, once, week=UNPARTITIONED)
    assert set(rows["event_timestamp"]) == {datetime(2020, 1, 1, tzinfo=UTC)}
    assert files(home, "once") == ["manifest.json", "shard=000.parquet"]


@pytest.mark.parametrize(
    ("changed", "rule"),
    [
        (pl.lit(-1).alias("units"), "min"),
        (pl.lit(None, pl.Int64).alias("units"), "nullab"),
        (pl.lit(7).alias("customer_id"), "primary"),
        (pl.col("units").alias("customer_id").cast(pl.String) + "x", "customer_id"),
    ],
)
def test_what_breaks_its_contract_is_refused_and_named(home, changed, rule):
    with pytest.raises(SchemaViolation, match=rf"(?s)breaks Sales.*{rule}.*own, week {WEEK}, shard 1"):
        made(home, replace(OWN, body=in_the_second_shard(lambda inputs, week: own(inputs, week).with_columns(changed))))
    assert files(home, "own") == []


def test_columns_are_cast_and_others_are_left_out(home):
    _, rows = made(home, replace(TOTAL, body=lambda inputs, week: total(inputs, week).with_columns(pl.col("units").cast(pl.UInt8), more=1)))
    assert rows.schema == {**Total.create_empty().schema, "event_timestamp": pl.Datetime("us", "UTC")}


# When it is there, and when it fails -----------------------------------------------------------------------------


def test_a_partition_is_not_there_while_it_is_made_and_files_of_other_shards_go(home):
    made(home, OWN)
    save_shards(split_customers(pl.Series(CUSTOMERS), 1), home.root / "shards.json")
    there = []

    def body(inputs, week):
        there.append(files(home, "own"))
        return own(inputs, week)

    assert made(home, replace(OWN, body=body))[1].height == 3
    assert there == [["shard=000.parquet", "shard=001.parquet"]]
    assert files(home, "own") == ["manifest.json", "shard=000.parquet"]


def raises(error):
    def body(*_):
        raise error

    return body


@pytest.mark.parametrize(("error", "told"), [(ValueError("why"), Unforeseen), (KeyboardInterrupt(), KeyboardInterrupt)])
@pytest.mark.parametrize("is_measured", [False, True])
def test_what_fails_leaves_nothing_and_says_where(home, error, told, is_measured):
    made(home, OWN)
    fault = raises(error)
    step = replace(OWN, measure=fault) if is_measured else replace(OWN, body=in_the_second_shard(fault))
    with pytest.raises(told) as caught:
        made(home, step)
    assert not home.folder("own", WEEK).exists()
    if told is Unforeseen:
        assert caught.value.where == "own, week 2020-01-29"
        assert "ValueError: why" in str(caught.value)


@pytest.mark.parametrize(("table", "week"), [("transactions", 2), ("names", None)])
def test_a_corrupt_file_that_it_reads_is_named(home, table, week):
    def body(inputs, week):
        return total(inputs, week).join(inputs.dimension("names").select("name").head(1), how="cross").drop("name")

    (file,) = home.folder(table, week).glob("*.parquet")
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(MissingInput, match=rf"a stored file is corrupt .{file}.: remove it"):
        made(home, replace(TOTAL, body=body, reads=(*TOTAL.reads, at("names"))))
    assert files(home, "total") == []
