"""Failure of a step of a Dagster run: the one line with what, where and the hint comes first on its page."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import dagster as dg

from hm_pipeline.base.errors import HMError
from hm_pipeline.engine.unexpected import foreseen

Result = TypeVar("Result")


def as_dagster_failure(work: Callable[[], Result], *, home: Path, step: str, week: str = "") -> Result:
    """Return what ``work`` returns; whatever it raises is a failure in one line, of which Dagster gets no chain that holds itself.

    Parameters
    ----------
    home, step, week
        As for :func:`~hm_pipeline.engine.unexpected.foreseen`.
    """
    try:
        return foreseen(work, home=home, step=step, week=week)
    except HMError as error:
        failure = failure_of(error)
    raise failure


def failure_of(error: HMError) -> dg.Failure:
    """Return an error of ours as a failure that is not tried again."""
    failure = dg.Failure(str(error), allow_retries=False)
    failure.__cause__ = error
    return failure
