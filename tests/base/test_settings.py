"""What may be set from outside."""

from pathlib import Path

import pytest

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.base.settings import Settings


def test_variables_are_read_and_those_set_to_nothing_are_not_set(monkeypatch):
    monkeypatch.setenv("HM_HOME", "/somewhere")
    monkeypatch.setenv("HM_LEARNERS", "lightgbm, catboost")
    monkeypatch.setenv("HM_RAW", "")
    monkeypatch.setenv("HM_TRIALS", "")
    settings = Settings.from_environment()
    assert settings.home == Path("/somewhere")
    assert settings.learners == ("lightgbm", "catboost")
    assert settings.raw is None  # and not the current folder
    assert settings.trials == Settings().trials


@pytest.mark.parametrize(("name", "value"), [("HM_TRIALS", "many"), ("HM_SHARDS", "-1"), ("HM_NO_SUCH_THING", "1")])
def test_what_cannot_be_a_setting_is_one_line(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidInput, match=name):
        Settings.from_environment()
