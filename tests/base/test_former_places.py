"""Modules at their former places hand on the same objects, with a warning."""

import sys
from importlib import import_module

import pytest

from hm_pipeline.base.former_places import FORMER
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.home import Home
from hm_pipeline.features.historical import open_store
from hm_pipeline.features.online_lookup import look_up

NAMES = [("settings", "Settings", Settings), ("tables", "Home", Home), ("features.retrieval", "open_store", open_store)]


@pytest.mark.parametrize(("place", "name", "found"), [*NAMES, ("features.online", "look_up", look_up)])
def test_a_name_is_found_at_its_former_place(place, name, found):
    sys.modules.pop(f"hm_pipeline.{place}", None)
    with pytest.warns(DeprecationWarning, match=f"hm_pipeline.{place} is hm_pipeline"):
        assert getattr(import_module(f"hm_pipeline.{place}"), name) is found


@pytest.mark.parametrize("place", FORMER)
def test_every_former_place_leads_to_modules_that_are_there(place):
    sys.modules.pop(f"hm_pipeline.{place}", None)
    with pytest.warns(DeprecationWarning, match="goes with the next release"):
        former = import_module(f"hm_pipeline.{place}")
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = former.nothing


def test_a_module_that_never_was_is_not_found():
    with pytest.raises(ModuleNotFoundError):
        import_module("hm_pipeline.nowhere")
