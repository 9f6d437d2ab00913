"""Faults of a shop's files: all kinds at once, each with its place, value and number of rows."""

from collections.abc import Sequence
from dataclasses import dataclass

from hm_pipeline.base.errors import InvalidInput

QUERY = "query of "  # begins the name of what is no file, and has rows in place of lines


@dataclass(frozen=True)
class Fault:
    """One kind of fault of a file.

    Parameters
    ----------
    line
        Line of the first row at fault, 1 is the header; 0 where the fault is of no row.
    value
        What stands there.
    count
        Rows with the fault.
    """

    file: str
    what: str
    hint: str
    column: str = ""
    line: int = 0
    value: str = ""
    count: int = 1

    def __str__(self) -> str:
        unit = "row" if self.file.startswith(QUERY) else "line"
        place = ", ".join(
            part for part in (self.file, f"{unit} {self.line}" if self.line else "", self.column and f"column {self.column}") if part
        )
        rows = f", and {self.count - 1:,} more row{'s' if self.count > 2 else ''}" if self.count > 1 else ""
        shown = f"{self.value!r} " if self.value or (self.line and self.column) else ""
        return f"{place}: {shown}{self.what}{rows}: {self.hint}"


class FaultyFiles(InvalidInput):
    """Faults of a shop's files.

    Parameters
    ----------
    faults
        The faults, at least one.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        more = f", and {len(faults) - 1} more kinds of faults" if len(faults) > 1 else ""
        super().__init__(f"{faults[0]}{more}", where="files of the shop", hint="mend the files, or the schema")
        self.faults = tuple(faults)

    @property
    def lines(self) -> tuple[str, ...]:
        """Lines to print, one for each kind of fault."""
        return tuple(map(str, self.faults))

    def __reduce__(self) -> tuple[object, ...]:
        """Travel between processes with its faults."""
        return type(self), (self.faults,)
