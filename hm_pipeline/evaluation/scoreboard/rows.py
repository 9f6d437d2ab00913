"""The rows of the scoreboard's tables: plain numbers, frozen, ready for JSON."""

from pydantic import BaseModel, ConfigDict, Field

from hm_pipeline.recommender.metrics.bootstrap import Interval

DECIMALS = 9  # what is written; the last bits of a float are noise


def share(part: float, total: float) -> float:
    """Return a share as it is written, 0 of nothing."""
    return round(part / total, DECIMALS) if total else 0.0


def rounded(interval: Interval) -> Interval:
    """Return an interval as it is written; + 0.0 turns -0.0 into 0.0."""
    return Interval(*(round(end, DECIMALS) + 0.0 for end in (interval.mean, interval.low, interval.high)))


class Row(BaseModel):
    """A row of one of the scoreboard's tables; an alias is the key in its JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True)


class ModelRow(Row):
    """MAP@12 of a baseline or model, and its paired difference to the row above on the same buyers."""

    model: str = Field(validation_alias="rung", serialization_alias="rung")
    score: Interval
    gain: Interval | None


class SegmentRow(Row):
    """MAP@12 of each model in one segment of buyers."""

    segment: str
    buyers: int
    scores: dict[str, Interval]


class WeekRow(Row):
    """MAP@12 of each model in one week."""

    week_id: int
    buyers: int
    scores: dict[str, float]


class RecallRow(Row):
    """Recall of a set of pairs."""

    pairs: str
    rows_per_buyer: float
    recall: float
    hit_ratio: float
    coverage: float


class StrategyRow(Row):
    """Recall of a strategy, and of what no other strategy finds."""

    strategy: str
    rows: int
    rows_per_buyer: float
    recall: float
    hit_ratio: float
    unique_hits: int
    unique_recall: float


class ColumnRow(Row):
    """A feature column: its source, the share of nulls, its mean."""

    column: str
    source: str
    null_share: float
    mean: float | None
