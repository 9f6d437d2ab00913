"""Benchmark of Dagster's page, until it shows the assets: `hm ui`, and Dagster's own `dagster dev`."""

import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hm_pipeline.benchmarks.harness import hm_command, ingested
from hm_pipeline.datasets.simulator.simulate import simulate

STARTS = 3
PATIENCE = 180  # seconds
ASSETS = json.dumps({"query": "{assetNodes {id}}"}).encode()


def bench_ui(folder: Path) -> dict[str, Any]:
    """Open the UI on a small home, three times with each command, and ask its page for the assets until it has them.

    Returns
    -------
    dict
        Seconds of each start and their median, for ``hm_ui`` and ``dagster_dev``.
    """
    raw, home = folder / "raw", folder / "home"
    simulate(raw, customers=2_000, articles=1_000, weeks=20)
    environment = ingested(raw, home)
    port = str(_free_port())
    dagster = {**environment, "DAGSTER_HOME": str(folder / "dagster"), "PYTHONWARNINGS": "ignore"}
    shutil.rmtree(folder / "dagster", ignore_errors=True)
    (folder / "dagster").mkdir()
    commands = {
        "hm_ui": (hm_command("ui", "--port", port), environment),
        "dagster_dev": ([sys.executable, "-m", "dagster", "dev", "-m", "hm_pipeline.orchestration.definitions", "--port", port], dagster),
    }
    found: dict[str, Any] = {}
    for name, (command, variables) in commands.items():
        seconds = [_seconds_until_shown(command, variables, port) for _ in range(STARTS)]
        found[name] = {"seconds": seconds, "median": statistics.median(seconds)}
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _seconds_until_shown(command: Sequence[str], environment: dict[str, str], port: str) -> float:
    started = time.perf_counter()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        try:
            while not _is_shown(port):
                if process.poll() is not None or time.perf_counter() - started > PATIENCE:
                    raise TimeoutError(f"{' '.join(command[:4])} ... shows no assets on port {port}")
                time.sleep(0.05)
            return round(time.perf_counter() - started, 1)
        finally:
            os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C
            process.wait(PATIENCE)


def _is_shown(port: str) -> bool:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/graphql", ASSETS, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return bool(json.load(answer).get("data", {}).get("assetNodes"))
    except (OSError, ValueError):
        return False
