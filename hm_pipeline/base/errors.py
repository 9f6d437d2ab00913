"""Errors that a user can meet: each is one line of what is wrong, where it is, and a hint on what to do.

Library errors are translated into these at the boundary that calls the library; nothing here imports one.
"""

from collections.abc import Iterator


class HMError(Exception):
    """Base of all errors that are the data's or the request's fault.

    Parameters
    ----------
    what
        What is wrong, in the user's words.
    where
        The file, table, column or week it was found in.
    hint
        What to do about it.

    Examples
    --------
    >>> print(HMError("no purchases", where="transactions", hint="ingest a folder that has some"))
    no purchases (transactions): ingest a folder that has some
    """

    def __init__(self, what: str, *, where: str, hint: str) -> None:
        self.what, self.where, self.hint = (_one_line(part) for part in (what, where, hint))
        super().__init__(f"{self.what} ({self.where}): {self.hint}")

    @property
    def lines(self) -> tuple[str, ...]:
        """Lines to print: the error itself, or each of the faults it stands for."""
        return (str(self),)

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the trip from a worker process, which pickles by positional arguments."""
        return _rebuild, (type(self), self.what, self.where, self.hint)


class MissingInput(HMError):
    """A table, column, partition or model that the work needs is not there."""


class InvalidInput(HMError):
    """The raw files hold something that cannot be read as what it should be."""


class SchemaViolation(HMError):
    """A table that crosses a boundary breaks its schema."""


class UnknownWeek(HMError):
    """A date that starts no week of the calendar, or a week without the data it needs."""


class LeakageError(HMError):
    """Something about week w asked for data of week w or later."""


class RowCountMismatch(HMError):
    """A join or a store returned another number of rows than it was asked for."""


class CheckFailed(HMError):
    """A blocking check found a fault that must not go on."""


class HomeLocked(HMError):
    """Another process is writing to the same home."""


class DiskError(HMError):
    """The home, or another place that is written to, takes no more."""


class Unforeseen(HMError):
    """An unexpected error; its full traceback is in a file."""


class WorkerLost(HMError):
    """A process that shared the shards ended in the middle of one."""


DISK = {
    "No space left on device": "free some space, then give the same command again: what is finished stays",
    "disk is full": "free some space, then give the same command again: what is finished stays",  # SQLite's words
    "disk I/O error": "see that the disk is sound, not full, and its limits allow more, then give the same command again",
    "Disk quota exceeded": "free some space, then give the same command again: what is finished stays",
    "File too large": "raise the limit on the size of files (ulimit -f), then give the same command again: what is finished stays",
    "Read-only file system": "give a home that can be written to, by HM_HOME",
    "Permission denied": "give a home that can be written to, by HM_HOME",
    "Not a directory": "give a folder, by HM_HOME or on the command line",
    "File exists": "give a folder, by HM_HOME or on the command line",
}


def disk_trouble(error: BaseException | None) -> DiskError | None:
    """Return what the operating system complained about, wherever a library wrapped it; nothing if it is no such complaint."""
    for one in linked(error):
        text = _text_of(one)
        complaint = next((known for known in DISK if known.lower() in text), None)
        if complaint and not isinstance(one, HMError):
            where = getattr(one, "filename", None) or "the disk"
            return DiskError(complaint[0].lower() + complaint[1:], where=str(where), hint=DISK[complaint])
    return None


def linked(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and all that it was raised from, each once: a chain may come back to itself."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__context__ if error.__cause__ is None else error.__cause__  # an error may be false, as a tuple may


def _text_of(error: BaseException) -> str:
    try:
        return str(error).lower()
    except Exception:  # noqa: BLE001 - a class of somebody else, whose text cannot be had
        return ""


def _one_line(text: str) -> str:
    return " ".join(str(text).split())


def _rebuild(kind: type[HMError], what: str, where: str, hint: str) -> HMError:
    return kind(what, where=where, hint=hint)
