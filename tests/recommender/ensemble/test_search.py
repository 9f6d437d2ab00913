"""The search finds settings that rank, by the metric of the evaluation, and the same ones twice."""

import logging

import numpy as np
import polars as pl
import pytest

from hm_pipeline.base.errors import InvalidInput, MissingInput, SchemaViolation
from hm_pipeline.recommender.ensemble.sampling import MapScorer, training_sample, validation_sample
from hm_pipeline.recommender.ensemble.search import SearchResult, search
from hm_pipeline.recommender.ensemble.search_space import SPACES
from hm_pipeline.recommender.learners import fit_member
from hm_pipeline.recommender.learners.base import as_floats
from hm_pipeline.recommender.metrics.ranking import map_at

LEARNERS = ("lightgbm", "xgboost", "catboost")


def ranked(matrix: pl.DataFrame, scores: np.ndarray) -> pl.DataFrame:
    buyer = ["week_id", "customer_id"]
    ordered = matrix.with_columns(score=pl.Series(scores)).sort(*buyer, "score", "article_id", descending=[False, False, True, False])
    return ordered.select(*buyer, "article_id", rank=pl.int_range(1, pl.len() + 1).over(buyer))


@pytest.fixture(scope="module")
def weeks(label_week):
    training = training_sample(pl.concat([label_week(101)[0], label_week(102)[0]]), rows=100_000, seed=0)
    return training, *validation_sample(*label_week(103), buyers=1_000, seed=0)


@pytest.fixture(scope="module")
def found(weeks, features):
    return search(*weeks, features=features, learners=LEARNERS, trials=4, seed=3, threads=2)


@pytest.mark.parametrize("learner", LEARNERS)
def test_best_is_no_worse_than_the_starting_point(found, learner):
    result = found.learners[learner]
    assert len(result.trials) == 4
    assert result.trials[0].params == pytest.approx({name: span.start for name, span in SPACES[learner].items()})
    assert result.map_at_12 == max(trial.map_at_12 for trial in result.trials) >= result.trials[0].map_at_12
    assert all(SPACES[learner][name].low <= value <= SPACES[learner][name].high for name, value in result.params.items())


@pytest.mark.parametrize("learner", LEARNERS)
def test_figure_is_that_of_a_member_fitted_with_the_setting(found, weeks, features, learner):
    training, matrix, labels = weeks
    result = found.learners[learner]
    member = fit_member(learner, result.params, training, features=features, seed=3, threads=2)
    assert map_at(ranked(matrix, member.score(matrix)), labels) == pytest.approx(result.map_at_12, abs=1e-12)
    assert result.map_at_12 > 2 * map_at(ranked(matrix, np.zeros(matrix.height)), labels)


