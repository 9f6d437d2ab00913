"""Members never see the weeks they are compared and blended on, and what is saved scores the same."""

import json
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

import hm_pipeline.recommender.ensemble.fitting as module
from hm_pipeline.base.errors import MissingInput, SchemaViolation, UnknownWeek
from hm_pipeline.recommender.ensemble.blend import blend_weights, blended, standardised
from hm_pipeline.recommender.ensemble.ensemble import Ensemble
from hm_pipeline.recommender.ensemble.sampling import MapScorer, group_offsets, validation_sample
from hm_pipeline.recommender.learners import LEARNERS, fit_member
from hm_pipeline.recommender.learners.base import as_floats
from hm_pipeline.recommender.metrics.ranking import map_at
from tests.recommender.ensemble.conftest import ROLES

BUYER = ["week_id", "customer_id"]


@pytest.fixture(scope="module")
def ensemble(fit, weeks):
    return fit(weeks)


def test_scores_every_row_by_the_learners_that_count_and_the_blend(ensemble, weeks):
    even = replace(ensemble, weights=(1 / 3,) * 3)
    scores = even.score(weeks[104][0])
    assert scores.columns == ["week_id", "customer_id", "article_id", *(f"score_{name}" for name in LEARNERS), "score"]
    assert set(scores.dtypes[3:]) == {pl.Float32}
    assert scores.select(pl.exclude("week_id").is_finite().all()).row(0) == (True,) * 6
    assert even.score(weeks[104][0].clear()).height == 0
    one = replace(ensemble, weights=(0.0, 0.0, 1.0), best_learner="lightgbm").score(weeks[104][0])
    assert one.columns[3:] == ["score_lightgbm", "score_catboost", "score"]
    assert one["score_lightgbm"].equals(scores["score_lightgbm"])
    alike = one.group_by("customer_id").agg(correlation=pl.corr("score", "score_catboost"))
    assert alike["correlation"].min() == pytest.approx(1, abs=1e-4)


def test_saved_and_loaded_scores_alike(ensemble, weeks, tmp_path):
    ensemble.save(tmp_path / "one")
    loaded = Ensemble.load(tmp_path / "one", threads=1)
    assert loaded.score(weeks[104][0]).equals(ensemble.score(weeks[104][0]))
    told = json.loads((tmp_path / "one" / "ensemble.json").read_text())
    assert told["training_weeks"] == list(ROLES.all)
    assert list(told["weights"]) == list(LEARNERS)
    assert sum(told["weights"].values()) == pytest.approx(1)
    assert max(told["importance"], key=lambda name: told["importance"][name]["lightgbm"]) == "feature_0"
    assert (loaded.importance(), loaded.best_learner, loaded.metrics) == (ensemble.importance(), ensemble.best_learner, ensemble.metrics)


def test_twice_gives_the_same_bytes(ensemble, fit, weeks, tmp_path):
    shuffled = {week: (matrix.sample(fraction=1.0, shuffle=True, seed=1), bought.reverse()) for week, (matrix, bought) in weeks.items()}
    ensemble.save(tmp_path / "one")
    fit(shuffled).save(tmp_path / "two")
    files = [path.name for path in sorted((tmp_path / "one").iterdir())]
    assert files == ["catboost.cbm", "ensemble.json", "lightgbm.txt", "xgboost.ubj"]
    assert [name for name in files if (tmp_path / "one" / name).read_bytes() != (tmp_path / "two" / name).read_bytes()] == []


def test_blend_is_no_worse_than_its_members_where_it_was_fitted(ensemble):
    metrics = ensemble.metrics
    assert metrics["is_blend_fitted"] == 1
    assert metrics["blend_map"] >= max(metrics[f"blend_map_{name}"] for name in LEARNERS) > 0
    assert ensemble.best_learner == max(LEARNERS, key=lambda name: metrics[f"metric_map_{name}"])


def test_figures_are_those_of_the_metric(fit, weeks, found, features):
    one = fit(weeks)
    training = module.training_sample(pl.concat([weeks[101][0], weeks[102][0]]), rows=20_000, seed=0)
    member = fit_member("xgboost", found.learners["xgboost"].params, training, features=features, seed=0, threads=2)
    scored = weeks[103][0].with_columns(score=pl.Series(member.score(weeks[103][0]))).sort(*BUYER, "score", descending=[False, False, True])
    ranked = scored.select(*BUYER, "article_id", rank=pl.int_range(1, pl.len() + 1).over(BUYER))
    assert one.metrics["metric_map_xgboost"] == pytest.approx(map_at(ranked, weeks[103][1]), abs=1e-9)


