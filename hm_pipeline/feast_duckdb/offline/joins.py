"""Join of one view to an entity table ``e``, point in time correct.

Three ways to find a view's row for an entity row, cheapest first:

``exact``
    One of the keys names the row, such as the week it is about: a hash join.
``asof``
    The latest row at or before the moment: an ASOF join over the rows of the keys asked for.
``known``
    As ``asof``, but among the rows created by then only: every match is numbered.
"""

from collections.abc import Sequence
from datetime import timedelta

from hm_pipeline.feast_duckdb.offline.entities import AT, ROW, Entities
from hm_pipeline.feast_duckdb.offline.instants import NANOSECONDS, in_order, known_from, microseconds, within
from hm_pipeline.feast_duckdb.offline.sql_text import literal, quoted
from hm_pipeline.feast_duckdb.offline.types import INTEGERS, TEXTS
from hm_pipeline.feast_duckdb.offline.view_plan import ViewPlan

DUPLICATE = "duplicate source key in view "


def rows_of(plan: ViewPlan, entities: Entities) -> str:
    """Return a statement that counts what the entity table becomes joined to one view."""
    return f"SELECT count(*) FROM {join(f'{entities.table} e', plan, 'f0', entities)}"


def features(plan: ViewPlan, alias: str) -> list[str]:
    """Return the expressions of the features that a view adds, in its order."""
    if not plan.files:
        kinds = [plan.types.get(column, plan.null_types.get(name, "VARCHAR")) for name, column in plan.features.items()]
        return [f"CAST(NULL AS {kind})" for kind in kinds]
    values = [f"{alias}.v{place}" for place in range(len(plan.features))]
    if plan.way != "asof":
        return values
    single = f"CASE WHEN {alias}.copies > 1 THEN error({literal(f'{DUPLICATE}{plan.view}')}) ELSE true END"
    holds = f"{_fresh(plan, alias)} AND {single}" if plan.ttl else single
    return [f"CASE WHEN {holds} THEN {value} END" for value in values]


def join(base: str, plan: ViewPlan, alias: str, entities: Entities, *, hashes_base: bool = False) -> str:
    """Return what a base becomes, joined to a view that has files.

    Parameters
    ----------
    hashes_base
        Search the base for the rows of the view, which are more, or wider; otherwise the other way round.
    """
    scan = _scan(plan, entities)
    if plan.way == "asof":
        return f"{base}\nASOF LEFT JOIN ({_counted(plan, scan, entities)}) {alias} ON {_on(plan, alias, f'e.{AT} >= {alias}.ts', entities)}"
    if plan.way == "exact":
        rows, condition = f"({_latest(plan, scan)}) {alias}", _on_exact(plan, alias, entities)
        return f"{rows}\nRIGHT JOIN ({base}) ON {condition}" if hashes_base else f"{base}\nLEFT JOIN {rows} ON {condition}"
    known = f"{_valid(plan, 's')} AND s.created <= e.{AT}"
    matches = f"SELECT s.*, e.{ROW} FROM ({scan}) s JOIN {entities.table} e ON {_on(plan, 's', known, entities)}"
    latest = _rank([f"e.{ROW}"], [f"s.{name}" for name in _order(plan)])
    return f"{base}\nLEFT JOIN ({matches} QUALIFY {latest}) {alias} ON {alias}.{ROW} = e.{ROW}"


def _on(plan: ViewPlan, alias: str, condition: str, entities: Entities) -> str:
    equal = [f"{alias}.k{place} = e.{entities.sql(column)}" for place, column in enumerate(plan.keys.values())]
    return " AND ".join([*equal, condition])


def _on_exact(plan: ViewPlan, alias: str, entities: Entities) -> str:
    """Compare only what the scan has not settled already: of a single week and moment, neither is left to compare."""
    keys = [(place, key, column) for place, (key, column) in enumerate(plan.keys.items())]
    left = [part for part in keys if not (plan.types[part[1]] in INTEGERS and entities.is_constant(part[2]))] or keys
    equal = [f"{alias}.k{place} = e.{entities.sql(column)}" for place, _, column in left]
    return " AND ".join(equal if entities.is_of_one_moment and equal else [*equal, _valid(plan, alias)])


def valid(plan: ViewPlan, stamp: str) -> str:
    """Return the condition that a row stamped so may be known at the entity row's moment, and still holds."""
    kind = plan.types[plan.timestamp]
    past = f"{known_from(stamp, kind)} <= e.{AT}"
    return f"{past} AND {_not_before(microseconds(stamp, kind), plan.ttl)}" if plan.ttl else past


def _valid(plan: ViewPlan, alias: str) -> str:
    past = f"{alias}.ts <= e.{AT}"
    return f"{past} AND {_fresh(plan, alias)}" if plan.ttl else past


