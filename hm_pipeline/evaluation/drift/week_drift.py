"""Drift of every signal and feature of a week against the weeks before it that are stored."""

import dataframely as dy
import polars as pl

from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.step import Dependency, WeekContext, at
from hm_pipeline.evaluation.drift.measures import Shift, shift_of
from hm_pipeline.evaluation.drift.samples import comparable_weeks, sample_weeks
from hm_pipeline.features.feast_objects import FeatureTable
from hm_pipeline.features.tables import feature_tables

DRIFT = "drift"
LARGE, MODERATE = 0.25, 0.1  # PSI, the rule of thumb of credit scoring


class Drift(dy.Schema):
    """Drift of one column of a view: its distribution in the week and in the weeks before."""

    week_id = dy.Int64(primary_key=True, description="week that is compared with those before it")
    view = dy.String(primary_key=True, description="Feast view that serves the column")
    feature = dy.String(primary_key=True, description="column")
    reference_weeks = dy.Int16(nullable=False, min=0, max=13, description="weeks it is compared with, stored for the same kind of audience")
    row_count = dy.Int64(nullable=False, min=0, description="rows of the week, a sample where there are more than 50,000")
    reference_count = dy.Int64(nullable=False, min=0, description="rows of the weeks before, a sample where there are more than 100,000")
    psi = dy.Float64(nullable=True, min=0, description="population stability index; null without a week to compare with")
    usual_psi = dy.Float64(
        nullable=True, min=0, description="largest of a single week before, or what chance exceeds once in a thousand times"
    )
    ks = dy.Float64(nullable=True, min=0, max=1, description="Kolmogorov-Smirnov distance of the values, nulls left out")
    p_value = dy.Float64(nullable=True, min=0, max=1, description="probability of such a distance by chance, rows taken for independent")
    auc = dy.Float64(nullable=True, min=0, max=1, description="probability that a value of the week is larger than one of before")
    null_share = dy.Float64(nullable=True, min=0, max=1, description="share of nulls in the week")
    reference_null_share = dy.Float64(nullable=True, min=0, max=1, description="share of nulls in the weeks before")


def monitored_tables() -> tuple[FeatureTable, ...]:
    """Return the weekly views whose features are numbers: those of the lists for an application are made of them."""
    return tuple(table for table in feature_tables() if table.is_weekly and columns_of(table))


def columns_of(table: FeatureTable) -> list[str]:
    """Return the features of a view that are single values."""
    return [name for name, column in table.features.items() if not isinstance(column, dy.List)]


def is_large() -> pl.Expr:
    """Return whether a row's PSI is large, and more than usual: the single weeks before it have one, too."""
    return (pl.col("psi") >= LARGE) & (pl.col("psi") > pl.col("usual_psi"))


def evaluate(inputs: Inputs, week: WeekContext) -> pl.DataFrame:
    """Drift of every signal and feature: each column's distribution in the week beside that of the last 13 weeks that are stored."""
    return pl.concat([_drift_of(inputs, table, week.week_id) for table in monitored_tables()])


def count_drifted(_inputs: Inputs, _week: WeekContext, table: pl.LazyFrame) -> dict[str, float]:
    """Return how many columns have drifted, and how many could be compared: two lines that Dagster plots over the weeks."""
    counts = table.select(drifted=is_large().fill_null(value=False).sum(), compared=pl.col("psi").count()).collect()
    return {name: float(count) for name, count in counts.row(0, named=True).items()}


def reads() -> tuple[Dependency, ...]:
    """Return the tables of the views, at the week: of earlier weeks what is stored is read, and none is made for this."""
    return tuple(at(table.table) for table in monitored_tables())


def counts_other_weeks(graph: Graph, week_id: int) -> bool:
    """Return whether the stored drift of a week was measured against other weeks than are stored by now."""
    stored = graph.home.weekly(DRIFT, Drift).at(week_id).select("view", "reference_weeks").unique().collect()
    known = dict(stored.iter_rows())
    handles = ((table.name, graph.home.weekly(table.table, table.schema)) for table in monitored_tables())
    return any(known.get(name) != len(comparable_weeks(handle, week_id)) for name, handle in handles)


def _drift_of(inputs: Inputs, table: FeatureTable, week_id: int) -> pl.DataFrame:
    handle, names = inputs.weekly(table.table), columns_of(table)
    weeks = comparable_weeks(handle, week_id)
    now, past = sample_weeks(handle, week_id, weeks, names)
    count = sum(each.height for each in past)
    facts = {"week_id": week_id, "view": table.name, "reference_weeks": len(weeks), "row_count": now.height, "reference_count": count}
    rows = [{**facts, "feature": name, **_row(now[name], [each[name] for each in past])} for name in names]
    return Drift.cast(pl.DataFrame(rows, infer_schema_length=None))


def _row(now: pl.Series, past: list[pl.Series]) -> dict[str, float | None]:
    known = [each for each in past if len(each)]
    shares = {"null_share": _null_share(now), "reference_null_share": _null_share(pl.concat(known)) if known else None}
    if None in shares.values():
        return {**dict.fromkeys(Shift._fields), **shares}
    return {**shift_of(now, known)._asdict(), **shares}


def _null_share(column: pl.Series) -> float | None:
    return None if column.is_empty() else round(column.cast(pl.Float64).fill_nan(None).null_count() / len(column), 6)
