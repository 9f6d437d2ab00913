"""Positional join: views whose keys equal the entity table's row by row are joined by row number instead of by hash.

A shop's tables of pairs are written in one order, and a request for a full shard has that order too.  Where keys are
found equal row by row, DuckDB's positional join takes three fifths of what hash joins take.  Keys are compared again
while the rows are read, so that a file that is replaced meanwhile cannot put features on the wrong row.
"""

from collections.abc import Collection, Mapping, Sequence

from hm_pipeline.feast_duckdb.offline.entities import ROW, STORED, Entities, fetch
from hm_pipeline.feast_duckdb.offline.joins import valid
from hm_pipeline.feast_duckdb.offline.sql_text import literal, quoted
from hm_pipeline.feast_duckdb.offline.view_plan import ViewPlan

ENOUGH_ROWS = 100_000  # fewer are joined before the keys are compared
REPLACED = "replaced while it was read: view "


def matching_views(entities: Entities, plans: Sequence[ViewPlan]) -> dict[int, ViewPlan]:
    """Return the views, by their places, whose rows are those of the entity table, in its order, and none of them twice."""
    likely = {place: plan for place, plan in enumerate(plans) if _may(entities, plan)}
    rising = {columns: _is_strictly_sorted(entities, columns) for columns in {_columns(plan) for plan in likely.values()}}
    return {place: plan for place, plan in likely.items() if rising[_columns(plan)] and _is_beside(entities, plan)}


def positional_select(entities: Entities, plans: Mapping[int, ViewPlan], names: Mapping[int, Sequence[str]]) -> str:
    """Return the entity table with its row numbers and, under the names given, the features of views that lie beside it."""
    columns = ["e.*", f"e.rowid + 1 AS {ROW}"]
    for place, plan in plans.items():
        values = (f"CAST(f{place}.{quoted(column)} AS {plan.types[column]})" for column in plan.features.values())
        columns += [f"{value} AS {name}" for value, name in zip(values, names[place], strict=True)]
    joined = " ".join(f"POSITIONAL JOIN {plan.table} f{place}" for place, plan in plans.items())
    checks = [
        f"CASE WHEN {_equal(entities, plan, f'f{place}')} THEN true ELSE error({literal(REPLACED + plan.view)}) END"
        for place, plan in plans.items()
    ]
    return f"(SELECT {', '.join(columns)}\nFROM {STORED} e {joined}\nWHERE {' AND '.join(checks)})"


def _may(entities: Entities, plan: ViewPlan) -> bool:
    """Return whether as many rows as are asked for lie where they are looked for, which costs nothing to know."""
    return plan.way == "exact" and plan.created is None and ENOUGH_ROWS <= entities.rows == plan.most_rows


def _columns(plan: ViewPlan) -> frozenset[str]:
    return frozenset(plan.keys.values())


def _is_beside(entities: Entities, plan: ViewPlan) -> bool:
    ((odd,),) = fetch(
        entities.connection,
        f"SELECT count(*) FROM {STORED} e POSITIONAL JOIN {plan.table} f WHERE NOT {_equal(entities, plan, 'f')}",
    )
    return bool(odd == 0)


def _equal(entities: Entities, plan: ViewPlan, alias: str) -> str:
    """Return the condition that a view's row is of the entity row's keys and valid at its moment; false where either has none."""
    keys = [f"{alias}.{quoted(key)} = e.{entities.sql(column)}" for key, column in plan.keys.items()]
    return f"coalesce({' AND '.join([*keys, valid(plan, f'{alias}.{quoted(plan.timestamp)}')])}, false)"


def _is_strictly_sorted(entities: Entities, columns: Collection[str]) -> bool:
    """Return whether each entity row's keys come after those of the row before, so that none is there twice."""
    keys = [entities.sql(name) for name in entities.types if name in columns and not entities.is_constant(name)]
    after = "false"
    for place, key in reversed([*enumerate(keys)]):
        after = f"({key} > before{place} OR ({key} = before{place} AND {after}))"
    both = ", ".join(f"{key}, lag({key}) OVER () AS before{place}" for place, key in enumerate(keys))
    rows = f"SELECT {both} FROM {STORED}"
    return bool(keys) and not fetch(entities.connection, f"SELECT 1 FROM ({rows}) WHERE NOT {after} LIMIT 1")
