"""Every command through a home and raw files whose folders are called anything that a file system takes."""

import json
import shutil

import polars as pl
import pytest

from hm_pipeline.engine.home import Home
from hm_pipeline.features import pull
from hm_pipeline.features.historical import open_store
from hm_pipeline.features.online_lookup import look_up

ODD = """week_id=5/a [1] b*/it's "100%" #1?/%20é;&$x"""
WEEKS, KEY = 11, "2020-09-23"  # two more than the evaluation of the week before needs


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A folder in folders with names such as nobody would choose."""
    folder = tmp_path_factory.mktemp("odd") / ODD
    folder.mkdir(parents=True)
    return folder


def test_every_command_walks_through(hm, odd):
    raw, home, out = odd / "raw [files]?", odd / "ho=me {x}", odd / "out (1)"
    out.mkdir()

    def ok(*words):
        code, said, complaint = hm(home, *words)
        assert code == 0, (words, said, complaint)
        return said

    ok("simulate", raw, "--customers", 260, "--articles", 160, "--weeks", WEEKS, "--images", "--ground-truth")
    ok("ingest", raw)
    shutil.make_archive(str(odd / "zi'p [1]"), "zip", raw)
    assert json.loads(ok("ingest", odd / "zi'p [1].zip", "--json"))["weeks_replaced"] == 0
    ok("run", "--week", KEY)
    assert "Everything is current." in ok("run", "--week", KEY)
    ok("evaluate", "--week", "2020-09-16")
    ok("evaluate", "--week", "2020-09-16", "--against-ground-truth", raw)
    ok("submit", "--week", KEY, "--out", out / "sub%20mission.csv")
    customers = pl.read_csv(out / "sub%20mission.csv", glob=False)["customer_id"].to_list()
    assert len(customers) == 260
    ok("recommend", customers[0], "--week", KEY)
    articles = json.loads(ok("recommend", customers[0], "--week", KEY, "--json"))["articles"]
    pairs = pl.DataFrame({"customer_id": customers[0], "article_id": [row["article_id"] for row in articles], "week": KEY})
    pairs.write_csv(out / "pairs#?.csv")
    for name in ("f [1].csv", "f [1].parquet"):
        ok("features", "--pairs", out / "pairs#?.csv", "--out", out / name)
    found = pl.read_parquet(out / "f [1].parquet", glob=False, hive_partitioning=False)
    assert found["is_candidate"].all()
    assert found.drop("article_id").equals(pull(pairs, home=home).drop("article_id"))
    ok("audit", "--week", "2020-09-16")
    served = look_up(open_store(home, online_store=""), customers=customers[:1])
    assert served["ranking_articles"][0].to_list()[:12] == [int(row["article_id"]) for row in articles]
    assert Home(home).calendar.key(Home(home).calendar.last_week) == KEY
