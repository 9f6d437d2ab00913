"""The unattended path with the real page and daemon of `hm ui`: what is delivered is ingested, and the next week is known."""

import gzip
import json
import os
import re
import shutil
import signal
import socket
import time
import urllib.request
from datetime import date, timedelta

import pytest

from hm_pipeline.engine.home import Home
from tests.datasets.kaggle.tiny_files import FILES, TRANSACTIONS, TX
from tests.e2e.crashes import start
from tests.e2e.test_automation import packed

LATER = re.sub(  # weeks that nothing knows of before they are ingested, the last of them whole
    r"2020-\d\d-\d\d", lambda day: str(date.fromisoformat(day[0]) + timedelta(weeks=53)), TRANSACTIONS
)
NEWEST = "2021-09-29"
RUNS = '{runsOrError(filter: {pipelineName: "ingest"}) {... on Runs {results {status}}}}'
SELECTED = {"repositoryLocationName": "hm_pipeline.orchestration.definitions", "repositoryName": "__repository__"}
SENSOR = "mutation ($s: SensorSelector!) {startSensor(sensorSelector: $s) {__typename ... on PythonError {message}}}"
SCHEDULE = "mutation ($s: ScheduleSelector!) {startSchedule(scheduleSelector: $s) {__typename ... on PythonError {message}}}"
DRY = """mutation ($s: ScheduleSelector!, $t: Float) {scheduleDryRun(selectorData: $s, timestamp: $t) {
 ... on DryRunInstigationTick {evaluationResult {skipReason error {message} runRequests {tags {key value}}}}}}"""


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Start `hm ui` over an empty home that watches a folder, and return what asks its page."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("HM_RAW", str(tmp_path / "raw"))
    monkeypatch.setenv("HM_RAW_EVERY", "1")
    process = start(tmp_path / "home", "ui", "--port", port)

    def ask(query, **variables):
        asked = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", asked, {"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["data"] or {}
        except OSError:
            return {}

    yield ask
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)


def until(true, seconds=240):
    deadline = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return found


def ended(page):
    """How the ingests ended, the first one first; nothing while one is under way."""
    states = [run["status"] for run in page(RUNS).get("runsOrError", {}).get("results", [])][::-1]
    return [] if set(states) - {"SUCCESS", "FAILURE"} else states


def test_deliveries_are_ingested_and_the_newest_week_is_asked_for(page, tmp_path):
    raw, home = packed(tmp_path / "raw", {**FILES, TX: LATER}), Home(tmp_path / "home")
    until(lambda: page(SENSOR, s={**SELECTED, "sensorName": "new_raw_files"}).get("startSensor", {}).get("__typename") == "Sensor")
    assert page(SCHEDULE, s={**SELECTED, "scheduleName": "newest_week"})["startSchedule"]["__typename"] == "ScheduleStateResult"
    until(lambda: ended(page) == ["SUCCESS"])
    assert home.calendar.key(home.calendar.last_week) == NEWEST
    file, good = raw / "drop" / f"{TX}.gz", tmp_path / "good.gz"
    shutil.copy2(file, good)
    file.write_bytes(gzip.compress(LATER.replace("0.05", "cheap").encode()))
    until(lambda: ended(page) == ["SUCCESS", "FAILURE"])
    shutil.copy2(good, file)  # back, with its old date
    until(lambda: ended(page) == ["SUCCESS", "FAILURE", "SUCCESS"])

    def asked():
        tick = page(DRY, s={**SELECTED, "scheduleName": "newest_week"}, t=time.time()).get("scheduleDryRun", {})
        requests = (tick.get("evaluationResult") or {}).get("runRequests") or []
        return [tag["value"] for request in requests for tag in request["tags"] if tag["key"] == "dagster/partition"]

    assert until(asked) == [NEWEST]
