"""Metrics of signals, pooled over weeks: every method's measure, and its difference to the signal with an interval."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.engine.home import Home
from hm_pipeline.evaluation.scoreboard.rows import DECIMALS, Row, rounded
from hm_pipeline.evaluation.signal_metrics.losses import BINS, RELIABILITY, SignalLoss
from hm_pipeline.recommender.metrics.bootstrap import Interval

DECILES = 10
HIGHER_IS_BETTER = ("AUC",)
SLOPES, LARGEST_GAP = (0.9, 1.1), 0.1  # bars of a reliable probability
SAMPLES = 1_000


class MethodRow(Row):
    """A method's measure; ``gain`` is by how much the signal is better, in the direction that is better."""

    signal: str
    segment: str
    measure: str
    method: str
    value: float
    gain: Interval | None


class ReliabilityRow(Row):
    """Ten parts of the rows, by increasing prediction: predictions and outcomes, and the slope of one on the other."""

    signal: str
    rows: int
    predicted: tuple[float, ...]
    came_true: tuple[float, ...]
    slope: float | None

    @property
    def gaps(self) -> list[float]:
        """Return by how much each tenth came out above what was predicted, as a share."""
        pairs = zip(self.predicted, self.came_true, strict=True)
        return [true / predicted - 1 if predicted else float("inf") if true else 0.0 for predicted, true in pairs]

    @property
    def is_reliable(self) -> bool:
        """Whether slope and sums are within their bars; a constant has no slope and is not."""
        return self.slope is not None and SLOPES[0] <= self.slope <= SLOPES[1] and max(map(abs, self.gaps)) <= LARGEST_GAP


class SignalMetrics(Row):
    """All metrics of some weeks."""

    weeks: tuple[int, ...]
    methods: tuple[MethodRow, ...]
    reliability: tuple[ReliabilityRow, ...]


def read_losses(home: Home, weeks: Sequence[int]) -> pl.DataFrame:
    """Read the losses of weeks.

    Raises
    ------
    MissingInput
        If none of them has any.
    """
    table = home.weekly("signal_scores", SignalLoss)
    rows = pl.concat([table.at(week_id).select(SignalLoss.column_names()) for week_id in weeks]).collect()
    if rows.is_empty():
        raise MissingInput("nothing was sold in these weeks", where="signal_scores", hint="choose weeks with purchases")
    return rows


def pool_losses(losses: pl.DataFrame, *, seed: int = 0) -> SignalMetrics:
    """Pool weeks; a unit is drawn with all its weeks."""
    weeks = tuple(losses["week_id"].unique().sort().to_list())
    methods = losses.filter(pl.col("measure") != RELIABILITY)
    groups = methods.partition_by(["signal", "segment", "measure"], maintain_order=True, as_dict=True)
    rows = [row for key, part in groups.items() for row in _methods(key, part, seed)]
    bins = losses.filter(pl.col("measure") == RELIABILITY).partition_by("signal", maintain_order=True, as_dict=True)
    return SignalMetrics(weeks=weeks, methods=tuple(rows), reliability=tuple(_reliable(str(key[0]), part) for key, part in bins.items()))


def _methods(key: tuple[object, ...], part: pl.DataFrame, seed: int) -> list[MethodRow]:
    summed = part.group_by("unit", "method").agg(pl.col("weight", "value").sum()).sort("unit", "method")
    names = sorted(part["method"].unique(), key=lambda name: (name != "signal", name))
    wide = {name: summed.filter(pl.col("method") == name) for name in names}
    weights = wide["signal"]["weight"].to_numpy()
    draws = np.random.default_rng(seed).multinomial(len(weights), np.full(len(weights), 1 / len(weights)), SAMPLES)
    signal, segment, measure = (str(name) for name in key)
    sign = 1 if measure in HIGHER_IS_BETTER else -1
    rows = []
    for name in names:
        values = wide[name]["value"].to_numpy()
        gain = None
        if name != "signal":
            better = sign * (wide["signal"]["value"].to_numpy() - values)
            drawn = (draws @ better) / np.maximum(draws @ weights, 1e-12)
            low, high = np.quantile(drawn, [0.025, 0.975])
            gain = rounded(Interval(float(better.sum() / weights.sum()), float(low), float(high)))
        value = round(float(values.sum() / weights.sum()), DECIMALS)
        rows.append(MethodRow(signal=signal, segment=segment, measure=measure, method=name, value=value, gain=gain))
    return rows


def _reliable(signal: str, part: pl.DataFrame) -> ReliabilityRow:
    bins = part.group_by("week_id", "unit").agg(pl.col("row_count", "weight", "value").sum()).sort("week_id", "unit")
    tenths = bins.group_by(pl.col("unit") * DECILES // BINS).agg(pl.col("weight", "value").sum()).sort("unit")
    return ReliabilityRow(
        signal=signal,
        rows=int(bins["row_count"].sum()),
        predicted=tuple(round(value, 4) for value in tenths["weight"].to_list()),
        came_true=tuple(round(value, 4) for value in tenths["value"].to_list()),
        slope=_slope(bins),
    )


def _slope(bins: pl.DataFrame) -> float | None:
    """Return the slope of outcomes on predictions, by least squares over bins; none where all predictions are equal."""
    count = bins["row_count"].to_numpy().astype(float)
    predicted, true = bins["weight"].to_numpy() / count, bins["value"].to_numpy() / count
    middle, mean = np.average(predicted, weights=count), np.average(true, weights=count)
    spread = float((count * (predicted - middle) ** 2).sum())
    if spread <= 1e-12 * count.sum():
        return None
    return round(float((count * (predicted - middle) * (true - mean)).sum() / spread), 4)
