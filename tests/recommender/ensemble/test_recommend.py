"""Lists worked by hand."""

import polars as pl
import pytest

from hm_pipeline.base.contracts import Recommendations
from hm_pipeline.base.errors import MissingInput, RowCountMismatch
from hm_pipeline.base.validation import validate
from hm_pipeline.recommender.ensemble.lists import recommend, write_submission

FILL = pl.DataFrame({"article_id": list(range(50, 30, -1))})
AUDIENCE = pl.DataFrame({"week_id": [9, 9], "customer_id": [1, 2]})


def pairs(articles: list[int], **columns: list) -> pl.DataFrame:
    return pl.DataFrame({"week_id": [9] * len(articles), "customer_id": [1] * len(articles), "article_id": articles, **columns})


@pytest.fixture
def recommended():
    scored = pairs([7, 8, 9, 50], score=[0.5, 2.0, 2.0, -3.0], score_xgboost=[0.1, 0.2, 0.3, 0.4]).cast({"score": pl.Float32})
    ranks = pairs([7, 8, 9, 50], popular_rank=[4, 2, 2, None], again_rank=[1, 2, 3, None])
    return recommend(scored, ranks, audience=AUDIENCE, fill=FILL)


def test_best_first_ties_by_article(recommended):
    mine = recommended.filter(pl.col("customer_id") == 1)
    assert mine["article_id"].to_list() == [8, 9, 7, 50, 49, 48, 47, 46, 45, 44, 43, 42]
    assert mine["rank"].to_list() == list(range(1, 13))


def test_strategy_is_the_one_with_the_best_rank(recommended):
    assert recommended["strategy"].head(5).to_list() == ["popular", "popular", "again", "fill", "fill"]


def test_fill_comes_after_all_candidates(recommended):
    assert recommended["score"].head(6).to_list() == [2.0, 2.0, 0.5, -3.0, -4.0, -5.0]
    assert recommended["score_xgboost"].head(5).to_list() == [0.2, 0.3, 0.1, 0.4, None]


def test_customer_without_candidates_gets_the_fill(recommended):
    other = recommended.filter(pl.col("customer_id") == 2)
    assert other["article_id"].to_list() == list(range(50, 38, -1))
    assert set(other["strategy"]) == {"fill"}


def test_keeps_the_contract(recommended):
    assert validate(recommended.drop("score_xgboost"), Recommendations, table="recommendations").height == 24


def test_keeps_no_more_than_asked_and_only_the_audience():
    scored = pairs(list(range(1, 31)), score=[float(-article) for article in range(1, 31)]).cast({"score": pl.Float32})
    everyone = pl.concat([scored, scored.with_columns(customer_id=pl.lit(77, dtype=pl.Int64))])
    lists = recommend(everyone, scored.select(pl.exclude("score"), popular_rank=1), audience=AUDIENCE.head(1), fill=FILL, keep=20)
    assert lists["article_id"].to_list() == list(range(1, 21))
    assert set(lists["strategy"]) == {"popular"}


def test_row_order_does_not_matter():
    scored = pairs([7, 8, 9], score=[1.0, 1.0, 1.0])
    ranks = pairs([7, 8, 9], popular_rank=[1, 2, 3])
    one = recommend(scored, ranks, audience=AUDIENCE, fill=FILL)
    assert one.equals(recommend(scored.reverse(), ranks.reverse(), audience=AUDIENCE.reverse(), fill=FILL))


def test_too_short_a_fill_is_told():
    empty = pairs([], score=[]).cast({"score": pl.Float32, "week_id": pl.Int64, "customer_id": pl.Int64, "article_id": pl.Int64})
    ranks = empty.drop("score").with_columns(popular_rank=pl.lit(None, dtype=pl.Int16))
    assert recommend(empty, ranks, audience=AUDIENCE, fill=FILL).height == 24
    with pytest.raises(MissingInput, match="fewer than 12"):
        recommend(empty, ranks, audience=AUDIENCE, fill=FILL.head(11))


CUSTOMERS = pl.DataFrame({"customer_id": [1, 2], "customer": ["a" * 64, "b" * 64], "position": [1, 0]})


def test_submission_by_hand(recommended, tmp_path):
    shards = (recommended.filter(pl.col("customer_id") == customer).reverse() for customer in (1, 2))
    write_submission(shards, CUSTOMERS, tmp_path / "submission.csv")
    first = " ".join(f"00000000{article}" for article in range(50, 38, -1))
    second = "0000000008 0000000009 0000000007 " + " ".join(f"00000000{article}" for article in range(50, 41, -1))
    assert (tmp_path / "submission.csv").read_text() == f"customer_id,prediction\n{'b' * 64},{first}\n{'a' * 64},{second}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["submission.csv"]


@pytest.mark.parametrize(
    ("kept", "message"),
    [(pl.col("customer_id") == 1, "1 of 2 customers"), (pl.col("rank") < 12, "no 12 distinct"), (pl.lit(value=False), "2 of 2 customers")],
)
def test_submission_loses_nobody(recommended, tmp_path, kept, message):
    (tmp_path / "submission.csv").write_text("before")
    with pytest.raises(RowCountMismatch, match=message):
        write_submission([recommended.filter(kept)], CUSTOMERS, tmp_path / "submission.csv")
    assert (tmp_path / "submission.csv").read_text() == "before"


def test_submission_refuses_strangers_and_twins(recommended, tmp_path):
    with pytest.raises(RowCountMismatch, match="twice or unknown"):
        write_submission([recommended], CUSTOMERS.head(1), tmp_path / "submission.csv")
    with pytest.raises(RowCountMismatch, match="twice or unknown"):
        write_submission([recommended, recommended], CUSTOMERS, tmp_path / "submission.csv")
