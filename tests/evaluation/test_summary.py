"""Feature columns of the scoreboard, read from what is stored."""

import polars as pl

from hm_pipeline.evaluation.scoreboard.summary import ledger
from hm_pipeline.features.tables import column_sources, matrix_schema
from tests.evaluation.weekly_homes import LAST, empty_home, put


def test_a_week_made_before_a_column_was_is_left_out(tmp_path):
    """A home keeps label weeks of before a signal was added: nothing asked for them since."""
    graph = empty_home(tmp_path)
    row = matrix_schema().create_empty().clear(1)
    put(graph, "feature_matrix", LAST - 3, row.with_columns(habit=pl.lit(0.5, dtype=pl.Float32)))
    put(graph, "feature_matrix", LAST - 2, row.drop("habit"))
    columns = {each.column: each for each in ledger(graph.home, LAST)}
    assert columns.keys() == column_sources().keys()
    assert columns["habit"].mean == 0.5
    assert ledger(graph.home, LAST - 3) == []
