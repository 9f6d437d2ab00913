"""Rejected rows: file, line, reason and text of each.  They are kept in a file, never lost."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import polars as pl

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.base.files import atomic_write
from hm_pipeline.datasets.kaggle.csv_records import records_at

FILE = "rejected.parquet"
MOST = 1_000  # rows of a file that is refused; who mends those finds the others by himself
COLUMNS = {"file": pl.String, "line": pl.Int64, "column": pl.String, "reason": pl.String, "row": pl.String}


class BadRows(InvalidInput):
    """Some rows of a file cannot be read as what they should be.

    Parameters
    ----------
    rejects
        The rows, in the columns of :data:`COLUMNS`.
    """

    def __init__(self, what: str, *, where: str, hint: str, rejects: pl.DataFrame) -> None:
        super().__init__(what, where=where, hint=hint)
        self.rejects = rejects

    def save(self, home: Path) -> None:
        """Keep the rows in a home, whose tables stay as they were."""
        atomic_write(home / FILE, self.rejects.write_parquet)


def rejects_of(rows: Iterable[Sequence[object]]) -> pl.DataFrame:
    """Return rows of file, line, column, reason and text as a table."""
    return pl.DataFrame(list(rows), schema=COLUMNS, orient="row")


def refuse_rows(path: Path, column: str, rows: Sequence[int], *, what: str, hint: str, value: object = None) -> BadRows:
    """Return the error of rows of a file that share one fault; rows are counted from 0, the first one's value is shown."""
    found = records_at(path, rows[:MOST])
    reason = f"{column} {what}".strip()
    rejects = rejects_of((path.name, line, column, reason, text) for line, text in found)
    return bad_rows(rejects, value=value, hint=hint, count=len(rows))


def bad_rows(rejects: pl.DataFrame, *, value: object, hint: str, count: int | None = None) -> BadRows:
    """Return the error that names the first of the rejected rows and the file of the others.

    Parameters
    ----------
    value
        What stands in the column of the first row.
    count
        Rows at fault; unknown where reading stopped.
    """
    first = rejects.row(0, named=True)
    shown = "an empty value" if value in (None, "") else repr(value)
    what = first["reason"].replace(first["column"], f"{first['column']} {shown}", 1) if first["column"] else first["reason"]
    where = f"{first['file']}, " + (f"column {first['column']}, " if first["column"] else "") + f"line {first['line']}"
    others = f"{count or rejects.height:,}" + ("" if count else " or more" if rejects.height >= MOST else "")
    listed = "such row is" if others == "1" else "such rows are"
    return BadRows(what, where=where, hint=f"{hint}; {others} {listed} listed in {FILE} of the home", rejects=rejects)
