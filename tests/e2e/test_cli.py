"""The command: what a person types, and what bad input costs."""

import json

import polars as pl
import pytest

from hm_pipeline.engine.home import Home


def complaint(said):
    lines = [line for line in said.splitlines() if line.startswith("hm: ")]
    assert "Traceback" not in said
    assert len(lines) == 1
    return lines[0]


def test_run_before_ingest_is_one_line_and_writes_nothing(hm, tmp_path):
    code, _, said = hm(tmp_path / "none", "run", "--week", "2020-09-23")
    assert code == 1
    assert "hm ingest" in complaint(said)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [((), "no files are named"), (("--drop-weeks", "2020"), "no range"), (("--drop-weeks", "2020-09-02..2020-09-09"), "no data")],
)
def test_an_ingest_of_nothing_is_one_line(hm, tmp_path, words, told):
    code, _, said = hm(tmp_path / "home", "ingest", *words)
    assert (code, told in complaint(said)) == (1, True)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("words", [("speed",), ("--only", "speed")])
def test_a_benchmark_that_there_is_not_is_one_line(hm, tmp_path, words):
    code, _, said = hm(tmp_path, "bench", *words, "--folder", tmp_path / "bench")
    assert code == 1
    assert "'speed'" in complaint(said)
    assert not (tmp_path / "bench").exists()


@pytest.mark.parametrize(
    ("week", "words"),
    [
        ("2020-09-24", "did you mean 2020-09-23"),
        ("2021-01-06", "lies outside the data"),
        ("2018-09-19", "lies outside the data"),
        ("soon", "is not a date"),
    ],
)
def test_a_week_that_is_none_is_one_line(hm, served, week, words):
    code, _, said = hm(served.home, "run", "--week", week)
    assert code == 1
    assert words in complaint(said)


def test_a_week_without_enough_data_before_it_is_one_line(hm, fresh):
    home = fresh("early").home
    calendar = Home(home).calendar
    code, _, said = hm(home, "run", "--week", calendar.key(calendar.first_week + 2))
    assert code == 1
    assert "2 weeks of data before it" in complaint(said)
    assert not (home / "tables/candidates").exists()


def test_evaluating_a_week_whose_purchases_are_not_known_is_one_line(hm, served):
    code, _, said = hm(served.home, "evaluate", "--week", "2020-09-23")
    assert code == 1
    assert "not known" in complaint(said)


def test_submitting_a_week_that_was_not_served_is_one_line(hm, served, tmp_path):
    code, _, said = hm(served.home, "submit", "--week", "2020-09-16", "--out", tmp_path / "s.csv")
    assert code == 1
    assert "hm run --week 2020-09-16" in complaint(said)
    assert not (tmp_path / "s.csv").exists()


def test_usage_is_exit_two(hm, served):
    assert hm(served.home, "run")[0] == 2
    assert hm(served.home, "run", "--week", "2020-09-23", "--audience", "nobody")[0] == 2


def test_a_setting_that_is_none_is_one_line(hm, served, monkeypatch):
    monkeypatch.setenv("HM_THREADS", "many")
    code, _, said = hm(served.home, "run", "--week", "2020-09-23")
    assert code == 1
    assert "HM_THREADS" in complaint(said)


def test_submit_follows_the_order_of_the_customers(hm, served, raw, tmp_path):
    code, _, _ = hm(served.home, "submit", "--week", "2020-09-23", "--out", tmp_path / "s.csv")
    lines = (tmp_path / "s.csv").read_text().splitlines()
    wanted = [line.split(",")[0] for line in (raw / "customers.csv").read_text().splitlines()[1:]]
    assert code == 0
    assert lines[0] == "customer_id,prediction"
    assert [line.split(",")[0] for line in lines[1:]] == wanted
    assert hm(served.home, "export", "--week", "2020-09-23", "--out", tmp_path / "e.csv")[0] == 0
    assert (tmp_path / "e.csv").read_bytes() == (tmp_path / "s.csv").read_bytes()
    assert all(len(set(line.split(",")[1].split())) == 12 and len(line.split(",")[1]) == 12 * 11 - 1 for line in lines[1:])


def test_evaluate_prints_the_leaderboard_and_writes_it(hm, served):
    code, said, _ = hm(served.home, "evaluate", "--week", "2020-09-16")
    board = json.loads((served.home / "scoreboard.json").read_text())
    assert code == 0
    assert "L4 blend" in said
    assert [row["rung"][:2] for row in board["ladder"]] == ["L0", "L1", "L2", "L3", "L4"]
    assert {row["column"] for row in board["columns"]} >= {"need_propensity", "seasonality", "style_similarity", "availability"}


def test_recommend_names_the_strategy_of_each_article(hm, served, raw):
    customer = (raw / "customers.csv").read_text().splitlines()[1].split(",")[0]
    code, said, _ = hm(served.home, "recommend", customer, "--week", "2020-09-23", "--json")
    rows = json.loads(said)["articles"]
    assert code == 0
    assert [row["rank"] for row in rows] == list(range(1, 13))
    assert all(row["strategy"] for row in rows)
    code, _, said = hm(served.home, "recommend", "f" * 64, "--week", "2020-09-23")
    assert code == 1
    assert "no customer" in complaint(said)


def test_features_come_back_in_the_order_of_the_pairs(hm, served, raw, tmp_path):
    home = Home(served.home)
    last = home.calendar.last_week
    names = home.dimension("customers").select("customer_id", "customer_hex").collect()
    files = sorted(home.folder("candidates", last).glob("*.parquet"))
    pairs = pl.read_parquet(files[0], hive_partitioning=False).head(30).sample(20, seed=1, shuffle=True)
    asked = pairs.join(names, on="customer_id", maintain_order="left").select(
        pl.col("customer_hex").alias("customer_id"), "article_id", "week_id"
    )
    asked.write_csv(tmp_path / "pairs.csv")
    code, _, _ = hm(served.home, "features", "--pairs", tmp_path / "pairs.csv", "--out", tmp_path / "f.parquet")
    found = pl.read_parquet(tmp_path / "f.parquet")
    assert code == 0
    assert found["customer_id"].to_list() == asked["customer_id"].to_list()
    assert found["article_id"].to_list() == [str(article).zfill(10) for article in asked["article_id"]]
    assert found["first_stage_rank"].to_list() == pairs["first_stage_rank"].to_list()
