"""Features of given pairs, for notebooks and on the command line: all of them, in order, by the ids a person has."""

import pandas as pd
import polars as pl
import pytest

from hm_pipeline.base.errors import HMError, InvalidInput, MissingInput, UnknownWeek
from hm_pipeline.engine.home import Home
from hm_pipeline.features import pull
from tests.e2e.conftest import last_week

PAIR_FEATURES = ["repurchase_rank", "first_stage_score", "style_similarity", "need_propensity"]


@pytest.fixture(scope="module")
def week_id(served):
    return last_week(served) - 1


@pytest.fixture(scope="module")
def stored(served, week_id):
    """Candidates of a week, with the ids that the raw files have."""
    home = Home(served.home)
    files = sorted(home.folder("candidates", week_id).glob("*.parquet"))
    names = home.dimension("customers").select("customer_id", "customer_hex").collect()
    return pl.concat([pl.read_parquet(file, hive_partitioning=False) for file in files]).join(names, on="customer_id").sample(60, seed=2)


@pytest.fixture
def pairs(stored):
    return stored.select(customer_id="customer_hex", article_id=pl.col("article_id").cast(pl.String).str.zfill(10), week_id="week_id")


@pytest.fixture
def ask(served):
    return lambda pairs, **options: pull(pairs, home=served.home, **options)


def test_every_way_to_name_a_pair_gives_the_same(ask, stored, pairs, served, week_id):
    found = ask(pairs)
    features = found.drop("customer_id", "article_id", "week_id")
    by_number = ask(stored.select("customer_id", "article_id", "week_id"))
    by_day = ask(pairs.drop("week_id").with_columns(week=pl.lit(Home(served.home).calendar.key(week_id))))
    shouted = ask(pairs.with_columns(pl.col("customer_id").str.to_uppercase()))
    assert found.select(pairs.columns).equals(pairs)
    assert features["first_stage_rank"].equals(stored["first_stage_rank"])
    assert features["is_candidate"].all()
    assert by_number.drop("customer_id", "article_id", "week_id").equals(features)
    assert by_day.drop("customer_id", "article_id", "week").equals(features)
    assert shouted.drop("customer_id", "article_id", "week_id").equals(features)


def test_every_type_of_a_key_that_loses_nothing_gives_the_same(ask, stored, pairs):
    expected = ask(pairs).drop("customer_id", "article_id", "week_id")
    articles = stored["article_id"]
    ways = {
        "category": pairs.with_columns(pl.col("customer_id", "article_id").cast(pl.Categorical)),
        "float": pairs.with_columns(article_id=articles.cast(pl.Float64), week_id=stored["week_id"].cast(pl.Float32)),
        "decimal": pairs.with_columns(article_id=articles.cast(pl.Decimal(20, 2))),
        "text": pairs.with_columns(article_id=articles.cast(pl.String) + ".0", week_id=stored["week_id"].cast(pl.String)),
    }
    for way, asked in ways.items():
        found = ask(asked)
        assert found.select(asked.columns).equals(asked), way
        assert found.drop(asked.columns).equals(expected), way
    frame = pairs.to_pandas().astype({"customer_id": "category", "article_id": "category"})
    objects = frame.assign(article_id=pd.Series([*articles[:30], *map(float, articles[30:])], dtype=object), note=[1, "a"] * 30)
    for asked in (frame, objects):
        found = ask(asked)
        assert found[asked.columns].equals(asked)  # what is no key comes back untouched
        assert pl.from_pandas(found.drop(columns=asked.columns)).cast(expected.schema).equals(expected, null_equal=True)


def test_week_and_week_id_may_not_contradict_each_other(ask, pairs, served, week_id):
    calendar = Home(served.home).calendar
    named = pairs.head(2).with_columns(week=pl.Series([calendar.start(week_id)] * 2))
    assert ask(named).drop("week").equals(ask(pairs.head(2)))
    with pytest.raises(InvalidInput, match="week is another one than week_id"):
        ask(named.with_columns(week=pl.Series([calendar.key(week_id), calendar.key(week_id - 1)])))


def test_pandas_gives_pandas_with_its_index(ask, pairs):
    asked = pairs.to_pandas().set_index(pd.Index(range(100, 160)))
    found = ask(asked, features=["age", "momentum"])
    assert list(found.columns) == ["customer_id", "article_id", "week_id", "is_candidate", "age", "momentum"]
    assert found.index.equals(asked.index)


def test_the_home_is_that_of_the_environment(ask, pairs, served, monkeypatch):
    monkeypatch.setenv("HM_HOME", str(served.home))
    assert pull(pairs).equals(ask(pairs))


@pytest.mark.parametrize("service", ["ranking", "signals"])
def test_a_pair_that_is_no_candidate_says_so(ask, served, stored, pairs, service):
    home = Home(served.home)
    sold = home.folder("signal/availability", stored["week_id"][0]).glob("*.parquet")
    known = pl.read_parquet(list(sold), hive_partitioning=False)["article_id"]
    mine = stored.filter(pl.col("customer_id") == stored["customer_id"][0])["customer_id"]
    everything = home.weekly("candidates", None).at(stored["week_id"][0]).filter(pl.col("customer_id") == mine[0]).collect()["article_id"]
    other = known.filter(~known.is_in(everything.implode())).head(1)
    stranger = pairs.head(1).with_columns(article_id=other.cast(pl.String))
    found = ask(pl.concat([pairs, stranger]), service=service)
    assert found["is_candidate"].to_list() == [True] * pairs.height + [False]
    last = found.row(-1, named=True)
    assert all(last[name] is None for name in PAIR_FEATURES if name in last)
    assert last["availability"] is not None
    assert service == "signals" or last["activity"] is not None


