"""Four weeks of the automation, with the option `--automation-weeks`: minutes."""

import pytest

from tests.e2e.automation_weeks import run_weeks


@pytest.mark.timeout(0)
def test_four_weeks_are_served_and_what_is_wrong_is_told(tmp_path, monkeypatch, pytestconfig):
    if not pytestconfig.getoption("--automation-weeks"):
        pytest.skip("only with --automation-weeks")
    for name in ("HM_RAW", "HM_RAW_EVERY", "HM_ALERT_WEBHOOK", "HM_LATE_AFTER"):
        monkeypatch.setenv(name, "")  # put back at the end
    found = {one.delivery: one for one in run_weeks(tmp_path)}
    assert [one.online for one in found.values()] == [
        "2020-08-26", "2020-09-02", "2020-09-02", "2020-09-09", "2020-09-16", "2020-09-23", "2020-09-23"
    ]  # fmt: skip
    assert found["week 2, corrupt"].alerts == ("ingest failed",)
    assert [one.delivery for one in found.values() if one.alerts] == ["week 2, corrupt"]
    assert {status for one in found.values() if not one.alerts for _, _, status in one.runs} == {"SUCCESS"}
    assert ("backfill", "2020-09-09", "SUCCESS") in found["week 3 with its late day"].runs
