"""Home of the `feast` command: the one that HM_HOME names, otherwise one beside ``feature_repo``.

Feast itself would put the text ``${HM_HOME}`` where the variable is not set, and take relative paths from ``feature_repo``.
"""

import os
import sys
from pathlib import Path
from types import TracebackType

import hm_pipeline
from hm_pipeline.base.errors import HMError

REPOSITORY = Path(hm_pipeline.__file__).parents[1]
START = Path.cwd()  # `feast apply` changes into feature_repo before it opens its stores
NAMES = ("home", "home-demo")


def default_home() -> Path:
    """Return the absolute path of the home.

    HM_HOME may be relative to the folder that the process was started in.  Where it is not set, the home is ``home`` at the
    repository's top level, or ``home-demo`` where only that holds data.
    """
    if given := os.environ.get("HM_HOME"):
        return START / given
    homes = [REPOSITORY / name for name in NAMES]
    return next((home for home in homes if (home / "calendar.json").exists()), homes[0])


def print_errors_in_one_line() -> None:
    """Let the `feast` command print an error of ours as one line, and end with exit code 1; any other process is left alone."""
    if Path(sys.argv[0]).name == "feast" and sys.excepthook is not _print_error:
        sys.excepthook = _print_error


def _print_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if isinstance(error, HMError):
        sys.stderr.write("".join(f"{line}\n" for line in error.lines))
    else:
        sys.__excepthook__(kind, error, trace)
