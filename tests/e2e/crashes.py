"""Real processes of `hm`, killed at random moments or at an exact rename, and what tells two homes apart."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

# Kills itself instead of carrying out the n-th rename: the moments at which a home is half of one thing and half of another.
AT_RENAME = """
import atexit, os, signal, sys
first = left = int(sys.argv.pop(1))
atexit.register(lambda: sys.stderr.write(f"renames {first - left}"))
def deadly(real):
    def rename(*args, **kwargs):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*args, **kwargs)
    return rename
os.replace, os.rename = deadly(os.replace), deadly(os.rename)
from hm_pipeline.cli import app as cli
cli.main()
"""
HM = "from hm_pipeline.cli import app as cli; cli.main()"


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "HM_HOME": str(home), "HM_TRIALS": "2", "HM_CANDIDATES": "40", "HM_SHARDS": "2"}


def start(home: Path, *words: object, code: str = HM, **options: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, *map(str, words)]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(command, env=environment(home), start_new_session=True, **pipes, **options)


def hm(home: Path, *words: object, code: str = HM, **options: object) -> tuple[int, str]:
    """Run a command to its end, or to its death, and return its exit code and complaints."""
    process = start(home, *words, code=code, **options)
    _, said = process.communicate()
    return process.returncode, said


def kill_after(seconds: float, home: Path, *words: object) -> int:
    """Run a command, kill its whole group after so many seconds, and return its exit code."""
    process = start(home, *words)
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return process.returncode


def contents(home: Path) -> dict[str, str]:
    """Every file of tables and models, and the small files beside them, by its bytes."""
    found = [*home.glob("tables/**/*"), *home.glob("models/**/*"), *home.glob("*.json")]
    files = sorted(path for path in found if path.is_file())
    return {str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def finished(home: Path) -> dict[str, int]:
    """When each whole partition and model was written."""
    signed = [*home.glob("tables/**/manifest.json"), *home.glob("models/**/manifest.json")]
    return {str(path.relative_to(home)): path.stat().st_mtime_ns for path in signed}
