"""Families of types: which stored type answers for which declared one, and which keys can be compared.

Within a family nothing is lost by a comparison or a widening; between families DuckDB would convert without an error.
"""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT", "UHUGEINT"})
NULLS = '"NULL"'  # of a column that never held anything
TEXTS = frozenset({"VARCHAR", "JSON"})
MOMENTS = frozenset({"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS", "DATE"})
FAMILIES = {
    **dict.fromkeys(INTEGERS, "integer"),
    **dict.fromkeys(("FLOAT", "DOUBLE", "DECIMAL"), "number"),
    **dict.fromkeys((*TEXTS, "ENUM", "UUID"), "text"),
    **dict.fromkeys(MOMENTS, "moment"),
    "BOOLEAN": "yes or no",
    "BLOB": "bytes",
}
DECLARED = {  # Feast's name of a type: DuckDB's, for columns without a file to read it from
    "INT32": "INTEGER",
    "INT64": "BIGINT",
    "FLOAT": "FLOAT",
    "DOUBLE": "DOUBLE",
    "STRING": "VARCHAR",
    "BOOL": "BOOLEAN",
    "BYTES": "BLOB",
    "UNIX_TIMESTAMP": "TIMESTAMP WITH TIME ZONE",
    "UUID": "UUID",
}
WIDER = {("number", "integer"), ("bytes", "text")}  # declared, stored


def family(kind: str) -> str:
    """Return the family of a DuckDB type; a type of none is its own.

    Examples
    --------
    >>> family("SMALLINT"), family("DECIMAL(9,2)"), family("FLOAT[]"), family("MAP(VARCHAR, DOUBLE)")
    ('integer', 'number', 'number[]', 'MAP(VARCHAR, DOUBLE)')
    """
    if kind.endswith("]"):
        return f"{family(kind[: kind.rindex('[')])}[]"
    return FAMILIES.get(kind, FAMILIES.get(kind.partition("(")[0], kind))


def are_comparable(given: str, stored: str) -> bool:
    """Return whether two keys are equal exactly where what they hold is: decimals lose digits beside floats, and moments of another unit.

    Examples
    --------
    >>> are_comparable("SMALLINT", "BIGINT"), are_comparable("DECIMAL(9,2)", "DOUBLE"), are_comparable("DATE", "TIMESTAMP")
    (True, False, True)
    """
    kinds = {kind.partition("(")[0] for kind in (given, stored)}
    if family(given) != family(stored):
        return False
    return len(kinds) == 1 or not any(kind == "DECIMAL" or kind.endswith("_NS") for kind in kinds)


def declared_type(feature: Any) -> str | None:
    """Return the DuckDB type of a Feast field, nothing for maps and structs, which are taken as they are."""
    name = feature.dtype.to_value_type().name
    kind = DECLARED.get(name.removesuffix("_LIST"))
    return f"{kind}[]" if kind and name.endswith("_LIST") else kind


def as_declared(rows: pa.Table, views: Sequence[Any], *, full_names: bool) -> pa.Table:
    """Give on-demand features the types that their views declare: a batch of nulls only has no type."""
    from feast.types import from_feast_to_pyarrow_type  # noqa: PLC0415 - feast takes seconds to import

    for view in views:
        for field in view.features:
            place = rows.schema.get_field_index(f"{view.projection.name_to_use()}__{field.name}" if full_names else field.name)
            kind = rows.schema.field(place).type if place >= 0 else pa.string()
            if pa.types.is_null(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
                typed = rows.column(place).cast(from_feast_to_pyarrow_type(field.dtype))
                rows = rows.set_column(place, rows.column_names[place], typed)
    return rows


def fits(declared: str, stored: str) -> bool:
    """Return whether stored values are what is declared, or narrower.

    Examples
    --------
    >>> fits("BIGINT", "SMALLINT"), fits("FLOAT", "BIGINT"), fits("BIGINT", "DOUBLE"), fits("FLOAT[]", "DOUBLE[3]")
    (True, True, False, True)
    """
    if stored == NULLS:
        return True
    wanted, found = family(declared), family(stored)
    if wanted.endswith("[]") and found.endswith("[]"):
        wanted, found = wanted[:-2], found[:-2]
    return wanted == found or (wanted, found) in WIDER
