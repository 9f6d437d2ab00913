"""An ensemble scores the features it was trained with, and no others."""

from types import SimpleNamespace

import polars as pl
import pytest

from hm_pipeline.base.errors import SchemaViolation
from hm_pipeline.recommender.ensemble import training as learn
from hm_pipeline.recommender.ensemble.feature_schema import require_schema, schema_version

COLUMNS = {"age": pl.Int16(), "momentum": pl.Float32(), "is_launch": pl.Boolean()}
CHANGES = {
    "gone age": {name: dtype for name, dtype in COLUMNS.items() if name != "age"},
    "new colour": {**COLUMNS, "colour": pl.Int64()},
    "gone age; new years": {"years": pl.Int16(), **{name: dtype for name, dtype in COLUMNS.items() if name != "age"}},
    "another order": dict(reversed(COLUMNS.items())),
    "another kind of values": {**COLUMNS, "age": pl.Float32()},
}


def test_the_same_features_in_wider_types_are_the_same_version():
    wider = {"age": pl.Int64(), "momentum": pl.Float64(), "is_launch": pl.Boolean()}
    require_schema("ranking", wider, trained=schema_version("ranking", COLUMNS), features=list(COLUMNS))


@pytest.mark.parametrize("words", CHANGES)
def test_other_features_are_refused_in_words(words):
    with pytest.raises(SchemaViolation, match=f"(?s)trained with 3 features.*{words}.*fit the ensemble again"):
        require_schema("ranking", CHANGES[words], trained=schema_version("ranking", COLUMNS), features=list(COLUMNS))


def test_another_service_is_another_version():
    assert schema_version("signals", COLUMNS) != schema_version("ranking", COLUMNS)


def test_scoring_refuses_before_it_reads_anything():
    model = SimpleNamespace(service_version=schema_version("ranking", COLUMNS), features=tuple(COLUMNS))
    matrix = pl.DataFrame(schema={"week_id": pl.Int64, "customer_id": pl.Int64, "article_id": pl.Int64, "age": pl.Int16})
    with pytest.raises(SchemaViolation, match="gone momentum, is_launch"):
        learn.recommend(None, SimpleNamespace(week_id=1, model=model), matrix)
