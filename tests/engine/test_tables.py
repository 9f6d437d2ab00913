"""Handles, manifests and writers of partitions: what is there, what is whole, and what may be read."""

import dataframely as dy
import polars as pl
import pytest

from hm_pipeline.base.errors import LeakageError, MissingInput
from hm_pipeline.engine.partition_files import Manifest, PartitionWriter
from hm_pipeline.engine.tables import InMemoryTable, WeeklyTable


class Rows(dy.Schema):
    """Customers of a week."""

    week_id = dy.Int64(primary_key=True)
    customer_id = dy.Int64(primary_key=True)


def rows(week_id, *customers):
    return pl.DataFrame({"week_id": week_id, "customer_id": customers}, schema=Rows.create_empty().schema)


@pytest.fixture
def folder(tmp_path):
    """A table of three weeks, of which the last has no manifest."""
    folder = tmp_path / "tables" / "rows"
    for week_id in range(3):
        writer = PartitionWriter(folder / f"week_id={week_id}")
        entries = [writer.write(rows(week_id, 1, 2), 0), writer.write(rows(week_id, 7), 1)]
        if week_id < 2:
            writer.finish(entries, fingerprint=f"f{week_id}", audience="everyone", metrics={"loss": 0.5})
    return folder


def customers(frame):
    return frame.collect()["customer_id"].to_list()


def test_only_what_has_a_manifest_is_there(folder):
    table = WeeklyTable(folder, Rows)
    assert customers(table.at(1)) == [1, 2, 7]
    assert table.before(9).collect().height == 6
    assert table.before(2, weeks=1).collect()["week_id"].unique().to_list() == [1]
    with pytest.raises(MissingInput, match="week 2 is not there"):
        table.at(2)


def test_nothing_is_an_empty_table_of_the_contract(tmp_path):
    assert WeeklyTable(tmp_path / "tables" / "none", Rows).before(5).collect().schema == Rows.create_empty().schema


@pytest.mark.parametrize("kind", ["stored", "in memory"])
def test_no_week_beyond_the_last_is_read(folder, kind):
    table = WeeklyTable(folder, Rows, max_week=0) if kind == "stored" else InMemoryTable(rows(0, 1), Rows, max_week=0)
    assert table.at(0).collect().height
    for read in (lambda: table.at(1), lambda: table.before(2)):
        with pytest.raises(LeakageError):
            read()


def test_a_range_of_customers(folder):
    assert customers(WeeklyTable(folder, Rows, customers=(2, 9)).at(0)) == [2, 7]


def test_a_manifest_is_read_as_it_was_written(folder):
    manifest = Manifest.load(folder / "week_id=0")
    assert (manifest.rows, manifest.fingerprint, manifest.audience, manifest.metrics) == (3, "f0", "everyone", {"loss": 0.5})
    assert manifest.is_complete(folder / "week_id=0")
    (folder / "week_id=0" / "shard=001.parquet").unlink()
    assert not manifest.is_complete(folder / "week_id=0")
    assert Manifest.load(folder / "week_id=2") is None


def test_a_new_writer_takes_the_old_partition_away_and_leaves_no_old_shard(folder):
    writer = PartitionWriter(folder / "week_id=0")
    assert Manifest.load(folder / "week_id=0") is None
    writer.finish([writer.write(rows(0, 5), 0)], fingerprint="new")
    assert sorted(path.name for path in (folder / "week_id=0").iterdir()) == ["manifest.json", "shard=000.parquet"]
    assert customers(WeeklyTable(folder, Rows).at(0)) == [5]


def test_what_is_discarded_is_gone(folder):
    writer = PartitionWriter(folder / "week_id=9")
    writer.write(rows(9, 1))
    writer.discard()
    assert not (folder / "week_id=9").exists()


def test_content_is_of_rows_and_their_order(folder):
    writer = PartitionWriter(folder / "week_id=5")
    same, other = writer.write(rows(0, 1, 2), 3), writer.write(rows(0, 2, 1), 4)
    first = Manifest.load(folder / "week_id=0").files[0]
    assert same.content == first.content != other.content
