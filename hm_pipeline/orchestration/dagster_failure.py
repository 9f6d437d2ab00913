"""Failure of a step of a Dagster run: the one line with what, where and the hint comes first on its page."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import dagster as dg

from hm_pipeline.base.errors import DiskError, HMError, HomeLocked, Unforeseen, WorkerLost
from hm_pipeline.engine.unexpected import foreseen

Result = TypeVar("Result")
MAY_PASS = (DiskError, HomeLocked, WorkerLost, Unforeseen)  # the data or the request is at fault in all others


def as_dagster_failure(work: Callable[[], Result], *, home: Path, step: str, week: str = "", may_retry: bool = False) -> Result:
    """Return what ``work`` returns; whatever it raises is a failure in one line, of which Dagster gets no chain that holds itself.

    Parameters
    ----------
    home, step, week
        As for :func:`~hm_pipeline.engine.unexpected.foreseen`.
    may_retry
        Whether the step's retry policy counts for what may pass; a fault of the data is never tried again.
    """
    try:
        return foreseen(work, home=home, step=step, week=week)
    except HMError as error:
        failure = failure_of(error, may_retry=may_retry)
    raise failure


def failure_of(error: HMError, *, may_retry: bool = False) -> dg.Failure:
    """Return an error of ours as a failure, which is tried again where that was asked for and it may pass."""
    failure = dg.Failure(str(error), allow_retries=may_retry and isinstance(error, MAY_PASS))
    failure.__cause__ = error
    return failure
