"""Every asset says what it is, its grain, its unit and why, and the groups stand in order."""

from dataclasses import replace
from pathlib import Path

import pytest

import hm_pipeline
from hm_pipeline.assets import STEPS
from hm_pipeline.orchestration.descriptions import GROUP_ORDER, asset_table, describe, group_of


@pytest.mark.parametrize("name", STEPS)
def test_an_asset_says_what_grain_unit_and_why(name):
    step = STEPS[name]
    what, *facts = describe(step).split("\n\n")
    assert len(what) > 30
    assert [fact.split(":**")[0] for fact in facts] == ["**Grain", "**Unit", "**Why"]
    assert all(len(fact) > 15 and fact.endswith(".") and not fact.endswith("..") for fact in facts)


def test_grains_are_those_of_the_contracts():
    assert "**Grain:** A row for each week_id, customer_id, article_id." in describe(STEPS["candidates"])
    assert "**Grain:** A model for each week it is fitted in, which serves 4 weeks." in describe(STEPS["ensemble"])


def test_groups_sort_in_order():
    groups = [
        group_of(STEPS[name])
        for name in ("transactions", "history/vectors", "candidates", "signal/momentum", "labels", "search", "scoreboard")
    ]
    assert groups == sorted(groups)
    assert [group.partition("_")[2] for group in groups] == list(GROUP_ORDER)
    assert group_of(replace(STEPS["candidates"], group="mine")) == "mine"


def test_the_page_of_all_assets_is_generated_from_them():
    page = (Path(hm_pipeline.__file__).parents[1] / "docs" / "assets.md").read_text(encoding="utf-8")
    assert page == asset_table(STEPS), "python -m hm_pipeline.orchestration.descriptions > docs/assets.md"
    assert all(f"`{name}`" in page for name in STEPS)
