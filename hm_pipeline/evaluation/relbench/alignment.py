"""Protocol of baselines, and the check that predictions give one finite value for each labelled key."""

from collections.abc import Sequence
from typing import Protocol

import polars as pl

from hm_pipeline.base.errors import MissingInput, SchemaViolation


class Baseline(Protocol):
    """Predict for a week from the transactions before it; those of the week itself and later are not looked at."""

    def __call__(self, transactions: pl.LazyFrame, catalogue: pl.LazyFrame, /, *, week_id: int) -> pl.LazyFrame:
        """Return what ``score`` of the task takes; the catalogue is its customers, or its articles."""


def aligned(predictions: pl.DataFrame, labels: pl.DataFrame, *, keys: Sequence[str], where: str) -> pl.DataFrame:
    """Return the labels with their predictions, sorted by key, so that sums come out the same each time.

    Parameters
    ----------
    predictions
        Keys and ``prediction``; rows of keys without a label are left out.
    labels
        Keys and a target.
    where
        The task, for the message.

    Raises
    ------
    MissingInput
        If there are no labels.
    SchemaViolation
        If a key has no finite prediction, or more than one.
    """
    require_labels(labels, where=where)
    predicted = predictions.select(*keys, pl.col("prediction").cast(pl.Float64)).join(labels.select(keys), on=keys, how="semi")
    require_once(predicted, keys=keys, where=where, what="prediction")
    both = labels.join(predicted, on=keys, how="left").sort(keys)
    # a null, a NaN and an infinity are all no answer
    lacking = both.filter(~pl.col("prediction").is_finite().fill_null(value=False))
    if lacking.height:
        raise SchemaViolation(
            f"{lacking.height} of {both.height} have no finite prediction, first {_named(lacking, keys)}",
            where=where,
            hint="predict for every row of the task's population",
        )
    return both


def require_labels(labels: pl.DataFrame, *, where: str) -> None:
    """Raise MissingInput if there are no labels."""
    if labels.is_empty():
        raise MissingInput(
            "no labels to evaluate against", where=where, hint="choose a week that has purchases, with the customers and articles of them"
        )


def require_once(rows: pl.DataFrame, *, keys: Sequence[str], where: str, what: str) -> None:
    """Raise SchemaViolation if a key has more than one row."""
    twice = rows.group_by(keys).len().filter(pl.col("len") > 1).sort(keys)
    if twice.height:
        named = _named(twice, keys)
        raise SchemaViolation(
            f"{twice.height} have more than one {what}, first {named}", where=where, hint=f"give one {what} a row, by {', '.join(keys)}"
        )


def _named(rows: pl.DataFrame, keys: Sequence[str]) -> str:
    return ", ".join(f"{key} {value}" for key, value in zip(keys, rows.select(keys).row(0), strict=True))
