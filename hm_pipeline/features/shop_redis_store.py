"""Redis as the online store of a home: Feast's own store, with the guards and the ids of the one on SQLite."""

from typing import Any

from feast.infra.online_stores.redis import RedisOnlineStore, RedisOnlineStoreConfig

from hm_pipeline.feast_duckdb.online.guarded_reads import GuardedReads
from hm_pipeline.feast_duckdb.online.redis_writer import served_week
from hm_pipeline.features.shop_online_store import ShopReads

TYPE = "hm_pipeline.features.shop_redis_store.ShopRedisOnlineStore"


class ShopRedisOnlineStoreConfig(RedisOnlineStoreConfig):  # type: ignore[misc]
    """Settings of the store: those of Feast's own."""

    type: str = TYPE
    skip_dedup: bool = True  # a week that is made again has the timestamps it had, and Feast would keep the older row


class ShopRedisOnlineStore(ShopReads, GuardedReads, RedisOnlineStore):  # type: ignore[misc]
    """Rows on a Redis server."""

    def _served(self, config: Any) -> int | None:
        return served_week(self._get_client(config.online_store), config.project)