def _fresh(plan: ViewPlan, alias: str) -> str:
    assert plan.ttl is not None  # noqa: S101 - for the type checker, callers ask first
    return _not_before(f"{alias}.{'since' if _may_be_finer(plan) else 'ts'}", plan.ttl)


def _not_before(stamp: str, ttl: timedelta) -> str:
    return f"{stamp} >= e.{AT} - {ttl // timedelta(microseconds=1)}"


def _may_be_finer(plan: ViewPlan) -> bool:
    """Return whether rows may be stamped between two microseconds, so that they are known from the later and hold since the former."""
    return plan.types[plan.timestamp] in NANOSECONDS | TEXTS


def _key_columns(plan: ViewPlan) -> list[str]:
    return [*(f"k{place}" for place in range(len(plan.keys))), "ts"]


def _rank(partition: Sequence[str], order: Sequence[str]) -> str:
    # rank, not row_number: rows that tie all survive, and the guard on the number of rows raises
    return f"rank() OVER (PARTITION BY {', '.join(partition)} ORDER BY {', '.join(f'{name} DESC' for name in order)}) = 1"


def _latest(plan: ViewPlan, scan: str) -> str:
    """Keep the latest of the rows that a key has in one microsecond, where rows may differ in less, or in when they were created."""
    one_each = plan.created or _may_be_finer(plan)
    return f"SELECT * FROM ({scan}) QUALIFY {_rank(_key_columns(plan), _order(plan))}" if one_each else scan


def _order(plan: ViewPlan) -> list[str]:
    """Return the columns of a scan by which the rows of a key are sorted."""
    return [name for prefix, column in _stamps(plan).items() for name in _sorted_by(plan, prefix, column)]


def _sorted_by(plan: ViewPlan, prefix: str, column: str) -> dict[str, str]:
    """Return the expressions that sort one column of moments, by name; a full microsecond is its own."""
    kind = plan.types[column]
    parts = in_order(quoted(column), kind) if kind in NANOSECONDS | TEXTS else [""]
    return {f"{prefix}_{place}" if part else prefix: part for place, part in enumerate(parts)}


def _stamps(plan: ViewPlan) -> dict[str, str]:
    return {"ts": plan.timestamp} | ({"created": plan.created} if plan.created else {})


def _counted(plan: ViewPlan, scan: str, entities: Entities) -> str:
    """Keep the rows of keys that are asked for, and count those that an ASOF join could not distinguish."""
    equal = " AND ".join(f"s.k{place} = e.{entities.sql(column)}" for place, column in enumerate(plan.keys.values()))
    asked = f"SELECT s.* FROM ({scan}) s SEMI JOIN {entities.table} e ON {equal}" if equal else scan
    keys = _key_columns(plan)
    return f"SELECT *, count(*) OVER (PARTITION BY {', '.join(keys)}) AS copies FROM ({_latest(plan, asked)})"


def _scan(plan: ViewPlan, entities: Entities) -> str:
    """Return a view's rows under names of ours; no clause that follows sees the source's, which may be anything."""
    columns = [f"{quoted(key)} AS k{place}" for place, key in enumerate(plan.keys)]
    columns += [f"{known_from(quoted(column), plan.types[column])} AS {name}" for name, column in _stamps(plan).items()]
    columns += [
        f"{part} AS {name}" for prefix, column in _stamps(plan).items() for name, part in _sorted_by(plan, prefix, column).items() if part
    ]
    if plan.ttl and _may_be_finer(plan):
        columns.append(f"{microseconds(quoted(plan.timestamp), plan.types[plan.timestamp])} AS since")
    # read_parquet gives the type of the first file it reads, which is another one in each partition
    columns += [f"CAST({quoted(column)} AS {plan.types[column]}) AS v{place}" for place, column in enumerate(plan.features.values())]
    return f"SELECT {', '.join(columns)} FROM {plan.table} WHERE {' AND '.join(_pruning(plan, entities))}"


def _pruning(plan: ViewPlan, entities: Entities) -> list[str]:
    """Return conditions on stored columns, as literals, so that statistics of row groups can rule them out."""
    if entities.first is None or entities.last is None:
        return ["false"]
    oldest = entities.first - plan.ttl if plan.ttl else None
    conditions = [within(quoted(plan.timestamp), plan.types[plan.timestamp], oldest, entities.last)]
    for key, column in plan.keys.items():
        if plan.types[key] in INTEGERS and entities.is_integer(column):
            span = entities.span(column)
            conditions.append("false" if span is None else f"{quoted(key)} BETWEEN {span[0]} AND {span[1]}")
    return conditions
