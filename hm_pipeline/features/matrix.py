"""The wide rows the ensemble reads, fetched through Feast shard by shard and never held for everyone at once."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import dataframely as dy
import polars as pl

from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.step import WeekContext
from hm_pipeline.features.consistency import require_agreement
from hm_pipeline.features.feast_objects import KEYS
from hm_pipeline.features.historical import IS_CANDIDATE, fetch, open_store
from hm_pipeline.features.tables import RANKING, feature_tables

if TYPE_CHECKING:
    from feast import FeatureStore


@cache
def store_of(home: Path, threads: int, memory: str) -> "FeatureStore":
    """Open a home's store once per process, with everything registered."""
    return open_store(home, feature_tables(), threads=threads, memory_limit=memory)


class Registered(dy.Schema):
    """The features that Feast serves."""

    feature = dy.String(primary_key=True, description="name of the feature")
    view = dy.String(nullable=False, description="Feast view that holds it")
    keys = dy.String(nullable=False, description="join keys of the view")
    dtype = dy.String(nullable=False, description="type in the stored table")
    meaning = dy.String(nullable=False, description="description, with its unit")
    services = dy.String(nullable=False, description="Feast services that serve it")


def register(week: WeekContext) -> pl.DataFrame:
    """Register entities, views and services with Feast, and return :class:`Registered`.

    Raises
    ------
    SchemaViolation
        If a registered view differs from its contract.
    """
    home = week.settings.home.absolute()
    require_agreement(store_of(home, week.settings.threads, week.settings.memory), feature_tables())
    rows = [
        (name, table.name, ", ".join(table.keys), type(column).__name__, column.description or "", ", ".join(table.services))
        for table in feature_tables()
        for name, column in table.features.items()
    ]
    return pl.DataFrame(rows, schema=Registered.column_names(), orient="row")


def features_of_labels(inputs: Inputs, week: WeekContext) -> pl.DataFrame:
    """Return the features of a shard's labelled pairs."""
    return _fetch(inputs.weekly("labels").at(week.week_id), week)


def features_of_candidates(inputs: Inputs, week: WeekContext) -> pl.DataFrame:
    """Return the features of a shard's candidates."""
    return _fetch(inputs.weekly("candidates").at(week.week_id), week)


def _fetch(pairs: pl.LazyFrame, week: WeekContext) -> pl.DataFrame:
    keys = pairs.select(KEYS).sort("customer_id", "article_id").collect()
    settings = week.settings
    store = store_of(settings.home.absolute(), settings.threads, settings.memory)
    return fetch(store, keys, service=RANKING, calendar=week.calendar).drop(IS_CANDIDATE)  # all are