def test_twice_gives_the_same_file(found, weeks, features, tmp_path):
    again = search(*weeks, features=features, learners=LEARNERS, trials=4, seed=3, threads=2)
    found.save(tmp_path / "a.json")
    again.save(tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert SearchResult.load(tmp_path / "a.json") == found


def test_is_silent_and_leaves_no_trace(weeks, features, capfd):
    logger = logging.getLogger("flaml.automl.logger")
    before, drawn = (list(logger.handlers), logger.level), np.random.get_state()[1].copy()  # noqa: NPY002
    search(*weeks, features=features, learners=("xgboost",), trials=2, seed=0, threads=2)
    assert capfd.readouterr() == ("", "")
    assert (list(logger.handlers), logger.level) == before
    assert (np.random.get_state()[1] == drawn).all()  # noqa: NPY002


def test_without_hits_the_starting_points_stand(weeks, features):
    training, matrix, labels = weeks
    found = search(training, matrix, labels.clear(), features=features, learners=("xgboost",), trials=2, seed=0, threads=2)
    assert (found.hits, found.buyers, found.learners["xgboost"].map_at_12) == (0, 0, 0.0)
    assert found.learners["xgboost"].params == found.learners["xgboost"].trials[0].params


def test_says_what_is_missing(weeks, features, tmp_path):
    training, matrix, labels = weeks
    settings = {"trials": 2, "seed": 0, "threads": 2}
    with pytest.raises(MissingInput, match="nothing to learn"):
        search(training.filter(~pl.col("is_bought")), matrix, labels, features=features, learners=("xgboost",), **settings)
    with pytest.raises(MissingInput, match="no_such_column"):
        search(training, matrix, labels, features=("no_such_column",), learners=("xgboost",), **settings)
    with pytest.raises(InvalidInput, match="oracle"):
        search(training, matrix, labels, features=features, learners=("oracle",), **settings)
    with pytest.raises(MissingInput, match="search"):
        SearchResult.load(tmp_path / "none.json")


@pytest.mark.parametrize("decimals", [0, 1, 6])
def test_judge_counts_as_the_metric_does(label_week, decimals):
    matrix, labels = validation_sample(*label_week(104, base=-2.5), buyers=1_000, seed=0)
    scores = np.random.default_rng(decimals).normal(size=matrix.height).round(decimals)  # few decimals make ties
    assert MapScorer(matrix, labels)(scores) == pytest.approx(map_at(ranked(matrix, scores), labels), abs=1e-12)


def test_judge_by_hand():
    labels = pl.DataFrame({"week_id": [1] * 4, "customer_id": [1, 1, 2, 3], "article_id": [11, 99, 10, 10]})
    matrix = pl.DataFrame({"week_id": [1] * 5, "customer_id": [1, 1, 1, 2, 4], "article_id": [10, 11, 12, 11, 10]})
    # customer 1 bought 11 (ranked 2nd) and 99 (no candidate): 1/2 / 2; 2 has no hit, 3 no candidates, 4 bought nothing
    assert MapScorer(matrix, labels)(np.array([2.0, 1.0, 0.0, 0.0, 5.0])) == pytest.approx(0.25 / 3)
    with pytest.raises(SchemaViolation, match="not sorted"):
        MapScorer(matrix.reverse(), labels)


def test_training_sample_keeps_all_bought_and_ignores_row_order(label_week):
    matrix = pl.concat([label_week(101)[0], label_week(102)[0]])
    sample = training_sample(matrix, rows=1_000, seed=1)
    assert sample.height == 1_000
    assert sample["is_bought"].sum() == matrix["is_bought"].sum()
    assert sample.equals(training_sample(matrix.sample(fraction=1.0, shuffle=True, seed=5).lazy(), rows=1_000, seed=1))
    assert not sample.equals(training_sample(matrix, rows=1_000, seed=2))
    hit = matrix.filter("is_bought").select("week_id", "customer_id")
    assert sample.join(hit, on=["week_id", "customer_id"], how="anti").is_empty()
    assert training_sample(matrix, rows=20, seed=1)["is_bought"].sum() == 10


def test_judged_sample_takes_whole_customers_and_keeps_those_without_candidates(label_week):
    matrix, labels = label_week(103)
    rows, bought = validation_sample(matrix.reverse().lazy(), pl.concat([labels, labels]).lazy(), buyers=15, seed=0)
    assert bought.select("customer_id").n_unique() == 15
    assert set(rows.group_by("customer_id").len()["len"]) == {40}
    everyone = validation_sample(matrix, labels, buyers=1_000, seed=0)[1]
    assert 10_000 in everyone["customer_id"].to_list()
    assert everyone.height == labels.unique().height


def test_matrix_reads_any_column_and_tells_missing_from_zero():
    table = pl.DataFrame({"whole": [1, None], "flag": [True, None], "share": [0.5, None]}, schema_overrides={"whole": pl.Int32})
    np.testing.assert_array_equal(as_floats(table, ["share", "flag", "whole"]), np.array([[0.5, 1, 1], [np.nan] * 3], dtype=np.float32))


def test_where_nobody_bought_in_the_metric_week_the_starting_points_are_kept(weeks, features):
    training, matrix, labels = weeks
    result = search(training, matrix.clear(), labels.clear(), features=features, learners=LEARNERS, trials=4, seed=3, threads=2)
    assert (result.buyers, result.hits) == (0, 0)
    for name in LEARNERS:
        start = {key: pytest.approx(span.start) for key, span in SPACES[name].items()}
        assert result.learners[name].params == start
        assert [trial.params for trial in result.learners[name].trials] == [start]
