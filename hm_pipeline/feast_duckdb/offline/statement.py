"""Statement that joins views to an entity table, or one for each partition.

Where views have the same partitions, they are joined partition by partition: a hash table of a tenth of the rows is searched
in half the time, and one moment settles each.  Where many rows share a key, the views keyed by it are joined once for
each key, and their features are handed out together.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain

from hm_pipeline.feast_duckdb.offline.entities import AT, ROW, Entities
from hm_pipeline.feast_duckdb.offline.joins import features, join
from hm_pipeline.feast_duckdb.offline.positional_join import matching_views, positional_select
from hm_pipeline.feast_duckdb.offline.sql_text import quoted
from hm_pipeline.feast_duckdb.offline.view_plan import ViewPlan, shared_partition

ROWS_PER_KEY = 4  # from so many on, mean, a key's features are looked up once
ENOUGH_ROWS = 10_000  # fewer are looked up before the keys are counted
LARGER = 4  # from so many times the rows asked for on, those are hashed in any case


def statement(entities: Entities, plans: Sequence[ViewPlan]) -> str:
    """Return the statement that adds the features of the views to the entity table, unordered, with its row numbers."""
    column = shared_partition(entities, plans)
    if column is None:
        beside = matching_views(entities, plans)
        names = {place: _inner(place, plan) for place, plan in beside.items()}
        return _select(entities, plans, positional_select(entities, beside, names) if beside else None, beside)
    apart = [place for place, plan in enumerate(plans) if plan.files_by_value(column)]
    return _select(entities, plans, _partition_wise(entities, {place: plans[place] for place in apart}, column), apart)


def statements(entities: Entities, plans: Sequence[ViewPlan]) -> list[str]:
    """Return statements whose rows together are those of :func:`statement`: one for each partition where all views share one."""
    column = shared_partition(entities, plans)
    if column is None or not all(plan.files_by_value(column) for plan in plans if plan.files):
        return [statement(entities, plans)]
    return [_select(part, within_part) for part, within_part in _partitions(entities, plans, column)]


def row_label(entities: Entities, plans: Sequence[ViewPlan]) -> str:
    """Return the name of the column of row numbers in the result, which no other column of it bears."""
    taken = {name.lower() for name in (*entities.types, *(name for plan in plans for name in plan.features))}
    label = ROW
    while label in taken:
        label += "_"
    return label


def _inner(place: int, plan: ViewPlan) -> list[str]:
    """Return what a view's features are called inside a statement; the names that they are given come last, and meet no other."""
    return [f"p{place}_{number}" for number in range(len(plan.features))]


def _partition_wise(entities: Entities, plans: Mapping[int, ViewPlan], column: str) -> str:
    branches = []
    for part, within_part in _partitions(entities, list(plans.values()), column):
        columns, joined = _joined(part, within_part, f"{part.table} e")
        named = [
            f"{value} AS {name}"
            for place, plan, own in zip(plans, within_part, columns, strict=True)
            for value, name in zip(own, _inner(place, plan), strict=True)
        ]
        branches.append(f"SELECT {', '.join(['e.*', *named])}\nFROM {joined}")
    return "(" + "\nUNION ALL\n".join(branches) + ")"


def _partitions(entities: Entities, plans: Sequence[ViewPlan], column: str) -> Iterator[tuple[Entities, list[ViewPlan]]]:
    files = [plan.files_by_value(column) or {} for plan in plans]
    for value in entities.values(column):
        yield (
            entities.part(column, value),
            [replace(plan, files=own.get(value, [])) for plan, own in zip(plans, files, strict=True)],
        )


def _select(entities: Entities, plans: Sequence[ViewPlan], base: str | None = None, in_base: Collection[int] = ()) -> str:
    """Return the statement over the entity table, or over a base that has the features of some views already."""
    moment = f"make_timestamptz(e.{AT})"
    asked = [f"{moment if name == entities.timestamp else f'e.{entities.sql(name)}'} AS {quoted(name)}" for name in entities.types]
    columns, joined = _joined(entities, plans, f"{base or entities.table} e", in_base)
    added = [
        f"{value} AS {quoted(name)}"
        for plan, own in zip(plans, columns, strict=True)
        for name, value in zip(plan.features, own, strict=True)
    ]
    return f"SELECT {', '.join([*asked, *added, f'e.{ROW} AS {row_label(entities, plans)}'])}\nFROM {joined}"


def _joined(entities: Entities, plans: Sequence[ViewPlan], base: str, in_base: Collection[int] = ()) -> tuple[list[list[str]], str]:
    """Return the expressions of each view's features, and the joins that they come from."""
    columns = [_of("e", _inner(place, plan)) if place in in_base else features(plan, f"f{place}") for place, plan in enumerate(plans)]
    left = {place: plan for place, plan in enumerate(plans) if plan.files and place not in in_base}
    shared = _shared_keys(entities, left)
    alone = {place: plan for place, plan in left.items() if place not in chain(*shared.values())}
    widest = max(alone, key=lambda place: (_is_large(alone[place], entities), len(alone[place].features)), default=None)
    for place in sorted(alone, key=lambda place: (place != widest, alone[place].way != "exact")):
        is_first = place == widest and _is_large(alone[place], entities)
        base = join(base, alone[place], f"f{place}", entities, hashes_base=is_first or alone[place].most_rows > LARGER * entities.rows)
    for keys, places in shared.items():
        alias = f"g{places[0]}"
        base += _once(entities, keys, {place: plans[place] for place in places}, alias)
        for place in places:
            columns[place] = _of(alias, _inner(place, plans[place]))
    return columns, base


def _is_large(plan: ViewPlan, entities: Entities) -> bool:
    return plan.way == "exact" and 2 * plan.most_rows > entities.rows


def _of(alias: str, names: Sequence[str]) -> list[str]:
    return [f"{alias}.{name}" for name in names]


def _shared_keys(entities: Entities, plans: Mapping[int, ViewPlan]) -> dict[tuple[str, ...], list[int]]:
    """Return the places of views by the columns that distinguish their rows, where it pays to join them once for each key."""
    if entities.rows < ENOUGH_ROWS or not entities.is_of_one_moment:
        return {}
    shared: dict[tuple[str, ...], list[int]] = {}
    for place, plan in plans.items():
        keys = tuple(sorted(column for column in plan.keys.values() if not entities.is_constant(column)))
        if keys and plan.way != "known":
            shared.setdefault(keys, []).append(place)
    return {
        keys: places for keys, places in shared.items() if len(places) > 1 and entities.count_keys(keys) * ROWS_PER_KEY <= entities.rows
    }


def _once(entities: Entities, keys: Sequence[str], plans: Mapping[int, ViewPlan], alias: str) -> str:
    part = entities.keys(keys, {column for plan in plans.values() for column in plan.keys.values()})
    columns = [f"e.{entities.sql(key)}" for key in keys]
    base = f"{part.table} e"
    for place, plan in plans.items():
        columns += [f"{value} AS {name}" for value, name in zip(features(plan, f"f{place}"), _inner(place, plan), strict=True)]
        base = join(base, plan, f"f{place}", part)
    equal = " AND ".join(f"{alias}.{entities.sql(key)} = e.{entities.sql(key)}" for key in keys)
    return f"\nLEFT JOIN (SELECT {', '.join(columns)} FROM {base}) {alias} ON {equal}"
