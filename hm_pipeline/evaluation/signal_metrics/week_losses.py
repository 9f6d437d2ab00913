"""Losses of one week: every signal, every baseline, every measure."""

import polars as pl

from hm_pipeline.base.expressions import week_column
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.step import WeekContext
from hm_pipeline.evaluation.signal_metrics.losses import SignalLoss, area, log_loss, mean_loss, reliability, share_log_loss
from hm_pipeline.evaluation.signal_metrics.questions import needs, offers, seasons
from hm_pipeline.recommender.labels import purchased_pairs

NEED_BASELINES = ("base_rate", "own_share", "last_week_by_age")
SEASON_BASELINES = ("last_week", "mean_of_4_weeks", "a_year_ago")
OFFER_BASELINES = ("last_week", "mean_of_4_weeks", "zero")


def evaluate(inputs: Inputs, week: WeekContext) -> pl.DataFrame:
    """Return :class:`SignalLoss` of a week; empty where nobody bought, or the week lies ahead."""
    if purchased_pairs(inputs, week_id=week.week_id).head(1).collect().is_empty():
        return SignalLoss.create_empty()
    sold = offers(inputs, week.week_id)
    parts = {
        "need": _need(needs(inputs, week.week_id)),
        "season": _season(seasons(inputs, week.week_id)),
        "availability": _availability(sold),
        "units": _units(sold),
    }
    losses = [
        part.select(week_column(week.week_id), pl.lit(name).alias("signal"), pl.all())
        for name, frames in parts.items()
        for part in frames
        if not part.is_empty()
    ]
    return pl.concat(losses, how="diagonal").select(SignalLoss.column_names())


def _need(rows: pl.DataFrame) -> list[pl.DataFrame]:
    everything = rows.with_columns(pl.lit("all").alias("segment"))
    methods = ("signal", *NEED_BASELINES)
    losses = mean_loss(everything, {method: log_loss(method) for method in methods}, measure="log loss")
    return [losses, area(everything, methods), reliability(everything, "signal", pl.col("outcome"))]


def _season(rows: pl.DataFrame) -> list[pl.DataFrame]:
    everything = rows.with_columns(pl.lit("all").alias("segment"))
    methods, weight = ("signal", *SEASON_BASELINES), pl.col("outcome")
    wape = mean_loss(everything, {method: (pl.col(method) - pl.col("outcome")).abs() for method in methods}, measure="WAPE", weight=weight)
    losses = mean_loss(everything, {method: share_log_loss(method) for method in methods}, measure="log loss", weight=weight)
    return [wape, losses]


def _availability(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the losses of the probability that any is sold, against the baselines' units as scores."""
    predicted = rows.with_columns(pl.col("probability").alias("signal"))
    methods = ("signal", *OFFER_BASELINES)
    everything = predicted.with_columns(pl.lit("all").alias("segment"))
    phases = [area(part, methods) for part in predicted.sort("segment", "article_id").partition_by("segment", maintain_order=True)]
    return [area(everything, methods), *phases, reliability(_seen(rows), "probability", pl.col("outcome") > 0)]


def _seen(rows: pl.DataFrame) -> pl.DataFrame:
    """Leave out what is long gone: two thirds of the rows, and next to none of the sales."""
    return rows.filter(pl.col("segment") != "gone")


def _units(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Return the losses of units sold: the median's absolute error, and the reliability of the mean."""
    losses = {method: (pl.col(method) - pl.col("outcome")).abs() for method in ("signal", *OFFER_BASELINES)}
    everything = rows.with_columns(pl.lit("all").alias("segment"))
    return [
        mean_loss(everything, losses, measure="MAE"),
        mean_loss(rows, losses, measure="MAE"),
        reliability(_seen(rows), "expected", pl.col("outcome")),
    ]
