"""Lists that are too short, that name an article twice, or that are missing, are found by customer."""

import polars as pl
import pytest

from hm_pipeline.evaluation.coverage import CHECK, LISTS
from tests.evaluation.weekly_homes import LAST, empty_home, put, stored

CUSTOMERS = [1, 2, 3]


def lists(**changed):
    """Twelve articles for each of three customers, those of some changed."""
    articles = {customer: list(range(12)) for customer in CUSTOMERS} | {int(name[1:]): found for name, found in changed.items()}
    rows = [(LAST, customer, article) for customer, each in articles.items() for article in each]
    return pl.DataFrame(rows, schema=["week_id", "customer_id", "article_id"], orient="row")


def found(root, frame):
    graph = empty_home(root)
    put(graph, "audience", LAST, pl.DataFrame({"week_id": [LAST] * 3, "customer_id": CUSTOMERS}))
    put(graph, "recommendations", LAST, frame)
    return CHECK.find(stored(graph, "recommendations", LAST))


@pytest.mark.parametrize(("changed", "short"), [({"c2": [*range(11)]}, 11), ({"c2": [*range(11), 0]}, 11), ({"c2": []}, 0)])
def test_a_short_a_repeated_and_a_missing_list_are_found(tmp_path, changed, short):
    finding = found(tmp_path, lists(**changed))
    assert not finding.passed
    assert finding.found == "1 of 3 customers with fewer than 12 different articles"
    assert finding.offending.rows() == [(2, short)]


def test_full_lists_pass(tmp_path):
    finding = found(tmp_path, lists(c1=list(range(30))))
    assert finding.passed
    assert finding.found == "0 of 3 customers with fewer than 12 different articles"
    assert LISTS.is_blocking
    assert not CHECK.is_blocking
