"""The unattended path with the real page and daemon of `hm ui`: what is delivered is ingested, and the next week is known."""

import gzip
import re
import shutil
from datetime import date, timedelta

import pytest

from hm_pipeline.engine.home import Home
from tests.datasets.kaggle.tiny_files import FILES, TRANSACTIONS, TX
from tests.e2e.test_automation import packed
from tests.e2e.ui_page import SELECTED, Page, until

LATER = re.sub(  # weeks that nothing knows of before they are ingested, the last of them whole
    r"2020-\d\d-\d\d", lambda day: str(date.fromisoformat(day[0]) + timedelta(weeks=53)), TRANSACTIONS
)
NEWEST = "2021-09-29"
SELECTOR = {**SELECTED, "sensorName": "new_weeks"}
START = "mutation ($s: SensorSelector!) {startSensor(sensorSelector: $s) {__typename ... on PythonError {message}}}"
DRY = """mutation ($s: SensorSelector!) {sensorDryRun(selectorData: $s, cursor: "") {
 ... on DryRunInstigationTick {evaluationResult {skipReason error {message} runRequests {jobName}}}}}"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Start `hm ui` over an empty home that watches a folder."""
    monkeypatch.setenv("HM_RAW", str(tmp_path / "raw"))
    monkeypatch.setenv("HM_RAW_EVERY", "1")
    opened = Page(tmp_path / "home")
    yield opened
    opened.close()


def ended(page):
    """How the ingests ended, the first one first; nothing while one is under way."""
    states = [status for job, _, status, _ in page.runs() if job == "ingest"]
    return [] if set(states) - {"SUCCESS", "FAILURE"} else states


def test_deliveries_are_ingested_and_the_newest_week_is_looked_at(page, tmp_path):
    raw, home = packed(tmp_path / "raw", {**FILES, TX: LATER}), Home(tmp_path / "home")
    until(lambda: page.ask(START, s=SELECTOR).get("startSensor", {}).get("__typename") == "Sensor")
    until(lambda: ended(page) == ["SUCCESS"])
    assert home.calendar.key(home.calendar.last_week) == NEWEST
    file, good = raw / "drop" / f"{TX}.gz", tmp_path / "good.gz"
    shutil.copy2(file, good)
    file.write_bytes(gzip.compress(LATER.replace("0.05", "cheap").encode()))
    until(lambda: ended(page) == ["SUCCESS", "FAILURE"])
    shutil.copy2(good, file)  # back, with its old date
    until(lambda: ended(page) == ["SUCCESS", "FAILURE", "SUCCESS"])

    def reason():
        tick = page.ask(DRY, s=SELECTOR).get("sensorDryRun", {})
        return (tick.get("evaluationResult") or {}).get("skipReason") or ""

    raw.rename(tmp_path / "gone")
    until(lambda: f"week {NEWEST} has 2 weeks of data before it and needs" in reason())
