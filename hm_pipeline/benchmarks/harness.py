"""Harness of the benchmarks: the shop they run on, and the measurement of a command."""

import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from hm_pipeline.base.calendar import REFERENCE
from hm_pipeline.datasets.simulator.simulate import simulate
from hm_pipeline.engine.fingerprint import code_digest

CUSTOMERS, ARTICLES, WEEKS = 85_748, 105_542, 105  # a sixteenth of H&M's customers, all its articles
SERVING = REFERENCE.key(REFERENCE.last_week)
GIB = 2**20  # kibibytes, as the operating system counts a peak
EVERY_SECONDS = 0.5


def hm_command(*arguments: str) -> list[str]:
    """Return the command line of `hm` in this environment."""
    return [sys.executable, "-m", "hm_pipeline.cli", *arguments]


def shop_one_sixteenth(folder: Path) -> Path:
    """Return the raw files of a shop of a sixteenth of H&M's size, simulated once by this code beside the benchmarks' folders."""
    raw = folder.parent / f"sixteenth-{code_digest('hm_pipeline.datasets.simulator.simulate')}"
    if not (raw / "transactions_train.csv").exists():
        simulate(raw, customers=CUSTOMERS, articles=ARTICLES, weeks=WEEKS)
    return raw


def ingested(raw: Path, home: Path) -> dict[str, str]:
    """Ingest a shop into a home that is made anew, and return the environment that names it."""
    shutil.rmtree(home, ignore_errors=True)
    environment = {**os.environ, "HM_HOME": str(home)}
    subprocess.run(hm_command("ingest", str(raw), "--json"), check=True, env=environment, stdout=subprocess.DEVNULL)
    return environment


def peak_gib() -> float:
    """Return the most memory this process has held."""
    status = Path("/proc/self/status")
    if status.exists():  # unlike getrusage, it does not count what the parent held when it forked
        peak = next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    else:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / GIB, 2)


def run_isolated(way: Callable[..., dict[str, Any]], *asked: object) -> dict[str, Any]:
    """Call a function in a process of its own, so that its memory is its own, and return what it measured."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(way, *asked).result()


def measure_command(command: Sequence[str], environment: Mapping[str, str] | None = None) -> dict[str, float]:
    """Run a command in a fresh process and return its own wall and CPU seconds and its peak with all its workers, in GiB.

    Asking for that one child keeps the measurements of several apart.

    Raises
    ------
    CalledProcessError
        If the command fails.
    """
    started = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    held, is_over = [0.0], threading.Event()
    watch = threading.Thread(target=_watch, args=(process.pid, held, is_over))
    watch.start()
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    is_over.set()
    watch.join()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command))
    return {
        "wall_seconds": round(wall, 1),
        "cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_gib": round(max(used.ru_maxrss / GIB, *held), 2),
    }


def _watch(pid: int, held: list[float], is_over: threading.Event) -> None:
    """Note what a process and its children hold together; pages that several share count once."""
    while not is_over.wait(EVERY_SECONDS):
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            workers = process.children(recursive=True)
            if workers:  # the system reports the peak of one process; reading its pages slows it down
                held.append(sum(_bytes(member) for member in (process, *workers)) / 2**30)


def _bytes(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        memory = process.memory_full_info()
        return int(getattr(memory, "pss", memory.rss))
    return 0
