"""Feast's entities, views and services, generated from the tables that signals and strategies write.

A :class:`FeatureTable` is plain data; feast is imported when :func:`build` is called.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dataframely as dy

from hm_pipeline.base.calendar import DAYS
from hm_pipeline.base.errors import SchemaViolation
from hm_pipeline.features.fields import field_of
from hm_pipeline.features.on_demand import on_demand_views

if TYPE_CHECKING:
    from feast import Entity, FeatureService, FeatureView, OnDemandFeatureView

KEYS = ("customer_id", "week_id", "article_id")
TIMESTAMP = "event_timestamp"
MARKER = "manifest.json"  # written last: a partition without one is not complete
OWNER = "hm_pipeline"
ENTITIES = {
    "customer_id": ("customer", "Someone who can be recommended something."),
    "week_id": ("week", "Week a row is about, counted from the epoch."),
    "article_id": ("article", "An article of the catalogue."),
    "product_type_no": ("clothing_type", "A clothing type: trousers, dress, ..."),
}
SERVICES = {
    "ranking": "Features of a pair that the ensemble learns from and scores with.",
    "signals": "The signals of a pair: the answers to the shopper's questions.",
    "lookbook": "What an application shows a customer: the list, the needs, and who the customer is.",
}


@dataclass(frozen=True)
class FeatureTable:
    """A stored table that becomes a Feast view.

    Parameters
    ----------
    name
        Name of the view.
    table
        Folder under ``HM_HOME/tables``.
    schema
        Contract of the table.  Its primary key is the view's key; columns whose metadata have ``{"feature": False}``
        are no features.
    description
        Description of the view.
    services
        Services that serve it.

    Examples
    --------
    >>> from hm_pipeline.base.contracts import Articles
    >>> articles = FeatureTable("articles", "articles", Articles, "The catalogue.", ())
    >>> articles.keys, articles.is_weekly
    (('article_id',), False)
    """

    name: str
    table: str
    schema: type[dy.Schema]
    description: str
    services: tuple[str, ...] = ("ranking",)

    @property
    def keys(self) -> tuple[str, ...]:
        """Join keys, in the order of the grain's name: customer, week, article."""
        stored = self.schema.primary_key()
        return tuple(key for key in ENTITIES if key in stored)

    @property
    def is_weekly(self) -> bool:
        """Whether the table has a partition per week."""
        return "week_id" in self.keys

    @property
    def ttl(self) -> timedelta:
        """Time to live of a row online: the days of its week; 0 is for ever."""
        return timedelta(days=DAYS) if self.is_weekly else timedelta(0)

    @property
    def is_online(self) -> bool:
        """Whether single keys are looked up: all pairs, or all types of all customers, would take hours to write."""
        return "customer_id" not in self.keys or set(self.keys) <= {"customer_id", "week_id"}

    @property
    def features(self) -> dict[str, dy.Column]:
        """Columns that are features."""
        columns = self.schema.columns().items()
        skipped = {*self.schema.primary_key(), TIMESTAMP}
        return {name: column for name, column in columns if name not in skipped and (column.metadata or {}).get("feature", True)}

    @property
    def pattern(self) -> str:
        """The table's files, from the home on: a home that is copied or moved answers for itself."""
        return f"tables/{self.table}/{'week_id=*/shard=*.parquet' if self.is_weekly else 'shard=*.parquet'}"

    def path(self, home: Path) -> str:
        """Return the pattern of the table's files in a home."""
        return f"{escape(str(home.absolute()))}/{self.pattern}"


@dataclass(frozen=True)
class FeastObjects:
    """Objects registered with Feast."""

    entities: "tuple[Entity, ...]"
    views: "tuple[FeatureView, ...]"
    services: "tuple[FeatureService, ...]"
    on_demand: "tuple[OnDemandFeatureView, ...]" = ()

    @property
    def all(self) -> list[Any]:
        """All of them, in the order Feast wants them."""
        return [*self.entities, *self.views, *self.on_demand, *self.services]


def build(tables: Sequence[FeatureTable]) -> FeastObjects:
    """Make Feast's objects of feature tables, whose files are named from the home on.

    Raises
    ------
    SchemaViolation
        If two views share a feature's name, or a table cannot be a view.
    """
    from feast import Entity, FeatureService, ValueType  # noqa: PLC0415 - feast takes seconds to import

    _check(tables)
    used = [key for key in ENTITIES if any(key in table.keys for table in tables)]
    entities = {
        key: Entity(name=ENTITIES[key][0], join_keys=[key], value_type=ValueType.INT64, description=ENTITIES[key][1], owner=OWNER)
        for key in used
    }
    finest_first = sorted(tables, key=lambda table: -len(table.keys))
    views = {table.name: _view(table, entities) for table in finest_first}
    served = sorted({service for table in tables for service in table.services})
    services = tuple(
        FeatureService(
            name=service,
            features=[views[table.name] for table in finest_first if service in table.services],
            description=SERVICES.get(service, ""),
            owner=OWNER,
        )
        for service in served
    )
    return FeastObjects(tuple(entities.values()), tuple(views.values()), services, on_demand_views(views, OWNER))


def _view(table: FeatureTable, entities: "dict[str, Entity]") -> "FeatureView":
    from feast import FeatureView, FileSource  # noqa: PLC0415 - as above
    from feast.data_format import ParquetFormat  # noqa: PLC0415 - as above

    source = FileSource(
        name=f"{table.name}_source",
        path=table.pattern,
        timestamp_field=TIMESTAMP,
        file_format=ParquetFormat(),
        description=f"Partitions of {table.table}.",
        owner=OWNER,
        tags={"marker": MARKER},  # materialisation sees the source alone
    )
    return FeatureView(
        name=table.name,
        entities=[entities[key] for key in table.keys],
        schema=[field_of(table.name, name, column) for name, column in table.features.items()],
        source=source,
        ttl=table.ttl,
        online=table.is_online,
        description=table.description,
        owner=OWNER,
        # a week has one row a key, so that the join needs no search in time; attributes may have changed
        tags={"table": table.table, "marker": MARKER} | ({"exact_key": "week_id"} if table.is_weekly else {}),
    )


def _check(tables: Sequence[FeatureTable]) -> None:
    for table in tables:
        unknown = set(table.schema.primary_key()) - set(ENTITIES)
        if unknown or not table.keys:
            raise SchemaViolation(f"is keyed by {table.schema.primary_key()}", where=table.name, hint=f"key it by some of {KEYS}")
        if table.services and not set(table.keys) <= set(KEYS):
            raise SchemaViolation(f"needs more than {KEYS}", where=table.name, hint="leave it out of the services")
    _unique((table.name for table in tables), "views")
    _unique((name for table in tables for name in table.features), "features")


def _unique(names: Any, where: str) -> None:
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise SchemaViolation(f"{', '.join(repeated)} would appear twice", where=where, hint="rename one of them")
