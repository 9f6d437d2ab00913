"""Layout of raw files: what turns a folder or a zip into the three files that are ingested, Kaggle's being the built-in one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from hm_pipeline.base.calendar import REFERENCE_EPOCH
from hm_pipeline.datasets.kaggle.raw_files import choose, chosen, locate


@dataclass(frozen=True)
class Prepared:
    """Files that are ready to be ingested.

    Parameters
    ----------
    files
        Path of each file in Kaggle's layout, by its name there.
    kept
        Names of files beside them that the home keeps.
    remarks
        Lines for the report of the ingest.
    """

    files: dict[str, Path]
    kept: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


class Layout(Protocol):
    """How the files of a shop are found and read; ``epoch`` is the first day of week 0 of a new home."""

    @property
    def epoch(self) -> date:
        """First day of week 0 of a new home."""

    @property
    def has_files(self) -> bool:
        """Whether anything is read from files."""

    def choose(self, names: Sequence[str], shown: str) -> Sequence[str]:
        """Return the names of the files that are read, among all names; ``shown`` is where they lie."""

    def chosen(self, raw: Path) -> dict[str, Path]:
        """Return the files that would be read, by a name for each; nothing is unpacked."""

    def prepare(self, raw: Path, scratch: Path, *, connection: Any, home: Path, epoch: date, replace_types: bool = False) -> Prepared:
        """Return the files to ingest; ``scratch`` takes what is unpacked or written, and the files that the home keeps."""


class KaggleLayout:
    """Kaggle's own files, read as they are."""

    epoch = REFERENCE_EPOCH
    has_files = True

    def choose(self, names: Sequence[str], shown: str) -> Sequence[str]:
        """Return the names of the three files."""
        return list(choose(names, shown).values())

    def chosen(self, raw: Path) -> dict[str, Path]:
        """Return the three files."""
        return chosen(raw)

    def prepare(
        self,
        raw: Path,
        scratch: Path,
        *,
        connection: Any,  # noqa: ARG002 - read as they are
        home: Path,  # noqa: ARG002 - as above
        epoch: date,  # noqa: ARG002 - as above
        replace_types: bool = False,  # noqa: ARG002 - as above
    ) -> Prepared:
        """Return the three files, unpacked where they are in a zip."""
        return Prepared(locate(raw, scratch / "raw"))
