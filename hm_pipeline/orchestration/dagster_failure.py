"""Failure of a step of a Dagster run: the one line with what, where and the hint comes first on its page."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import dagster as dg

from hm_pipeline.base.errors import DiskError, HMError, HomeLocked, Unforeseen, WorkerLost
from hm_pipeline.engine.unexpected import foreseen

Result = TypeVar("Result")
RETRIES, SECONDS = 2, 60.0  # tries after the first, and the wait before the second, which doubles
MAY_PASS = (DiskError, HomeLocked, WorkerLost, Unforeseen)  # the data or the request is at fault in all others


def as_dagster_failure(work: Callable[[], Result], *, home: Path, step: str, week: str = "", attempt: int | None = None) -> Result:
    """Return what ``work`` returns; whatever it raises is a failure in one line, of which Dagster gets no chain that holds itself.

    Parameters
    ----------
    home, step, week
        As for :func:`~hm_pipeline.engine.unexpected.foreseen`.
    attempt
        How often it was tried already, where what may pass is tried again; a fault of the data never is.
    """
    try:
        return foreseen(work, home=home, step=step, week=week)
    except HMError as error:
        failure = failure_of(error)
        if attempt is not None and isinstance(error, MAY_PASS):  # a retry policy would try again after Ctrl-C, too
            raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=SECONDS * 2**attempt) from failure
    raise failure


def failure_of(error: HMError) -> dg.Failure:
    """Return an error of ours as a failure that is not tried again."""
    failure = dg.Failure(str(error), allow_retries=False)
    failure.__cause__ = error
    return failure
