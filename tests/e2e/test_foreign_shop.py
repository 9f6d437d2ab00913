"""Another retailer's files, from the draft of a schema to a submission, in the shop's own ids."""

import json
import shutil

import polars as pl
import pytest

from hm_pipeline.engine.home import Home
from hm_pipeline.features.historical import open_store
from hm_pipeline.features.online_lookup import look_up
from tests.real import SHARED

SHOP = SHARED / "cases" / "foreign_shop"
WEEK = "2025-05-12"
pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not SHOP.exists(), reason="no files of another shop beside the checkout"),
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning"),  # Dagster's own
]


def by_hand():
    """Return units bought, returned units that a purchase of the week stands against, and other returned units."""
    day = pl.col("order_date").str.to_datetime("%d/%m/%Y %H:%M").dt.truncate("1w")
    orders = pl.read_csv(SHOP / "orders.csv", infer_schema=False).with_columns(pl.col("qty").cast(pl.Int64), day.alias("week"))
    bought, returned = pl.col("qty").filter(pl.col("qty") > 0).sum(), -pl.col("qty").filter(pl.col("qty") < 0).sum()
    units = orders.group_by("client", "sku", "week").agg(bought.alias("bought"), returned.alias("returned"))
    netted = units.select(pl.min_horizontal("bought", "returned").sum()).item()
    return units["bought"].sum(), netted, units["returned"].sum() - netted


def test_four_commands_from_the_files_to_a_submission_in_the_shop_s_ids(hm, tmp_path):
    home, schema, out = tmp_path / "home", tmp_path / "shop.yaml", tmp_path / "submission.csv"
    assert hm(home, "schema", SHOP, "--out", schema)[0] == 0
    code, words, _ = hm(home, "ingest", SHOP, "--schema", schema, "--json")
    assert code == 0
    report = json.loads(words)
    bought, netted, left_out = by_hand()
    assert report["rows"] == bought - netted
    assert report["remarks"] == [
        f"29,915 order lines: {bought - netted:,} units bought",
        f"{netted:,} returned units were taken off purchases of the same customer, article and week",
        f"{left_out:,} returned units were left out, as no purchase of theirs is in the week",
    ]
    assert hm(home, "run", "--week", WEEK)[0] == 0
    assert hm(home, "submit", "--week", WEEK, "--out", out)[0] == 0

    people, goods = (
        set(pl.read_csv(SHOP / f"{name}.csv", infer_schema=False)[key]) for name, key in (("clients", "client"), ("products", "sku"))
    )
    lists = pl.read_csv(out, infer_schema=False)
    assert lists["customer_id"].to_list() == pl.read_csv(SHOP / "clients.csv", infer_schema=False)["client"].to_list()
    assert {article for line in lists["prediction"] for article in line.split()} <= goods
    assert set(lists["prediction"].str.split(" ").list.n_unique()) == {12}

    customer, first = lists.row(5)[0], lists.row(5)[1].split()
    code, words, _ = hm(home, "recommend", customer, "--week", WEEK, "--json")
    assert [row["article_id"] for row in json.loads(words)["articles"]] == first
    pairs = tmp_path / "pairs.csv"
    pl.DataFrame({"customer_id": [customer] * 2, "article_id": first[:2], "week": [WEEK] * 2}).write_csv(pairs)
    assert hm(home, "features", "--pairs", pairs, "--out", tmp_path / "features.csv")[0] == 0
    found = pl.read_csv(tmp_path / "features.csv", infer_schema_length=None)
    assert found.select("customer_id", "article_id").rows() == [(customer, first[0]), (customer, first[1])]
    assert found["is_candidate"].to_list() == [True, True]
    served = look_up(open_store(Home(home).root), customers=[customer])
    assert served["ranking_articles"].list.len().item() >= 12
    assert people >= set(lists["customer_id"])

    code, _, complaint = hm(home, "recommend", "C99999", "--week", WEEK)
    assert (code, complaint.count("\n")) == (1, 1)
    assert "there is no customer 'C99999'" in complaint


def drafted(hm, folder):
    """Draft the schema of the shop beside a copy of its files, and return a home and the copy."""
    shutil.copytree(SHOP, folder / "raw")
    assert hm(folder / "home", "schema", SHOP, "--out", folder / "shop.yaml")[0] == 0
    return folder / "home", folder / "raw"


def test_a_later_delivery_is_read_by_the_home_s_schema(hm, tmp_path):
    home, raw = drafted(hm, tmp_path)
    assert hm(home, "ingest", raw, "--schema", tmp_path / "shop.yaml")[0] == 0
    (raw / "orders.csv").write_text(
        'order_id,order_date,client,sku,qty,unit_price,channel\n1,20/05/2025 10:00,C00001,BE-100,3,"7,08",web\n', encoding="utf-8"
    )
    code, words, complaint = hm(home, "ingest", raw, "--json")
    assert code == 0, complaint
    bought, netted, _ = by_hand()
    assert json.loads(words)["rows_in_home"] == bought - netted + 3
    with (raw / "orders.csv").open("a") as file:
        file.write('1,20.05.2025,C00001,XX-1,1.5,"seven",fax\n')
    code, _, complaint = hm(home, "ingest", raw)
    assert code == 1
    assert len(complaint.strip().splitlines()) == 4, "a line for each kind of fault"


def test_the_other_days_of_a_week_do_not_replace_those_that_are_there(hm, tmp_path):
    """The data end on the first day of a week; a delivery of its other days alone would lose that day, and one of all days adds them."""
    home, raw = drafted(hm, tmp_path)
    code, words, _ = hm(home, "ingest", raw, "--schema", tmp_path / "shop.yaml", "--epoch", "2018-09-19", "--json")
    assert code == 0
    before = json.loads(words)["rows_in_home"]
    orders = pl.read_csv(SHOP / "orders.csv", infer_schema=False)
    day, bought = pl.col("order_date").str.slice(0, 10), pl.col("qty").cast(pl.Int64) > 0
    april = orders.filter(day.str.contains(r"^(15|16|17|18|19|20)/04/2025"), bought)
    others = april.with_columns(pl.col("order_date").str.replace("/04/", "/05/", literal=True))
    others.write_csv(raw / "orders.csv")
    code, _, complaint = hm(home, "ingest", raw)
    assert code == 1
    assert "(week of 2025-05-14; listed in lost.parquet of the home): deliver complete weeks" in complaint
    pl.concat([orders.filter(day == "14/05/2025"), others]).write_csv(raw / "orders.csv")
    code, words, complaint = hm(home, "ingest", raw)
    assert code == 0, complaint
    added = others["qty"].cast(pl.Int64).sum()
    assert f"With those of other deliveries it holds {before + added:,} purchases." in " ".join(words.split())
