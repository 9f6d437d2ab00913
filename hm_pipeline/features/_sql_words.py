"""Names, texts and moments as DuckDB's SQL writes them."""

from datetime import UTC, datetime


def quoted(name: str) -> str:
    """Quote a name for DuckDB."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Quote a text for DuckDB."""
    return "'" + text.replace("'", "''") + "'"


def microseconds(column: str, kind: str) -> str:
    """Return the expression of a column's moments as microseconds since 1970, UTC; moments without a zone are UTC.

    Integers, because converting zoned to plain timestamps goes through a calendar library: as long as the join itself.
    """
    return f"epoch_us({column})" if kind.startswith(("TIMESTAMP", "DATE")) else f"epoch_us(CAST({column} AS TIMESTAMP))"


def within(column: str, kind: str, first: datetime | None, last: datetime | None) -> str:
    """Return the condition that a moment lies in a period, ends included, with literals that statistics of files can be held against.

    Moments without a zone are UTC.
    """
    stored = column if kind.startswith(("TIMESTAMP", "DATE")) else f"CAST({column} AS TIMESTAMP)"
    zone = "TIMESTAMPTZ " if kind == "TIMESTAMP WITH TIME ZONE" else "TIMESTAMP "
    bounds = ((">=", first), ("<=", last))
    return " AND ".join(f"{stored} {sign} {zone}'{_utc(bound)}'" for sign, bound in bounds if bound is not None) or "true"


def _utc(moment: datetime) -> str:
    return f"{(moment.astimezone(UTC) if moment.tzinfo else moment).replace(tzinfo=None).isoformat(' ')}+00"
