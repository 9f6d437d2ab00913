"""Age and decayed weight of past events, in integers: the same for strategies and signals."""

from datetime import date

import polars as pl

SCALE = 2**16  # weights are integers in this unit, so that no order of summation changes their sum
UNIT = 2**10  # decayed counts and likenesses of the history are integers in this unit


def days_before(cutoff: date, day: str = "t_dat") -> pl.Expr:
    """Return how many days before the cutoff something happened; the day before it is 1."""
    return (pl.lit(cutoff) - pl.col(day)).dt.total_days()


def decay(days: pl.Expr, *, half_life_days: float) -> pl.Expr:
    """Return a weight that halves in so many days, as an integer in units of 2**-16."""
    return (SCALE * pl.lit(0.5).pow(days / half_life_days)).round().cast(pl.Int64)
