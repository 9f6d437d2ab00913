"""Content of the raw folder, identified by hashes: dates can be set to anything, and a file that was put back is not an old one."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.datasets.layout import KaggleLayout, Layout
from hm_pipeline.engine.step import short_hash

State = tuple[int, int, int, int]  # size, times of change of content and of the entry, and the entry itself


@dataclass(frozen=True)
class Delivery:
    """The raw files as they were at a look, and how many different ones were asked to be read so far.

    Parameters
    ----------
    files
        By path: its state, by which it is known to be unchanged, and a digest of its bytes.
    content
        Digest of all tables.
    number
        Deliveries so far: one that was there before is a new one if another lay between.
    """

    files: Mapping[str, tuple[State, str]] = field(default_factory=dict)
    content: str = ""
    number: int = 0

    @classmethod
    def read(cls, cursor: str | None, run_key: str | None = None) -> Self:
        """Read a cursor; one of another version, or one that was taken away, counts on from the last request."""
        last = (run_key or "").rpartition("-")[2]
        asked = int(last) if last.isdecimal() else 0
        try:
            state = json.loads(cursor or "{}")
            files = {str(path): ((int(size), int(written), int(changed), int(entry)), str(digest))
                     for path, ((size, written, changed, entry), digest) in state["files"].items()}  # fmt: skip
            return cls(files, str(state["content"]), max(int(state["number"]), asked))
        except (ValueError, TypeError, KeyError, AttributeError):
            return cls(number=asked)

    @property
    def cursor(self) -> str:
        """Cursor that :meth:`read` reads."""
        return json.dumps({"files": dict(self.files), "content": self.content, "number": self.number})

    @property
    def run_key(self) -> str:
        """Name of the run that ingests it; the same for a look that is repeated."""
        return f"{self.content}-{self.number}"

    def now(self, raw: Path, layout: Layout | None = None) -> "Delivery":
        """Look again: of the files of the layout, Kaggle's where not given, only those whose state has changed are read.

        Raises
        ------
        HMError
            If the files are not complete: one is missing, or is being written.
        """
        paths = (layout or KaggleLayout()).chosen(raw)
        files = {str(path): self._seen(path) for path in dict.fromkeys(paths.values())}
        content = short_hash(*(f"{table} {files[str(path)][1]}" for table, path in sorted(paths.items())))
        return Delivery(files, content, self.number + (content != self.content))

    def _seen(self, path: Path) -> tuple[State, str]:
        try:
            state = _state(path)
            known = self.files.get(str(path))
            if known and known[0] == state:
                return known
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "blake2b").hexdigest()[:32]
            is_still = _state(path) == state
        except FileNotFoundError:
            is_still = False
        if not is_still:
            raise MissingInput("is being written", where=str(path), hint="it is read once it is complete")
        return state, digest


def _state(path: Path) -> State:
    """Return what changes with a file; the time of its entry's change cannot be set by who copies it."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
