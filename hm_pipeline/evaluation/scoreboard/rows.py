"""The rows of the scoreboard's tables: plain numbers, frozen, ready for JSON."""

from pydantic import BaseModel, ConfigDict

from hm_pipeline.recommender.metrics.bootstrap import Interval

DECIMALS = 9  # what is written; the last bits of a float are nobody's result


def share(part: float, whole: float) -> float:
    """Return a share as it is written, 0 of nothing."""
    return round(part / whole, DECIMALS) if whole else 0.0


def rounded(interval: Interval) -> Interval:
    """Return an interval as it is written; + 0.0 turns -0.0 into 0.0."""
    return Interval(*(round(end, DECIMALS) + 0.0 for end in (interval.mean, interval.low, interval.high)))


class Row(BaseModel):
    """A row of one of the scoreboard's tables."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LadderRow(Row):
    """MAP@12 of a rung, and its paired difference to the rung before on the same buyers."""

    rung: str
    score: Interval
    gain: Interval | None


class SegmentRow(Row):
    """MAP@12 of each rung in one segment of buyers."""

    segment: str
    buyers: int
    scores: dict[str, Interval]


class WeekRow(Row):
    """MAP@12 of each rung in one week."""

    week_id: int
    buyers: int
    scores: dict[str, float]


class ReachRow(Row):
    """What a set of pairs reaches."""

    pairs: str
    rows_per_buyer: float
    recall: float
    hit_ratio: float
    coverage: float


class StrategyRow(Row):
    """What a strategy finds, and what it alone finds."""

    strategy: str
    rows: int
    rows_per_buyer: float
    recall: float
    hit_ratio: float
    unique_hits: int
    unique_recall: float


class ColumnRow(Row):
    """A feature column: who makes it, how often it is null, its mean."""

    column: str
    source: str
    null_share: float
    mean: float | None
