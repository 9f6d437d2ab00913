"""MAP@12 of a week beside the weeks evaluated before it."""

import polars as pl
import pytest

from hm_pipeline.evaluation.scoreboard.map_drop import MAP_DROP
from tests.evaluation.weekly_homes import LAST, empty_home, put, stored

WEEK = LAST - 1
NAME = "map_at_12/L4 blend"
PAST = [0.030, 0.032, 0.028, 0.031, 0.029, 0.030, 0.033, 0.027]  # mean 0.03, deviation 0.002


def scored(graph, week_id, value):
    put(graph, "scoreboard", week_id, pl.DataFrame({"week_id": [week_id]}), **{NAME: value})


@pytest.fixture
def graph(tmp_path):
    graph = empty_home(tmp_path)
    for place, value in enumerate(PAST):
        scored(graph, WEEK - 2 - place, value)
    return graph


def found(graph, week_id=WEEK):
    return MAP_DROP.find(stored(graph, "scoreboard", week_id))


@pytest.mark.parametrize(("value", "passed"), [(0.0238, False), (0.0242, True), (0.09, True)])
def test_three_deviations_below_the_mean_are_a_fault(graph, value, passed):
    scored(graph, WEEK, value)
    finding = found(graph)
    assert finding.passed == passed
    assert not finding.is_mild
    assert finding.expected.startswith("MAP@12 of at least 0.0240: the mean 0.0300 of 8 weeks before, less 3 deviations of 0.0020")
    assert finding.found == f"MAP@12 {value:.4f}"
    assert MAP_DROP.is_blocking


def test_weeks_before_the_last_one_warn_and_later_weeks_do_not_count(graph):
    scored(graph, WEEK - 1, 0.001)
    scored(graph, WEEK, 0.9)
    assert (found(graph, WEEK - 1).passed, found(graph, WEEK - 1).is_mild) == (False, True)
    assert "of 8 weeks before" in found(graph, WEEK - 1).expected


def test_too_few_weeks_pass_and_the_result_has_their_number(graph):
    finding = found(graph, WEEK - 2)
    assert finding.passed
    assert finding.found.startswith("MAP@12 0.0300 with 7 weeks evaluated before it, too few")


def test_a_week_in_which_nobody_bought_passes(graph):
    put(graph, "scoreboard", WEEK, pl.DataFrame({"week_id": [WEEK]}), buyers=0.0)
    assert found(graph).passed
    assert "nobody bought" in found(graph).found
