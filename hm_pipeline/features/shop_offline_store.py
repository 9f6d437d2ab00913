"""Offline store of a home: entity tables may hold the shop's own ids."""

from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from pydantic import Field

from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.feast_duckdb.offline.frames import as_arrow
from hm_pipeline.feast_duckdb.offline.point_in_time_job import PointInTimeJob
from hm_pipeline.feast_duckdb.offline.store import DuckDBPointInTimeOfflineStore, DuckDBPointInTimeOfflineStoreConfig
from hm_pipeline.features.default_home import default_home
from hm_pipeline.features.shop_keys import NAMES, keys_of

TYPE = "hm_pipeline.features.shop_offline_store.ShopOfflineStore"


class ShopOfflineStoreConfig(DuckDBPointInTimeOfflineStoreConfig):
    """Settings of the store; ``root`` is the home where not given."""

    type: str = TYPE
    root: str = Field(default_factory=lambda: str(default_home()))


class ShopOfflineStore(DuckDBPointInTimeOfflineStore):
    """Point-in-time joins over the tables of a home."""

    @staticmethod
    def get_historical_features(
        config: Any, feature_views: Any, feature_refs: Any, entity_df: Any, *args: Any, **named: Any
    ) -> PointInTimeJob:
        """Prepare the features of an entity table.

        Parameters
        ----------
        entity_df
            As the plug-in takes it.  Customers and articles of a frame may be the shop's own ids, as texts; they come out as
            the integers of the tables.

        Raises
        ------
        MissingInput
            If a customer or an article is not the shop's.
        InvalidInput
            If a SELECT statement gives texts.
        """
        asked = entity_df if entity_df is None or isinstance(entity_df, str) else _with_keys(entity_df, Path(config.offline_store.root))
        try:
            return DuckDBPointInTimeOfflineStore.get_historical_features(config, feature_views, feature_refs, asked, *args, **named)
        except InvalidInput as error:
            if not error.what.startswith(tuple(f"{name} is VARCHAR" for name in NAMES)):
                raise
            hint = "give the integers of the tables; ids of the shop are taken from frames, not from SQL"
            raise InvalidInput(error.what, where=error.where, hint=hint) from error


def _with_keys(entity_df: Any, home: Path) -> pa.Table:
    """Return an entity table with the integers of the tables in place of the shop's ids."""
    table = as_arrow(entity_df, where="entity table")
    given = {name: pl.Series(pl.from_arrow(table[name])) for name in NAMES if name in table.column_names}
    for name, keys in keys_of(given, home).items():
        table = table.set_column(table.column_names.index(name), name, pa.array(keys, pa.int64()))
    return table