BAD = {
    "no column customer_id": lambda pairs: pairs.drop("customer_id"),
    "no column week_id": lambda pairs: pairs.drop("week_id"),
    "there is no customer 'f+'.*row 1": lambda pairs: pairs.with_columns(customer_id=pl.lit("f" * 64)),
    "there is no customer 7": lambda pairs: pairs.with_columns(customer_id=pl.lit(7)),
    "there is no article 9": lambda pairs: pairs.with_columns(article_id=pl.lit(9)),
    "an empty cell": lambda pairs: pairs.with_columns(article_id=pl.lit(None, pl.String)),
    "not an integer: 'x'": lambda pairs: pairs.with_columns(article_id=pl.lit("x")),
    "not an integer: 0.5": lambda pairs: pairs.with_columns(article_id=pl.lit(0.5)),
    "not an integer: 101.5": lambda pairs: pairs.with_columns(week_id=pl.lit(101.5)),
    "customer_id is not an integer: -": lambda pairs: pairs.with_columns(customer_id=pl.lit(-(2.0**62))),  # digits may be lost
    "article_id is not an integer: True": lambda pairs: pairs.with_columns(article_id=pl.lit(value=True)),
    "article_id is not an integer: datetime": lambda pairs: pairs.with_columns(article_id=pl.lit("2020-09-16").str.to_date()),
    "not a time of day": lambda pairs: pairs.drop("week_id").with_columns(week=pl.lit("2020-09-16 13:00").str.to_datetime()),
    "mixes integers and texts": lambda pairs: pairs.to_pandas().assign(article_id=pd.Series(["1", 2] * 30, dtype=object)),
    "the data have no week 3": lambda pairs: pairs.with_columns(week_id=pl.lit(3)),
    "did you mean 2020-09-16": lambda pairs: pairs.drop("week_id").with_columns(week=pl.lit("2020-09-17")),
    "age would appear twice": lambda pairs: pairs.with_columns(age=1),
    "a list holds no pairs": lambda pairs: [pairs],
}


@pytest.mark.parametrize("words", BAD)
def test_pairs_that_cannot_be_read(ask, pairs, words):
    with pytest.raises((InvalidInput, MissingInput, UnknownWeek), match=words):
        ask(BAD[words](pairs))


@pytest.mark.parametrize(("options", "words"), [({"service": "nope"}, "ranking, signals"), ({"features": ["agee"]}, "no feature 'agee'")])
def test_features_that_are_none(ask, pairs, options, words):
    with pytest.raises(MissingInput, match=words):
        ask(pairs, **options)


def test_a_week_that_was_not_made(ask, pairs, served):
    first = Home(served.home).calendar.first_week
    key = Home(served.home).calendar.key(first)
    with pytest.raises(HMError, match=f"the week of {key} was not made .*: run `hm run --week {key} --audience buyers`"):
        ask(pairs.with_columns(week_id=pl.lit(first)))


def test_no_pairs_give_no_rows(ask, pairs):
    assert ask(pairs.clear()).height == 0


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda path, pairs: None, "no such file"),
        (lambda path, pairs: path.write_text(""), "cannot be read"),
        (lambda path, pairs: pairs.with_columns(customer_id=pl.lit("f" * 64)).write_csv(path), "there is no customer"),
    ],
)
def test_the_command_tells_bad_pairs_in_one_line_and_writes_nothing(hm, served, pairs, tmp_path, write, words):
    write(tmp_path / "pairs.csv", pairs)
    code, _, said = hm(served.home, "features", "--pairs", tmp_path / "pairs.csv", "--out", tmp_path / "f.parquet")
    assert code == 1
    assert words in said
    assert len([line for line in said.splitlines() if line.startswith("hm: ")]) == 1
    assert not (tmp_path / "f.parquet").exists()


def test_the_command_keeps_what_a_guess_would_change(hm, served, pairs, tmp_path):
    shops = ["007"] * 59 + ["x1"]
    pairs.with_columns(shop=pl.Series(shops), units=pl.Series(range(60)), share=pl.Series([0.5] * 60)).write_csv(tmp_path / "pairs.csv")
    for out in ("f.parquet", "f.csv"):
        assert hm(served.home, "features", "--pairs", tmp_path / "pairs.csv", "--out", tmp_path / out, "--service", "signals")[0] == 0
    typed = pl.read_parquet(tmp_path / "f.parquet")
    assert typed.select("week_id", "shop", "units", "share").schema == {
        "week_id": pl.Int64,
        "shop": pl.String,
        "units": pl.Int64,
        "share": pl.Float64,
    }
    assert typed["shop"].to_list() == pl.read_csv(tmp_path / "f.csv", infer_schema=False)["shop"].to_list() == shops


def test_the_command_serves_the_signals_alone(hm, served, pairs, tmp_path):
    pairs.write_parquet(tmp_path / "pairs.parquet")
    words = ("features", "--pairs", tmp_path / "pairs.parquet", "--out", tmp_path / "f.csv", "--service", "signals")
    assert hm(served.home, *words)[0] == 0
    found = pl.read_csv(tmp_path / "f.csv", schema_overrides={"customer_id": pl.String, "article_id": pl.String})
    assert found.select("customer_id", "article_id").equals(pairs.select("customer_id", "article_id"))
    assert "activity" not in found.columns
    assert found["is_candidate"].all()
