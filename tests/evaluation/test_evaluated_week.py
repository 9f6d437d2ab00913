"""A week of three buyers, worked by hand."""

import polars as pl
import pytest

from hm_pipeline.evaluation.scoreboard.scoring import add_metrics, count_articles, count_pairs, evaluate_week, rank_by

KEYS = {"week_id": pl.Int64, "customer_id": pl.Int64, "article_id": pl.Int64}
BOUGHT = pl.DataFrame([(104, 1, 10), (104, 1, 10), (104, 2, 20), (104, 3, 30)], schema=KEYS, orient="row")
SEGMENTS = pl.DataFrame({"week_id": [104] * 3, "customer_id": [1, 2, 3], "segment": ["active", "dormant", "new"]})
POPULAR = pl.DataFrame([(104, customer, 20, 1) for customer in (1, 2, 3)], schema={**KEYS, "rank": pl.Int16}, orient="row")
RECOMMENDED = pl.DataFrame(
    [
        (104, 1, 11, 1, 0.1, None),
        (104, 1, 10, 2, 0.9, 0.3),
        (104, 2, 20, 1, 0.5, 0.5),
        (104, 2, 21, 2, 0.5, 0.6),
        (104, 9, 10, 1, 0.0, 0.0),
    ],
    schema={**KEYS, "rank": pl.Int16, "score_lightgbm": pl.Float32, "score_xgboost": pl.Float32},
    orient="row",
)


def scored(learner):
    scores = evaluate_week({"L0 popular": POPULAR}, RECOMMENDED, BOUGHT, SEGMENTS, learner=learner)
    return {model: rows["average_precision"].to_list() for (model,), rows in scores.group_by("rung", maintain_order=True)}


def test_every_buyer_for_every_model():
    scores = evaluate_week({"L0 popular": POPULAR}, RECOMMENDED, BOUGHT, SEGMENTS, learner="lightgbm")
    assert scores.columns == ["week_id", "customer_id", "segment", "rung", "average_precision"]
    assert scores.filter(pl.col("customer_id") == 1).rows() == [
        (104, 1, "active", "L0 popular", 0.0),
        (104, 1, "active", "L3 best learner", 1.0),
        (104, 1, "active", "L4 blend", 0.5),
    ]
    assert scored("lightgbm") == {"L0 popular": [0, 1, 0], "L3 best learner": [1, 1, 0], "L4 blend": [0.5, 1, 0]}


def test_the_learner_is_the_one_that_is_named():
    assert scored("xgboost")["L3 best learner"] == [1, 0.5, 0]


def test_ties_go_to_the_smaller_article_and_nulls_last():
    assert rank_by(RECOMMENDED, "score_lightgbm").filter(pl.col("customer_id") == 2)["article_id"].to_list() == [20, 21]
    assert rank_by(RECOMMENDED, "score_xgboost").filter(pl.col("customer_id") == 1)["article_id"].to_list() == [10, 11]


def candidates():
    rows = [(104, 1, 10, 1, None), (104, 1, 11, None, 1), (104, 2, 20, 1, 2), (104, 2, 21, None, 1), (104, 9, 10, 1, 1)]
    return pl.DataFrame(rows, schema={**KEYS, "repurchase_rank": pl.Float32, "popular_rank": pl.Float32}, orient="row")


def test_counts():
    metrics = count_pairs(candidates(), RECOMMENDED, BOUGHT, strategies=["repurchase", "popular"])
    recall = {"rows": 4, "hits": 2, "bought": 3, "buyers": 3, "reached": 2}
    assert metrics == {
        **{f"reach/{pairs}/{name}": n for pairs in ("all candidates", "top 12", "top 50", "top 100") for name, n in recall.items()},
        "strategy/repurchase/row_count": 2,
        "strategy/repurchase/hit_count": 2,
        "strategy/repurchase/unique_hit_count": 1,
        "strategy/popular/row_count": 3,
        "strategy/popular/hit_count": 1,
        "strategy/popular/unique_hit_count": 0,
    }


@pytest.mark.parametrize("edge", [1, 2, 3])
def test_counts_of_shards_add_up(edge):
    def part(condition):
        frames = (frame.filter(condition) for frame in (candidates(), RECOMMENDED, BOUGHT))
        return count_pairs(*frames, strategies=["repurchase", "popular"])

    whole = count_pairs(candidates(), RECOMMENDED, BOUGHT, strategies=["repurchase", "popular"])
    assert add_metrics([part(pl.col("customer_id") <= edge), part(pl.col("customer_id") > edge)]) == whole


def test_articles_on_offer():
    assert count_articles(RECOMMENDED, pl.Series([10, 10, 11, 99])) == {"articles/offered": 3, "articles/shown": 2}
