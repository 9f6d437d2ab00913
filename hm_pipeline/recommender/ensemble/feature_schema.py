"""Features that an ensemble was trained with: the service's name, its columns in order, and a digest over both."""

from collections.abc import Mapping, Sequence
from typing import Any

from hm_pipeline.base.errors import SchemaViolation
from hm_pipeline.engine.step import short_hash

NAMED = 5  # features named in a complaint


def schema_version(service: str, columns: Mapping[str, Any]) -> str:
    """Return the version of a feature service: its name, and a digest over its columns and their kinds, in order.

    Parameters
    ----------
    columns
        Feature -> Polars type; how wide a number is does not matter.

    Examples
    --------
    >>> import polars as pl
    >>> narrow, wide = {"age": pl.Int16(), "momentum": pl.Float32()}, {"age": pl.Int64(), "momentum": pl.Float64()}
    >>> schema_version("ranking", narrow) == schema_version("ranking", wide)
    True
    """
    return f"{service}-{short_hash(service, *(f'{name}:{_kind(dtype)}' for name, dtype in columns.items()))}"


def require_schema(service: str, columns: Mapping[str, Any], *, trained: str, features: Sequence[str]) -> None:
    """Refuse features that are not those an ensemble was trained with.

    Parameters
    ----------
    trained, features
        Version and features that the ensemble stores.

    Raises
    ------
    SchemaViolation
        If name, order or kind of any feature differs.
    """
    served = schema_version(service, columns)
    if served != trained:
        raise SchemaViolation(
            f"the ensemble was trained with {len(features)} features of {trained} and is given {len(columns)} of {served}: "
            f"{_difference(list(columns), features)}",
            where=f"service {service!r}",
            hint="fit the ensemble again on the service as it is, or score with the service it was trained with",
        )


def _difference(given: Sequence[str], trained: Sequence[str]) -> str:
    parts = {"gone": [name for name in trained if name not in given], "new": [name for name in given if name not in trained]}
    differences = [
        f"{what} {', '.join(names[:NAMED])}{' and more' if len(names) > NAMED else ''}" for what, names in parts.items() if names
    ]
    return "; ".join(differences) or ("another order" if list(given) != list(trained) else "another kind of values, or another service")


def _kind(dtype: Any) -> str:
    return "float" if dtype.is_float() else "integer" if dtype.is_integer() else str(dtype)
