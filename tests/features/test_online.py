"""What is served online is what is stored, in SQLite and in a real Redis server alike."""

import os
import signal
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from unittest.mock import Mock

import polars as pl
import pytest

from hm_pipeline.assets import STEPS
from hm_pipeline.base.columns import BUYERS
from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.engine.materialize import Runner
from hm_pipeline.engine.plan import Graph
from hm_pipeline.features.historical import open_store
from hm_pipeline.features.online_load import online_tables, tables_of
from hm_pipeline.features.online_lookup import look_up, served_week
from hm_pipeline.features.online_parity import compare
from hm_pipeline.features.tables import feature_tables

from .conftest import STOCK_WARNING
from .online_home import ARTICLES, CUSTOMERS, CUTOFF, HEX, IDS, WEEK, answers, serve, settings_of, write_table


def test_what_is_online_is_what_is_stored(home, url):
    manifest = serve(home, url)
    table = pl.read_parquet(home.folder("online_store", WEEK) / manifest.files[0].file, hive_partitioning=False)
    assert dict(table.select("view", "written_keys").iter_rows()) == {
        table.name: CUSTOMERS if "customer_id" in table.keys else ARTICLES for table in online_tables()
    }
    values, differing = compare(home, WEEK, online_store=url, seed=1)
    assert differing.is_empty()
    assert values == sum((CUSTOMERS if "customer_id" in table.keys else ARTICLES) * len(table.features) for table in online_tables())


def test_redis_and_sqlite_give_the_same_answers(home, redis_server):
    serve(home, "")
    serve(home, redis_server)
    assert answers(home, "") == answers(home, redis_server)


@STOCK_WARNING
def test_feasts_own_materialisation_gives_the_same_answers(home, tmp_path):
    serve(home, "")
    ours = answers(home, "")
    (home.root / "feast" / "online.db").unlink()
    (home.root / "feast" / "registry.db").unlink()
    store = open_store(home.root, feature_tables(), online_store="")
    store.materialize(CUTOFF - timedelta(days=1), CUTOFF + timedelta(days=1), [table.name for table in online_tables()])
    assert answers(home, "") == ours


def test_the_week_before_is_gone_once_the_next_is_served(home, url):
    serve(home, url)
    for table in (table for table in online_tables() if not table.is_weekly):
        write_table(home, table, WEEK, customers=IDS[1:])  # somebody is no longer a customer
    serve(home, url, WEEK + 1)
    old, new = answers(home, url), answers(home, url, WEEK + 1)
    for table in online_tables():
        first = next(iter(table.features))
        if table.is_weekly:
            assert set(map(str, old[table.name][first])) == {"None"}
        assert "None" not in set(map(str, new[table.name][first][1:])) or next(iter(table.features.values())).nullable
    assert new["customers"]["age"][0] is None
    assert served_week(open_store(home.root, online_store=url)) == WEEK + 1
    assert compare(home, WEEK + 1, online_store=url, seed=1)[1].is_empty()


def test_a_week_made_again_replaces_values_and_drops_who_is_gone(home, url):
    serve(home, url)
    for table in online_tables():
        write_table(home, table, WEEK, seed=5, customers=IDS[1:] if table.name == "activity" else IDS)
    serve(home, url)
    assert compare(home, WEEK, online_store=url, seed=1)[1].is_empty()
    online = answers(home, url)
    assert online["activity"]["activity_count"][0] is None
    assert online["rankings"]["ranking_articles"][0] is not None


def test_what_a_write_left_that_did_not_end_goes_with_the_next(home, url, monkeypatch):
    """Both are of one week; in between, somebody has left the audience."""
    kind = type(tables_of(open_store(home.root, online_store=url)))
    with monkeypatch.context() as patch:
        patch.setattr(kind, "publish", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            serve(home, url)
    write_table(home, next(table for table in online_tables() if table.name == "activity"), WEEK, customers=IDS[1:])
    serve(home, url)
    assert answers(home, url)["activity"]["activity_count"][0] is None


def test_a_value_that_was_changed_by_hand_is_found(home):
    serve(home)
    with sqlite3.connect(home.root / "feast" / "online.db") as database:
        query = "SELECT rowid, value FROM hm_rankings WHERE feature_name = 'ranking_scores' LIMIT 1"
        row, value = database.execute(query).fetchone()
        database.execute("UPDATE hm_rankings SET value = ? WHERE rowid = ?", [value[:-1] + b"\x00", row])
    found = compare(home, WEEK, online_store="", seed=1)[1]
    assert found.select("view", "feature").rows() == [("rankings", "ranking_scores")]


KILLED = """
import os, signal, sys
from pathlib import Path
from hm_pipeline.features import online_load as materialise
from hm_pipeline.engine.home import Home
from tests.features.online_home import serve
left = int(sys.argv[4])
class Killed(materialise.Encoder):
    def encode(self, table):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode(table)
materialise.Encoder = Killed
serve(Home(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3]))
"""


def test_a_killed_materialisation_is_resumed_without_loss(home, url):
    batches = 9  # in the midst of the customers' views
    serve(home, url)
    before = answers(home, url)
    words = [sys.executable, "-c", KILLED, home.root, url, WEEK + 1, batches]
    process = subprocess.run([*map(str, words)], cwd=Path(__file__).parents[2], env=dict(os.environ), check=False)
    assert process.returncode == -signal.SIGKILL
    store = open_store(home.root, online_store=url)
    assert served_week(store) == WEEK
    halfway = answers(home, url)
    assert {name: halfway[name] for name in halfway if name not in ("customers", "articles")} == {
        name: before[name] for name in before if name not in ("customers", "articles")
    }
    serve(home, url, WEEK + 1)
    resumed = answers(home, url, WEEK + 1)
    assert compare(home, WEEK + 1, online_store=url, seed=1)[1].is_empty()
    if url:
        from redis import Redis  # noqa: PLC0415 - as above

        with Redis.from_url(url) as server:
            server.flushall()
    else:
        (home.root / "feast" / "online.db").unlink()
    serve(home, url, WEEK + 1)
    assert answers(home, url, WEEK + 1) == resumed


def test_a_lookup_during_the_change_is_answered(home, url, monkeypatch):
    """Another reader asks after every view that is written, and gets the week before."""
    from hm_pipeline.features import online_load as materialise  # noqa: PLC0415 - patched

    serve(home, url)
    reader, asked = open_store(home.root, online_store=url), []
    real = materialise.Encoder

    class Watched(real):
        def __init__(self, view, moment):
            super().__init__(view, moment)
            self.view = view.name

        def encode(self, table):
            found = look_up(reader, customers=HEX[:2])
            asked.append((self.view, found["week_id"][0], found["ranking_articles"].null_count()))
            return super().encode(table)

    monkeypatch.setattr(materialise, "Encoder", Watched)
    serve(home, url, WEEK + 1)
    assert {(week, nulls) for _, week, nulls in asked} == {(WEEK, 0)}
    assert len({view for view, *_ in asked}) == len(online_tables())
    assert look_up(reader, customers=HEX[:2])["week_id"].to_list() == [WEEK + 1] * 2


def test_weeks_that_are_not_to_be_served_are_refused(home, url):
    serve(home, url, WEEK + 1)
    with pytest.raises(InvalidInput, match="older than 2020-09-23, which is served"):
        serve(home, url)
    graph = Graph(STEPS, home, settings_of(home, url), {WEEK + 1: BUYERS})
    with pytest.raises(InvalidInput, match="for its buyers only"):
        Runner(graph).materialize("online_store", WEEK + 1)