def test_members_do_not_see_the_weeks_they_are_judged_on(fit, weeks, monkeypatch):
    fitted = []

    def spy(learner, params, training, **rest):
        member = fit_member(learner, params, training, **rest)
        fitted.append((sorted(set(training["week_id"])), member))
        return member

    monkeypatch.setattr(module, "fit_member", spy)
    fit(weeks)
    poisoned = {
        week: (matrix.with_columns(is_bought=~pl.col("is_bought"), feature_0=-pl.col("feature_0")), bought.head(3))
        if week in (ROLES.metric, ROLES.blend)
        else (matrix, bought)
        for week, (matrix, bought) in weeks.items()
    }
    fit(poisoned)
    clean, poisoned_first = fitted[:3], fitted[6:9]
    probe = weeks[104][0]
    for (seen, member), (seen_again, again) in zip(clean, poisoned_first, strict=True):
        assert seen == seen_again == [101, 102]
        np.testing.assert_array_equal(member.score(probe), again.score(probe))
    assert all(seen == list(ROLES.all) for seen, _ in fitted[3:6] + fitted[9:])


def test_a_customer_alone_scores_as_among_others(ensemble, weeks):
    matrix = weeks[104][0]
    some = pl.col("customer_id") > 0
    assert ensemble.score(matrix.filter(some)).equals(ensemble.score(matrix).filter(some))


def test_refuses_rows_out_of_order_and_missing_columns(ensemble, weeks, tmp_path):
    with pytest.raises(SchemaViolation, match="not sorted"):
        ensemble.score(weeks[104][0].reverse())
    with pytest.raises(MissingInput, match="feature_3"):
        ensemble.score(weeks[104][0].drop("feature_3"))
    with pytest.raises(MissingInput, match="no ensemble"):
        Ensemble.load(tmp_path, threads=1)


def test_few_buyers_still_make_an_ensemble(fit, label_week):
    tiny = {week: label_week(week, buyers=20, candidates=100, base=-7.5) for week in ROLES.all}
    assert sum(tiny[week][0]["is_bought"].sum() for week in ROLES.fit) < 20
    few = fit(tiny)
    assert few.metrics["is_blend_fitted"] == 0
    assert few.weights == pytest.approx((1 / 3,) * 3)
    assert few.score(tiny[104][0])["score"].is_finite().all()


def test_weeks_without_hits_weigh_all_members_alike(fit, weeks):
    blank = {
        week: (matrix.with_columns(is_bought=False), bought.clear()) if week > 102 else (matrix, bought)
        for week, (matrix, bought) in weeks.items()
    }
    kept = fit(blank)
    assert kept.metrics["is_blend_fitted"] == kept.metrics["metric_hits"] == kept.metrics["blend_hits"] == 0
    assert kept.weights == pytest.approx((1 / 3,) * 3)


def test_nothing_bought_or_no_week_is_told(fit, weeks):
    with pytest.raises(MissingInput, match="choose a later week"):
        fit({week: (matrix.with_columns(is_bought=False), bought) for week, (matrix, bought) in weeks.items()})
    with pytest.raises(UnknownWeek, match="label week 102"):
        fit({week: pair for week, pair in weeks.items() if week != 102})


def test_scale_within_a_customer_by_hand():
    margins = np.array([[1.0, 5.0], [3.0, 5.0], [7.0, -1.0]], dtype=np.float32)
    np.testing.assert_allclose(standardised(margins, np.array([0, 2])), [[-1, 0], [1, 0], [0, 0]])


def test_blend_prefers_the_learner_that_knows(label_week):
    matrix, labels = validation_sample(*label_week(104, buyers=150), buyers=1_000, seed=0)
    margins = np.nan_to_num(as_floats(matrix, ["feature_0", "feature_5"]))
    scaled, scorer = standardised(margins, group_offsets(matrix)), MapScorer(matrix, labels)
    weights, figure = blend_weights(scaled, scorer)
    assert weights[0] > 0.6
    assert figure == scorer(blended(scaled, weights)) >= scorer(blended(scaled, (1.0, 0.0)))


@pytest.mark.parametrize("learner", LEARNERS)
def test_threads_do_not_change_a_member(learner, found, weeks, features):
    matrix = weeks[101][0]
    one, two = (
        fit_member(learner, found.learners[learner].params, matrix, features=features, seed=0, threads=threads) for threads in (1, 2)
    )
    np.testing.assert_array_equal(one.score(matrix), two.score(matrix))
