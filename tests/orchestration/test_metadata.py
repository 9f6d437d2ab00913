"""Metadata of a partition: numbers that Dagster plots, one table for those of many things of a kind, then sample and pictures."""

from dataclasses import replace

import dagster as dg

from hm_pipeline.assets import STEPS
from hm_pipeline.engine.presentation import Preview
from hm_pipeline.orchestration.metadata import measures, preview_metadata
from tests.evaluation.weekly_homes import empty_home, purchases, stored


def test_measures_of_many_things_are_one_table_and_numbers_stay_numbers():
    shown = measures({"buyers": 48.0, "map_at_12/L4 blend": 0.05, "strategy/popular/rows": 17.0, "strategy/popular/seconds": 0.5,
                      "strategy/launches/rows": 2.0, "strategy/launches/seconds": 0.25})  # fmt: skip
    assert list(shown) == ["buyers", "map_at_12/L4 blend", "strategy"]
    assert shown["buyers"] == 48.0
    assert isinstance(shown["strategy"], dg.TableMetadataValue)
    assert [record.data for record in shown["strategy"].records] == [
        {"strategy": "popular", "rows": 17, "seconds": 0.5},
        {"strategy": "launches", "rows": 2, "seconds": 0.25},
    ]


def test_a_kind_without_things_is_no_table():
    assert measures({"hits": 3.0}) == {"hits": 3.0}


def test_tables_are_read_before_the_sample_and_pictures_are_last(tmp_path):
    graph = empty_home(tmp_path)
    purchases(graph, 3)
    previews = (Preview("picture", lambda _graph, _week_id: b"\x89PNG"), Preview("table", lambda _graph, _week_id: "| a |"))
    step = replace(STEPS["transactions"], previews=previews)
    shown = preview_metadata(None, graph, step, 3, stored(graph, "transactions", 3).manifest)
    assert list(shown) == ["table", "sample", "picture"]
