"""A home of random tables whose shop has ids of its own, and what Feast is asked about it."""

import polars as pl

from hm_pipeline.engine.shop_ids import ARTICLES as ARTICLES_FILE
from hm_pipeline.engine.shop_ids import CUSTOMERS as CUSTOMERS_FILE

from .online_home import ARTICLES, HEX, IDS

CUSTOMER_OF = {f"C{number:03}": key for number, key in enumerate(IDS)}
ARTICLE_OF = {f"DB-{number}": number for number in range(100, 100 + ARTICLES)}


def give_own_ids(home):
    """Let a home be that of a shop with ids like C007 and DB-141."""
    pl.DataFrame({"customer_hex": HEX, "customer": [*CUSTOMER_OF]}).write_parquet(home.root / CUSTOMERS_FILE)
    pl.DataFrame({"article_id": [*ARTICLE_OF.values()], "article": [*ARTICLE_OF]}).write_parquet(home.root / ARTICLES_FILE)
