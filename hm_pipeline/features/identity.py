"""Check that a 64-digit id is a customer's: the tables are keyed by its last 16 digits, which another id may end with too."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import polars as pl

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.base.ids import signed
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest

WORDS = 3  # of 64 bits, which the first 48 digits are


def refuse_others(home: Path, given: Sequence[object], *, unknown: bool = False) -> None:
    """Raise where a 64-digit id ends like a customer's and is not that customer's.

    Parameters
    ----------
    given
        Ids; those that are no 64 digits are not looked at.
    unknown
        Whether an id that ends like nobody's is refused, too.

    Raises
    ------
    MissingInput
        If one is nobody's, or the home has no customers to check ids against.
    """
    ids_given = {text: number for text in given if isinstance(text, str) and (number := signed(text)) is not None}
    if not ids_given:
        return
    ids, heads = _stored(home)
    asked = np.array(list(ids_given.values()))
    places = np.minimum(np.searchsorted(ids, asked), len(ids) - 1)
    is_stored = ids[places] == asked
    is_other = is_stored & (heads[places] != _words(pl.Series(list(ids_given)))).any(axis=1)
    is_other |= ~is_stored & unknown
    if is_other.any():
        text = list(ids_given)[int(is_other.argmax())]
        raise MissingInput(f"there is no customer {text!r}", where="customers", hint="give the 64-digit id of customers.csv")


def are_customers(home: Path, numbers: pl.Series) -> pl.Series:
    """Return whether integers are customers of the tables, null where there is none."""
    ids, _ = _stored(home)
    asked = numbers.fill_null(0).to_numpy()
    is_stored = pl.Series(ids[np.minimum(np.searchsorted(ids, asked), len(ids) - 1)] == asked)
    return is_stored.set(numbers.is_null(), None)


def _stored(home: Path) -> tuple["np.ndarray", "np.ndarray"]:
    folder = Home(home).folder("customers")
    manifest = Manifest.load(folder)
    if manifest is None:
        raise MissingInput("has no customers to check ids against", where=str(home), hint="run `hm ingest FOLDER` first")
    return _known(folder, tuple((entry.file, entry.content) for entry in manifest.files))


@lru_cache(maxsize=2)
def _known(folder: Path, files: tuple[tuple[str, str], ...]) -> tuple["np.ndarray", "np.ndarray"]:
    """Return the customers' numbers, sorted, and what comes before them in their ids; 32 bytes each."""
    stored = pl.read_parquet(
        [folder / name for name, _ in files], columns=["customer_id", "customer_hex"], glob=False, hive_partitioning=False
    )
    stored = stored.sort("customer_id")
    return stored["customer_id"].to_numpy(), _words(stored["customer_hex"])


def _words(ids: pl.Series) -> "np.ndarray":
    heads = ids.str.strip_chars().str.to_lowercase().str.head(48).str.decode("hex")
    return np.frombuffer(b"".join(heads.to_list()), ">u8").reshape(-1, WORDS)
