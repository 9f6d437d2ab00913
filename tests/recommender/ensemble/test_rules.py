"""Rules that take part in the blend."""

from dataclasses import replace

import polars as pl
import pytest

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.recommender.ensemble.ensemble import Ensemble
from hm_pipeline.recommender.ensemble.rules import RULES, rule_scores

MATRIX = pl.DataFrame(
    {"article_id": [1, 2, 3, 4, 5], "habit": [0.5, None, 0.001, None, 0.5], "momentum_day_7_count": [3, 90, None, 2, 4]},
    schema={"article_id": pl.Int64, "habit": pl.Float32, "momentum_day_7_count": pl.Float32},
)


@pytest.mark.parametrize(("name", "order"), [("own", [5, 1, 3, 2, 4]), ("popular", [2, 5, 1, 4, 3])])
def test_own_purchases_come_first_and_sales_order_the_rest(name, order):
    ranked = MATRIX.with_columns(score=pl.Series(rule_scores(name, MATRIX))).sort("score", descending=True)
    assert ranked["article_id"].to_list() == order


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(MissingInput, match="habit"):
        rule_scores("own", MATRIX.drop("habit"))


def test_a_rule_that_ranks_best_gets_the_blend(fit, weeks, tmp_path):
    """What is bought follows feature_0, which the members do not read here and the rule does."""
    bought = pl.col("is_bought").cast(pl.Float32)
    habit = {week: (matrix.with_columns(habit=bought, momentum_day_7_count=bought), sold) for week, (matrix, sold) in weeks.items()}
    ensemble = fit(habit, rules=tuple(RULES), features=("feature_5",))
    weights = dict(zip(ensemble.names, ensemble.weights, strict=True))
    assert weights["own"] + weights["popular"] > 0.5
    assert ensemble.metrics["blend_map_own"] > max(ensemble.metrics[f"blend_map_{member.learner}"] for member in ensemble.members)
    ensemble.save(tmp_path)
    matrix = habit[104][0]
    assert Ensemble.load(tmp_path, threads=1).score(matrix).equals(ensemble.score(matrix))
    hits = ensemble.score(matrix).join(matrix.select("customer_id", "article_id", "is_bought"), on=["customer_id", "article_id"])
    assert hits.filter("is_bought")["score"].min() > hits.filter(~pl.col("is_bought"))["score"].mean()


def test_rules_without_a_weight_read_nothing(fit, weeks):
    ensemble = fit(weeks)
    silent = replace(ensemble, rules=("own",), weights=(*ensemble.weights, 0.0))
    assert silent.score(weeks[104][0]).equals(ensemble.score(weeks[104][0]))
