"""Unexpected errors of libraries and bodies: one line for the caller, the full traceback in a file.

Whatever calls a body calls it through ``foreseen``, so that what leaves is one of ours and nothing hangs on it: chains
of exceptions that hold themselves are printed for ever by those who walk them, and foreign classes may not pickle.
"""

import os
import pickle
import tempfile
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from hm_pipeline.base.errors import HMError, Unforeseen, disk_trouble
from hm_pipeline.base.files import atomic_write

FOLDER = "errors"
SHOWN = 300  # characters of a library's words; the file holds them all
Result = TypeVar("Result")


def foreseen(
    work: Callable[[], Result], *, home: Path, step: str, week: str = "", first: Callable[[], HMError | None] | None = None
) -> Result:
    """Return what ``work`` returns; whatever it raises leaves as one of ours.

    Parameters
    ----------
    home
        Folder that takes the traceback; where it cannot be written, the system's temporary folder.
    step, week
        What was under way.
    first
        Looks for a better explanation than the error's own, such as a corrupt file.

    Raises
    ------
    HMError
        What ``work`` raised, where it is the data's or the request's fault or the disk's; else :class:`Unforeseen`.
    """
    try:
        return work()
    except BaseException as error:
        if not is_error(error):
            raise
        translated = _better(first) or one_line_of(error, home=home, step=step, week=week)
    raise translated  # out of the handler, so that it drags no chain along


def _better(first: Callable[[], HMError | None] | None) -> HMError | None:
    try:
        return first() if first else None
    except Exception:  # noqa: BLE001 - who looks for a reason must not hide the error
        return None


def is_error(error: BaseException) -> bool:
    """Return whether it is an error: a body's ``sys.exit`` and a panic of Rust are, Ctrl-C and Dagster's stop are not."""
    return isinstance(error, Exception | SystemExit) or type(error).__name__ == "PanicException"


def one_line_of(error: BaseException, *, home: Path, step: str, week: str = "") -> HMError:
    """Return an error as one of ours that holds no chain."""
    if isinstance(error, HMError):
        return plain(error)
    return disk_trouble(error) or unforeseen(error, home=home, step=step, week=week)


def plain(error: HMError) -> HMError:
    """Return an error of ours as it is where it can be printed and can travel, else its words alone."""
    if _comes_back(error) or isinstance(error, Unforeseen):  # the file holds its chain
        error.__cause__ = error.__context__ = None
    try:
        travelled = pickle.loads(pickle.dumps(error))  # noqa: S301 - what was pickled a moment ago
    except Exception:  # noqa: BLE001 - classes of others fail as they like
        travelled = None
    return error if type(travelled) is type(error) else HMError(error.what, where=error.where, hint=error.hint)


def _comes_back(error: BaseException) -> bool:
    """Return whether more than one way leads to an error that this one was raised from; one of them may lead round."""
    seen, pending = {id(error)}, [error]
    while pending:
        one = pending.pop()
        members = getattr(one, "exceptions", ())  # of a group
        links = {id(link): link for link in (one.__cause__, one.__context__, *members) if isinstance(link, BaseException)}
        if seen & links.keys():
            return True
        seen |= links.keys()
        pending += links.values()
    return False


def unforeseen(error: BaseException, *, home: Path, step: str, week: str = "") -> Unforeseen:
    """Write the full traceback of an error to a file, and return one line that names the file."""
    words = _words(error)
    where = f"{step}, week {week}" if week else step
    file = _written(traceback.format_exception(error), home, f"{step}-{week}" if week else step)
    seen = f"the full traceback is in {file}" if file else "its traceback could not be written anywhere"
    return Unforeseen(words, where=where, hint=f"{seen}; what is finished stays, give the same command again once it is fixed")


def _words(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split())
    except Exception:  # noqa: BLE001 - an error whose own text cannot be had
        text = ""
    kind = type(error).__name__
    cut = f"{text[:SHOWN]} ..." if len(text) > SHOWN else text
    return f"{kind}: {cut}" if cut else kind


def _written(lines: list[str], home: Path, name: str) -> Path | None:
    """Write a traceback, and return its file; nothing where no folder takes it."""
    safe = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)
    file = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{os.getpid()}-{safe[:80]}.txt"
    text = "".join(lines).encode(errors="backslashreplace")
    folders = [home.absolute() / FOLDER] if home.is_dir() else []  # a home that is not there is not made for this
    for path in [*(folder / file for folder in folders), Path(tempfile.gettempdir()) / f"hm-{file}"]:
        try:
            atomic_write(path, lambda aside: aside.write_bytes(text))
        except OSError:
            continue
        return path
    return None
