"""Metrics of the reference data that a simulated shop is compared with, and their source.

P is a panel of 1,000 customers over two years, W every purchase of the week of 2020-09-16, K Kaggle's counts and the
scores that public solutions reported.  The metrics are in reference.csv.
"""

import csv
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple


class Fact(NamedTuple):
    """A metric of the reference data.

    ``within`` is how far a simulated shop may be off, as a share of the value; none where it is shown for information.
    ``full`` metrics depend on the number of customers and are evaluated at the reference data's size only.
    """

    key: str
    label: str
    real: float
    source: str
    within: float | None
    full: bool


def _read() -> tuple[Fact, ...]:
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        return tuple(_fact(**row) for row in csv.DictReader(file))


def _fact(*, real: str, within: str, full: str, **words: str) -> Fact:
    """Return a metric; numbers are decimals, or ratios of two counts."""
    return Fact(real=float(Fraction(real)), within=float(Fraction(within)) if within else None, full=full == "yes", **words)


FACTS = _read()
FULL_CUSTOMERS = 1_371_980
