import numpy as np
import polars as pl
import pytest

from hm_pipeline.base.errors import MissingInput, SchemaViolation
from hm_pipeline.evaluation.scoreboard.feature_summary import column_rows
from hm_pipeline.evaluation.scoreboard.pooling import EvaluatedWeek, pool
from hm_pipeline.recommender.metrics.bootstrap import Interval

SCHEMA = {"week_id": pl.Int64, "customer_id": pl.Int64, "segment": pl.String, "rung": pl.String, "average_precision": pl.Float64}


def judged_week(week_id, scores, metrics=None):
    """Make a week of {model: {customer: score}}; customers below 3 are active, others new."""
    rows = [
        (week_id, customer, "active" if customer < 3 else "new", model, score)
        for model, of_buyers in scores.items()
        for customer, score in of_buyers.items()
    ]
    return EvaluatedWeek(pl.DataFrame(rows, schema=SCHEMA, orient="row"), metrics or {})


FIGURES = {
    **{f"reach/all candidates/{name}": n for name, n in {"rows": 40, "hits": 3, "bought": 6, "buyers": 4, "reached": 3}.items()},
    "strategy/popular/row_count": 20,
    "strategy/popular/hit_count": 2,
    "strategy/popular/unique_hit_count": 1,
    "articles/offered": 10,
    "articles/shown": 4,
}
FIRST = judged_week(103, {"L0": {1: 0.0, 3: 0.5}, "L1": {1: 1.0, 3: 0.5}}, FIGURES)
SECOND = judged_week(104, {"L1": {1: 1.0, 2: 0.5}, "L0": {1: 0.5, 2: 0.0}}, FIGURES)


def test_two_weeks_by_hand():
    board = pool([FIRST, SECOND])
    assert (board.weeks, board.buyers, board.customers) == ((103, 104), 4, 3)
    assert [(row.model, row.score.mean) for row in board.leaderboard] == [("L0", 0.25), ("L1", 0.75)]
    assert board.leaderboard[0].gain is None
    assert board.leaderboard[1].gain.mean == 0.5
    assert (board.winner, board.runner_up, board.lead) == ("L1", "L0", board.leaderboard[1].gain)
    assert [(row.segment, row.buyers, row.scores["L1"].mean) for row in board.segments] == [
        ("active", 3, pytest.approx(2.5 / 3)),
        ("new", 1, 0.5),
    ]
    assert [(row.week_id, row.scores) for row in board.by_week] == [(103, {"L0": 0.25, "L1": 0.75}), (104, {"L0": 0.25, "L1": 0.75})]


def test_counts_are_pooled_before_they_become_shares():
    board = pool([FIRST, SECOND])
    recall, strategy = board.recall[0], board.strategies[0]
    assert (recall.pairs, recall.rows_per_buyer, recall.recall, recall.hit_ratio, recall.coverage) == (
        "all candidates",
        10.0,
        0.5,
        0.075,
        0.75,
    )
    assert (strategy.rows, strategy.rows_per_buyer, strategy.hit_ratio, strategy.unique_hits) == (40, 5.0, 0.1, 2)
    assert (strategy.recall, strategy.unique_recall) == (pytest.approx(1 / 3), pytest.approx(1 / 6))
    assert board.articles_shown_share == 0.4


def test_intervals_draw_customers_not_rows():
    rng = np.random.default_rng(0)
    scores = {customer: float(rng.random() < 0.5) for customer in range(200)}
    one, same = pool([judged_week(100, {"L0": scores})]), pool([judged_week(week, {"L0": scores}) for week in range(100, 109)])
    width = [board.leaderboard[0].score.high - board.leaderboard[0].score.low for board in (one, same)]
    assert width[0] == pytest.approx(width[1])  # nine weeks of the same customers are no more evidence than one


def test_the_order_of_weeks_and_rows_does_not_matter():
    shuffled = [EvaluatedWeek(week.scores.sample(fraction=1, shuffle=True, seed=1), week.metrics) for week in (SECOND, FIRST)]
    assert pool(shuffled).model_dump_json() == pool([FIRST, SECOND]).model_dump_json()


def test_a_single_model_has_no_comparison():
    board = pool([judged_week(104, {"L0": {1: 0.5}})])
    assert (board.winner, board.runner_up, board.lead) == ("L0", None, None)
    assert board.leaderboard[0].score == Interval(0.5, 0.5, 0.5)


def test_ties_go_to_the_simpler_model():
    assert pool([judged_week(104, {"L1": {1: 0.5}, "L0": {1: 0.5}})]).winner == "L0"


def test_weeks_must_have_the_same_models():
    with pytest.raises(SchemaViolation, match=r"weeks \[103\] have no L2"):
        pool([FIRST, judged_week(104, {"L0": {1: 0.0}, "L1": {1: 0.0}, "L2": {1: 0.0}})])


def test_nothing_to_pool():
    with pytest.raises(MissingInput, match="no buyers"):
        pool([judged_week(105, {})])


def test_ledger_of_columns():
    features = pl.DataFrame(
        {"sales": [1, None, 3, 4], "name": ["a", None, None, None], "empty": [None] * 4, "is_new": [True, False, None, None]}
    )
    features = features.with_columns(pl.col("empty").cast(pl.Float32))
    rows = column_rows(features, {"sales": "availability", "name": "articles", "empty": "style", "is_new": "style"})
    assert [(row.column, row.source, row.null_share, row.mean) for row in rows] == [
        ("sales", "availability", 0.25, pytest.approx(8 / 3)),
        ("name", "articles", 0.75, None),
        ("empty", "style", 1.0, None),
        ("is_new", "style", 0.5, 0.5),
    ]
    assert pool([FIRST], columns=rows).columns == tuple(rows)
