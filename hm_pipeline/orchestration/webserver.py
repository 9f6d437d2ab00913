"""`hm ui`: Dagster's webserver and daemon over a home, both of which know its weeks as of their start.

Dagster reads the code location once and keeps it, the daemon for as long as it runs.  So where an ingest, of the UI or
of `hm ingest`, brings other weeks, the page is made to load them and the daemon is started anew; its runs go on.
"""

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

from hm_pipeline.base.errors import HomeLocked, MissingInput
from hm_pipeline.base.settings import Settings
from hm_pipeline.orchestration.instance import create_storage, write_dagster_yaml

PATIENCE = 10  # seconds that a server has to end by itself
LOOK = 2  # seconds between two looks at the weeks
RELOAD = "mutation ($name: String!) {reloadRepositoryLocation(repositoryLocationName: $name) {__typename}}"
WEBSERVER, DAEMON, INGESTS = "webserver", "daemon", "ingests"
PARTS = {"": (WEBSERVER, DAEMON, INGESTS), WEBSERVER: (WEBSERVER,), DAEMON: (DAEMON, INGESTS)}  # the first one is watched
CODE = ("-m", "hm_pipeline.orchestration.definitions")


def open_ui(settings: Settings, *, port: int = 3000, host: str = "127.0.0.1", only: str = "") -> None:
    """Show the home in Dagster until Ctrl-C: its page, and its daemon for backfills and sensors.

    Both start at once, or one of them where they are processes of two containers.  `dagster dev` starts a third process
    and waits for it before the page, which takes twice as long.

    Raises
    ------
    MissingInput
        If there is no such folder to hold the home.
    HomeLocked
        If one of the two ends by itself; its output has the reason.
    """
    home = settings.home.absolute()
    if not home.parent.is_dir():
        raise MissingInput("there is no such folder", where=str(home.parent), hint="set HM_HOME to a place that can be written")
    os.environ["HM_HOME"] = str(home)  # runs of the daemon start in folders of their own
    os.environ["HM_AUTOMATE"] = str(settings.automate).lower()
    os.environ["DAGSTER_HOME"] = str(write_dagster_yaml(settings))
    os.environ.setdefault("PYTHONWARNINGS", "ignore")  # Dagster's remarks on its own beta parameters, hundreds of lines
    create_storage(settings.model_copy(update={"home": home}))
    running = {part: _start(part, port, host) for part in PARTS[only]}
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # `kill` ends all, as Ctrl-C does
    try:
        _watch(running, home, port, host)
    except KeyboardInterrupt:
        return
    finally:
        for process in running.values():
            process.terminate()  # all at once, before one is waited for
        for process in running.values():
            _end(process)
    first = PARTS[only][0]
    raise HomeLocked(
        f"Dagster's {first} ended with code {running[first].returncode}",
        where=f"port {port}" if first == WEBSERVER else str(home),
        hint="see its output above; if the port is in use, set --port",
    )


def _watch(running: "dict[str, subprocess.Popen[bytes]]", home: Path, port: int, host: str) -> None:
    """Wait until the first process ends, and have all of them load new weeks."""
    first, known = next(iter(running)), _weeks(home)
    while not _has_ended(running[first]):
        if (now := _weeks(home)) == known:
            continue
        if WEBSERVER in running and not _reload(f"http://{f'[{host}]' if ':' in host else host}:{port}/graphql"):
            continue  # a page that does not answer yet is asked again
        known = now
        for part in {DAEMON, INGESTS} & set(running):
            _end(running[part])
            running[part] = _start(part, port, host)


def _start(part: str, port: int, host: str) -> "subprocess.Popen[bytes]":
    """Start a process; the others yield to the page, and what the daemon launches inherits that, so that the page stays quick."""
    commands = {
        WEBSERVER: [sys.executable, "-m", "dagster_webserver", *CODE, "--port", str(port), "--host", host],
        DAEMON: ["nice", "-n", "5", sys.executable, "-m", "dagster._daemon", "run", *CODE],
        INGESTS: ["nice", "-n", "10", sys.executable, "-m", "hm_pipeline.orchestration.ingest_events"],
    }
    return subprocess.Popen(commands[part])  # noqa: S603 - ours


def _news() -> "subprocess.Popen[bytes]":
    """Report to Dagster what was ingested without it."""
    return subprocess.Popen(["nice", "-n", "10", sys.executable, "-m", "hm_pipeline.orchestration.ingest_events"])  # noqa: S607 - ours


def _has_ended(page: "subprocess.Popen[bytes]") -> bool:
    try:
        page.wait(LOOK)
    except subprocess.TimeoutExpired:
        return False
    return True


def _weeks(home: Path) -> str:
    """Return what an ingest changes when weeks come or go."""
    calendar = home / "calendar.json"
    return calendar.read_text() if calendar.exists() else ""


def _reload(url: str) -> bool:
    """Have the page load the weeks anew, as its button does, and return whether it did; the daemon has no such button."""
    asked = json.dumps({"query": RELOAD, "variables": {"name": CODE[1]}}).encode()
    request = urllib.request.Request(url, asked, {"Content-Type": "application/json"})  # noqa: S310 - our own page
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE * 6) as answer:  # noqa: S310 - as above
            return bool(json.load(answer).get("data"))
    except (OSError, ValueError):
        return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
