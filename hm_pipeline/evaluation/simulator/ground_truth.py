"""Comparison of the signals with the ground truth of a simulated shop, each beside a trivial baseline.

The measure is Spearman's rank correlation with the truth that ``hm simulate --ground-truth`` wrote: within a week's
customers for need and style, over types for season, over articles for availability.  Real data have no such truth.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
from pydantic import BaseModel, ConfigDict, Field
from rich.table import Table

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.datasets.simulator.ground_truth import FOLDER, NEED_WEEKS
from hm_pipeline.engine.home import Home
from hm_pipeline.evaluation.simulator.ground_truth_rows import (
    CUSTOMER,
    Stored,
    affinities,
    calendars,
    needs,
    offered,
    offers,
    rhythms,
    seasons,
)
from hm_pipeline.evaluation.text_table import TextTable

WEEK = "week_id"


class Likeness(BaseModel):
    """Rank correlation of one column with the ground truth.

    ``rows`` were compared, each with those of its own group: a customer's of a week, or a week's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, serialize_by_alias=True)

    signal: str
    column: str
    is_baseline: bool = Field(validation_alias="is_rival", serialization_alias="is_rival")
    spearman: float | None
    rows: int
    groups: int


def compare(home: Home, raw: Path, weeks: Sequence[int]) -> list[Likeness]:
    """Compare the signals of weeks, as stored, with the ground truth of the shop they were computed for.

    Raises
    ------
    MissingInput
        If the folder holds no ground truth, or none of the weeks and their customers.
    """
    found = []
    for name, (table, own, baselines, by) in COMPARISONS.items():
        rows = pl.concat([table(Stored(home, raw, week)).with_columns(pl.lit(week).alias(WEEK)) for week in weeks])
        if rows.is_empty():
            hint = f"choose from the last {NEED_WEEKS}, and the shop that was ingested"
            raise MissingInput("the ground truth has no rows of this week", where=f"{raw / FOLDER}, {name}", hint=hint)
        found += [likeness(rows, name, column, by=by, is_baseline=column in baselines) for column in (*own, *baselines)]
    return found


def likeness(rows: pl.DataFrame, signal: str, column: str, *, by: Sequence[str], is_baseline: bool) -> Likeness:
    """Return the rank correlation of a column with ``truth``, the mean over groups where there are groups.

    A group of constant ground truth is left out; a column that is constant in a group counts 0 there.
    """
    both = rows.select(pl.struct(by).alias("group"), pl.col(column).cast(pl.Float64).alias("value"), pl.col("truth").cast(pl.Float64))
    compared = both.drop_nulls().filter(pl.col("truth").n_unique().over("group") > 1)
    ranked = compared.with_columns(pl.col("value", "truth").rank().over("group"))
    each = ranked.group_by("group").agg(pl.corr("value", "truth").fill_nan(0).fill_null(0).alias("spearman")).sort("group")
    mean = each["spearman"].mean()
    spearman = round(float(mean), 4) if isinstance(mean, float) else None
    return Likeness(signal=signal, column=column, is_baseline=is_baseline, spearman=spearman, rows=compared.height, groups=each.height)


Comparison = tuple[Callable[[Stored], pl.DataFrame], tuple[str, ...], tuple[str, ...], tuple[str, ...]]
COMPARISONS: dict[str, Comparison] = {
    "need": (needs, ("need_propensity",), ("sales_of_type", "need_own_share"), (WEEK, CUSTOMER)),
    "need, rhythm alone": (rhythms, ("need_propensity",), ("sales_of_type", "need_own_share"), (WEEK, CUSTOMER)),
    "season": (seasons, ("seasonality_growth",), ("last_week_carried_over",), (WEEK,)),
    "season, calendar alone": (calendars, ("seasonality_growth",), ("last_week_carried_over",), (WEEK,)),
    "style": (affinities, ("style_similarity",), ("sales_last_week", "bought_of_index_group"), (WEEK, CUSTOMER)),
    "availability": (offers, ("availability_units", "availability"), ("sales_last_week",), (WEEK,)),
    "availability, on offer": (offered, ("availability_units", "availability"), ("sales_last_week",), (WEEK,)),
}


def render(found: Sequence[Likeness], weeks: Sequence[str]) -> Table:
    """Return what to print: baselines stand below the signal they are compared with."""
    span = " to ".join(dict.fromkeys((weeks[0], weeks[-1])))
    lines = []
    for row in found:
        name, column = ("", f"  rival: {row.column}") if row.is_baseline else (row.signal, row.column)
        figure = "" if row.spearman is None else f"{row.spearman:+.3f}"
        lines.append((name, column, figure, f"{row.rows:,}", f"{row.groups:,}"))
    title = f"Signals of {span} beside the simulated truth"
    return TextTable(title, ("signal", "column", "Spearman", "rows", "groups"), lines).rich(words=("column",))
