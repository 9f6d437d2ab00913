"""`hm ui`: Dagster's webserver and daemon over a home."""

import os
import signal
import subprocess
import sys

from hm_pipeline.errors import HomeBusy, MissingInput
from hm_pipeline.instance import prepare
from hm_pipeline.settings import Settings

PATIENCE = 10  # seconds that a server has to end by itself
CODE = ("-m", "hm_pipeline.definitions")


def open_ui(settings: Settings, *, port: int = 3000, host: str = "127.0.0.1") -> None:
    """Show the home in Dagster until Ctrl-C: its page, and its daemon for backfills, schedules and sensors.

    Both start at once.  `dagster dev` starts a third process and waits for it before the page, which takes twice as long.

    Raises
    ------
    MissingInput
        If there is no such folder to hold the home.
    HomeBusy
        If one of the two ends by itself; what it printed says why.
    """
    home = settings.home.absolute()
    if not home.parent.is_dir():
        raise MissingInput("there is no such folder", where=str(home.parent), remedy="set HM_HOME to a place that can be written")
    os.environ["HM_HOME"] = str(home)  # runs of the daemon start in folders of their own
    os.environ["DAGSTER_HOME"] = str(prepare(settings))
    os.environ.setdefault("PYTHONWARNINGS", "ignore")  # Dagster's remarks on its own beta parameters, hundreds of lines
    page = subprocess.Popen([sys.executable, "-m", "dagster_webserver", *CODE, "--port", str(port), "--host", host])  # noqa: S603 - ours
    # The daemon yields to the page while both start; what it launches inherits that, and the page stays quick.
    daemon = subprocess.Popen(["nice", "-n", "5", sys.executable, "-m", "dagster._daemon", "run", *CODE])  # noqa: S603, S607 - as above
    news = subprocess.Popen(["nice", "-n", "10", sys.executable, "-m", "hm_pipeline.told"])  # noqa: S607 - as above
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # `kill` ends all three, as Ctrl-C does
    try:
        page.wait()
    except KeyboardInterrupt:
        return
    finally:
        for process in (page, daemon, news):
            process.terminate()
        for process in (page, daemon, news):
            _end(process)
    raise HomeBusy(
        f"Dagster's page ended with code {page.returncode}", where=f"port {port}", remedy="read above why; is the port taken? try --port"
    )


def _end(process: "subprocess.Popen[bytes]") -> None:
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
