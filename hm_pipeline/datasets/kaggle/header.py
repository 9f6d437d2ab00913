"""Header of a raw file: the names of its columns; ambiguous ones are an error.

Independent of the rows below it.
"""

from collections.abc import Sequence
from pathlib import Path

from hm_pipeline.base.contracts import RawTable
from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.datasets.kaggle.csv_records import first_line


def read_header(path: Path, table: RawTable) -> list[str]:
    """Return the names of a file's columns, in its order.

    Raises
    ------
    MissingInput
        If a required column is not among them.
    InvalidInput
        If the file is empty, damaged, or names a column twice.
    """
    first = first_line(path)
    if first.fault:
        raise InvalidInput(first.fault, where=f"{path.name}, line 1", hint="close or remove the quote")
    names = first.fields
    if not names:
        raise InvalidInput("the file is empty", where=path.name, hint=f"its first line must name the columns {', '.join(table.required)}")
    for name in table.required:
        if name not in names:
            raise MissingInput(
                f"column {name!r} is missing", where=path.name, hint=f"separate by commas; it needs {', '.join(table.required)}"
            )
    _refuse_doubles(names, path, (*table.required, *table.optional))
    return names


def _refuse_doubles(names: Sequence[str], path: Path, known: Sequence[str]) -> None:
    """Refuse a column that is named twice, or that is one of ours but for capitals and spaces: which one counts is anyone's guess."""
    for name in names:
        if names.count(name) > 1:
            raise InvalidInput(f"column {name!r} occurs twice", where=path.name, hint="keep one of them")
        like = name.strip().lower()
        other = next((other for other in known if other.lower() == like and other != name and other in names), None)
        if other:
            raise InvalidInput(f"columns {other!r} and {name!r} contradict each other", where=path.name, hint="keep one of them")
