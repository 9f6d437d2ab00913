"""Guards of a look-up: what Feast would answer with nulls, half a key or a traceback is refused in one line.

A service may hold views that are offline only, as the pairs of a recommender are.  The others are answered, and a warning names
those that are left out; a look-up of nothing else is an error.
"""

import math
import sys
import warnings
from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any

import numpy as np
from feast import ValueType

from hm_pipeline.base.errors import InvalidInput, MissingInput

INTEGER_TYPES = (ValueType.INT32, ValueType.INT64)
OFFLINE = "ask for their features offline, by get_historical_features"
INSIDE = ("feast", __name__.partition(".")[0])
View = tuple[Any, list[str]]  # and the features that are asked for


class NotServedOnline(UserWarning):
    """A look-up left out views that are offline only."""


class MissingJoinKey(MissingInput):
    """The rows of a look-up lack ``keys``, which a view that is asked for is keyed by."""

    keys: tuple[str, ...] = ()


class GuardedReads:
    """Mixin of online stores, in front of Feast's own class."""

    def get_online_features(
        self, config: Any, features: Any, entity_rows: Any, registry: Any, project: str, *args: Any, **named: Any
    ) -> Any:
        """Return Feast's answer; a key with a fraction, which Feast would cut off, is refused."""
        refuse_fractions(entity_rows, registry, project)
        return super().get_online_features(config, features, entity_rows, registry, project, *args, **named)  # type: ignore[misc]

    async def get_online_features_async(
        self, config: Any, features: Any, entity_rows: Any, registry: Any, project: str, *args: Any, **named: Any
    ) -> Any:
        """Return Feast's answer as :meth:`get_online_features` does."""
        refuse_fractions(entity_rows, registry, project)
        return await super().get_online_features_async(config, features, entity_rows, registry, project, *args, **named)  # type: ignore[misc]

    def _read_features_per_fv(self, config: Any, grouped_refs: list[View], values: Any, join_keys: Any, *args: Any) -> None:
        super()._read_features_per_fv(config, served(grouped_refs, values, join_keys), values, join_keys, *args)  # type: ignore[misc]

    async def _read_features_per_fv_async(self, config: Any, grouped_refs: list[View], values: Any, join_keys: Any, *args: Any) -> None:
        await super()._read_features_per_fv_async(config, served(grouped_refs, values, join_keys), values, join_keys, *args)  # type: ignore[misc]


def served(views: Sequence[View], values: Mapping[str, Any], join_keys: Mapping[str, str]) -> list[View]:
    """Return the views of a look-up that are online, in their order.

    Parameters
    ----------
    values
        What is given of each join key.
    join_keys
        Join key of each entity.

    Raises
    ------
    InvalidInput
        If none is online.
    MissingJoinKey
        If the rows lack a join key of one that is.
    """
    online = [(view, names) for view, names in views if view.online]
    offline = ", ".join(view.name for view, _ in views if not view.online)
    if offline and not online:
        raise InvalidInput(f"not served online: {offline}", where="online store", hint=OFFLINE)
    for view, _ in online:
        aliases = view.projection.join_key_map
        keys = [join_keys[entity] for entity in view.entities if entity in join_keys]
        missing = [name for key in keys if (name := aliases.get(key, key)) not in values]
        if missing:
            what = f"lack {', '.join(missing)}, which view {view.name!r} is keyed by"
            error = MissingJoinKey(what, where="entity rows", hint="add the join keys")
            error.keys = tuple(missing)
            raise error
    if offline:
        warnings.warn(f"not served online and left out of the answer: {offline}; {OFFLINE}", NotServedOnline, stacklevel=_callers_level())
    return online


def _callers_level() -> int:
    """Return the level, counted from who calls this, of the code that asked Feast: a warning is shown once for each such place."""
    frame, level = sys._getframe(1), 1  # noqa: SLF001 - how warnings finds it, too
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in INSIDE:
        frame, level = frame.f_back, level + 1
    return level


def refuse_fractions(rows: Any, registry: Any, project: str) -> None:
    """Raise where a key that is an integer is given as something that is none."""
    columns = rows if isinstance(rows, Mapping) else {name: [row.get(name) for row in rows] for name in {*chain(*rows)}}
    cut = {name: value for name, values in columns.items() if isinstance(values, list | tuple) for value in values if _is_cut(value)}
    if not cut:
        return
    integers = {entity.join_key for entity in registry.list_entities(project, allow_cache=True) if entity.value_type in INTEGER_TYPES}
    wrong = sorted(name for name in cut if name in integers)
    if wrong:
        raise InvalidInput(f"{wrong[0]} {cut[wrong[0]]!r} is not an integer", where="entity rows", hint="give keys of the tables")


def _is_cut(value: object) -> bool:
    """Return whether a value is a number that is no integer, or a float that may have lost digits."""
    if isinstance(value, bool | np.bool_):
        return True
    if not isinstance(value, float | Decimal | np.floating):
        return False
    number = value if isinstance(value, Decimal) else float(value)
    is_exact = isinstance(number, Decimal) or abs(number) <= 2**53  # floats beyond it skip integers
    return not (math.isfinite(number) and is_exact and number == int(number))
