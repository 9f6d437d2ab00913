"""Losses of one week in sums that add up over weeks: means, areas under the curve, and how reliable probabilities are.

Every measure is a sum over a sum; both are kept for each unit, so that weeks can be pooled and units drawn anew.
"""

from collections.abc import Sequence

import dataframely as dy
import numpy as np
import polars as pl

LEAST_CHANCE = 1e-4  # probabilities are kept this far from 0 and 1: a baseline's 0 must not cost infinity
LEAST_SHARE = 1e-6
BINS = 100  # of predictions, of equal numbers of rows; ten of them make a decile
RELIABILITY = "reliability"


class SignalLoss(dy.Schema):
    """Sums of a measure; the measure is ``value / weight``."""

    week_id = dy.Int64(primary_key=True, description="week that was evaluated")
    signal = dy.String(primary_key=True, description="signal, or part of it")
    segment = dy.String(primary_key=True, description="part of the rows, all where there is one")
    measure = dy.String(primary_key=True, description="metric")
    method = dy.String(primary_key=True, description="signal, or a baseline")
    unit = dy.Int64(primary_key=True, description="group of customers or articles, type, or bin of predictions")
    row_count = dy.Int64(nullable=False, min=0, description="rows of the unit")
    weight = dy.Float64(nullable=False, min=0, description="what the measure is divided by: rows, outcomes, or what was predicted")
    value = dy.Float64(nullable=False, description="the measure times its weight, or the outcome")


def mean_loss(rows: pl.DataFrame, losses: dict[str, pl.Expr], *, measure: str, weight: pl.Expr | None = None) -> pl.DataFrame:
    """Return the sums of losses, by unit, of each method."""
    by = ["segment", "unit"]
    weights = pl.lit(1.0) if weight is None else weight
    frames = []
    for method, loss in losses.items():
        each = rows.select(*by, loss.cast(pl.Float64).alias("value"), weights.alias("weight"))
        summed = (
            each.sort(by).group_by(by, maintain_order=True).agg(pl.len().cast(pl.Int64).alias("row_count"), pl.col("weight", "value").sum())
        )
        frames.append(summed.with_columns(pl.lit(measure).alias("measure"), pl.lit(method).alias("method")))
    return pl.concat(frames)


def log_loss(method: str) -> pl.Expr:
    """Return what a probability costs, in nats."""
    predicted = pl.col(method).cast(pl.Float64).clip(LEAST_CHANCE, 1 - LEAST_CHANCE)
    return -(pl.col("outcome") * predicted.log() + (1 - pl.col("outcome")) * (1 - predicted).log())


def share_log_loss(method: str) -> pl.Expr:
    """Return what a forecast of shares costs above what the shares themselves would, in nats, type by type.

    Shares are brought to a sum of one.  The two last terms add up to nothing; they make each type's part a cost of its
    own that is 0 where the forecast is right, so that types can be drawn anew.
    """
    predicted = pl.col(method).cast(pl.Float64).clip(LEAST_SHARE)
    share, outcome = predicted / predicted.sum(), pl.col("outcome")
    return outcome * (outcome.clip(1e-12) / share).log() - outcome + share


def area(rows: pl.DataFrame, methods: Sequence[str], *, measure: str = "AUC") -> pl.DataFrame:
    """Return the area under the ROC curve of each method, as sums by unit whose spread is that of the area.

    Each row counts as the area plus its influence on it (DeLong, DeLong and Clarke-Pearson 1988), so that drawing units
    anew gives the interval of the area without working it out again.

    Parameters
    ----------
    rows
        ``outcome``, positive where above 0, ``unit``, ``segment`` (a single one) and a column of scores for each method.
    """
    positive = rows["outcome"].to_numpy() > 0
    count, hits = len(positive), int(positive.sum())
    if not 0 < hits < count:
        return pl.DataFrame()
    frames = []
    for method in methods:
        ranks = rows[method].rank("average").to_numpy()
        within = np.empty(count)
        for chosen in (positive, ~positive):
            within[chosen] = pl.Series(ranks[chosen]).rank("average").to_numpy()
        others = np.where(positive, count - hits, hits)
        below = (ranks - within) / others  # share of the other class that is ranked below
        placed = np.where(positive, below, 1 - below)
        auc = placed[positive].mean()
        influence = (placed - auc) * count / np.where(positive, hits, count - hits)
        each = rows.select("segment", "unit", pl.Series("value", auc + influence))
        summed = each.group_by("segment", "unit").agg(pl.len().cast(pl.Int64).alias("row_count"), pl.col("value").sort().sum()).sort("unit")
        frames.append(
            summed.with_columns(
                pl.col("row_count").cast(pl.Float64).alias("weight"), pl.lit(measure).alias("measure"), pl.lit(method).alias("method")
            )
        )
    return pl.concat(frames)


def reliability(rows: pl.DataFrame, column: str, outcome: pl.Expr) -> pl.DataFrame:
    """Return the sums of predictions (``weight``) and outcomes (``value``) in bins of increasing prediction.

    Parameters
    ----------
    rows
        Rows in the order of a key: ties of a prediction are cut by it.
    """
    place = ((pl.col(column).rank("ordinal") - 1) * BINS // pl.len()).cast(pl.Int64).alias("unit")
    binned = rows.select(place, pl.col(column).cast(pl.Float64).alias("weight"), outcome.cast(pl.Float64).alias("value"))
    summed = binned.sort("unit", "weight").group_by("unit", maintain_order=True)
    return summed.agg(pl.len().cast(pl.Int64).alias("row_count"), pl.col("weight", "value").sum()).with_columns(
        pl.lit("all").alias("segment"), pl.lit(RELIABILITY).alias("measure"), pl.lit("signal").alias("method")
    )
