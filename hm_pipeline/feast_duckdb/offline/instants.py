"""Instants in SQL: any column of moments as microseconds since 1970, UTC, or a refusal.

Everything that compares moments goes through here, offline, online and when a source is pulled.  A text is read with the
offset or the name of the zone that it bears, and is never compared as text; what bears none is UTC.  Integers, because
converting zoned to plain timestamps goes through a calendar library: as long as the join itself.
"""

from datetime import UTC, datetime, timedelta

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.feast_duckdb.offline.types import MOMENTS, TEXTS

NANOSECONDS = frozenset({"TIMESTAMP_NS", "TIMESTAMPTZ_NS"})
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
EDGES_NS = -(9_214 * 10**15), 9_214 * 10**15  # of the years 1678 to 2261, which nanoseconds span
FINER = r"[.,][0-9]{6}[0-9]*[1-9]"  # of a text: digits after the sixth, which DuckDB would cut off
HINT = "give a timestamp, a date, or a text such as 2020-09-23T00:00:00+02:00"


def require_moment(name: str, kind: str, where: str) -> None:
    """Raise where a column holds no moments.

    Raises
    ------
    InvalidInput
        For numbers, whose unit would be a guess, and whatever else is no moment.
    """
    if kind not in MOMENTS | TEXTS:
        raise InvalidInput(f"{name} is {kind}, which is no moment", where=where, hint=HINT)


def microseconds(column: str, kind: str) -> str:
    """Return the expression of a column's moments, those between two microseconds at the former one."""
    if kind in NANOSECONDS:
        return f"({_nanoseconds(column)} - {_left_over(column)}) // 1000"
    return f"epoch_us({_typed(column, kind)})"


def known_from(column: str, kind: str) -> str:
    """Return the expression of the first full microsecond at which a row so stamped may be known.

    The moment of an entity row is a full microsecond, so that a comparison with this is exact.
    """
    if kind in NANOSECONDS:
        return f"({_nanoseconds(column)} + (1000 - {_left_over(column)}) % 1000) // 1000"
    late = f" + CAST(regexp_matches({column}, '{FINER}') AS BIGINT)" if kind in TEXTS else ""
    return microseconds(column, kind) + late


def in_order(column: str, kind: str) -> list[str]:
    """Return the expressions that sort moments, one after another, also those between two microseconds."""
    if kind in NANOSECONDS:
        return [_nanoseconds(column)]
    tail = [f"rtrim(regexp_extract({column}, '[.,][0-9]{{6}}([0-9]*)', 1), '0')"] if kind in TEXTS else []
    return [microseconds(column, kind), *tail]


def is_finer(column: str, kind: str) -> str:
    """Return the condition that a moment lies between two microseconds."""
    if kind in NANOSECONDS:
        return f"{_left_over(column)} <> 0"
    return f"regexp_matches({column}, '{FINER}')" if kind in TEXTS else "false"


def is_unreadable(column: str, kind: str) -> str:
    """Return the condition that a text is no moment."""
    return f"{column} IS NOT NULL AND epoch_us(try_cast({column} AS TIMESTAMPTZ)) IS NULL" if kind in TEXTS else "false"


def instant(column: str, kind: str) -> str:
    """Return the expression of a column's moments as they come out: texts as timestamps, whatever else as it is stored."""
    return _typed(column, kind) if kind in TEXTS else column


def within(column: str, kind: str, first: datetime | None, last: datetime | None) -> str:
    """Return the condition that a moment lies in a period, ends included, with literals that statistics of files can be held against.

    Bounds without a zone are UTC.
    """
    bounds = [
        f"{_typed(column, kind)} {sign} {_literal(bound, kind)}" for sign, bound in ((">=", first), ("<=", last)) if bound is not None
    ]
    return " AND ".join(bounds) or "true"


def _typed(column: str, kind: str) -> str:
    return f"CAST({column} AS TIMESTAMPTZ)" if kind in TEXTS else column


def _nanoseconds(column: str) -> str:
    return f"epoch_ns({column})"


def _left_over(column: str) -> str:
    """Nanoseconds since the last full microsecond, before 1970 as after it."""
    return f"((epoch_ns({column}) % 1000 + 1000) % 1000)"


def _literal(bound: datetime, kind: str) -> str:
    plain = bound.astimezone(UTC).replace(tzinfo=None) if bound.tzinfo else bound
    if kind in NANOSECONDS:
        since = (plain.replace(tzinfo=UTC) - EPOCH) // MICROSECOND * 1000
        return f"CAST(make_timestamp_ns({max(EDGES_NS[0], min(since, EDGES_NS[1]))}) AS {kind})"
    zone = "TIMESTAMPTZ" if kind in TEXTS or kind == "TIMESTAMP WITH TIME ZONE" else "TIMESTAMP"
    return f"{zone} '{plain}+00'"
