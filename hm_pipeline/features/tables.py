"""The tables that Feast serves, read off SIGNALS and STRATEGIES, and the contract of the matrix they make."""

import types
from functools import cache

import dataframely as dy

from hm_pipeline.base.contracts import Pair
from hm_pipeline.features.feast_objects import FeatureTable
from hm_pipeline.features.online_views import Needs, Rankings
from hm_pipeline.recommender.candidates import STRATEGIES
from hm_pipeline.recommender.candidates.first_stage.model import candidates_schema
from hm_pipeline.recommender.signals import SIGNALS

RANKING, LOOKBOOK = "ranking", "lookbook"


class ArticleAttributes(dy.Schema):
    """Attributes of the article that trees can split on."""

    article_id = dy.Int64(primary_key=True, description="article")
    product_type_no = dy.Int64(nullable=True, description="clothing type")
    department_no = dy.Int64(nullable=True, description="department")
    section_no = dy.Int64(nullable=True, description="section")
    index_group_no = dy.Int64(nullable=True, description="group of indexes")
    garment_group_no = dy.Int64(nullable=True, description="garment group")
    colour_group_code = dy.Int64(nullable=True, description="colour")


class CustomerAttributes(dy.Schema):
    """Attributes of the customer; the snapshot of unknown date (club, newsletter, flags) is no feature."""

    customer_id = dy.Int64(primary_key=True, description="customer")
    age = dy.Int16(nullable=True, description="age in years")


@cache
def feature_tables() -> tuple[FeatureTable, ...]:
    """Return the tables that become Feast views, the finest grain first."""
    candidates = FeatureTable(
        "candidates", "candidates", candidates_schema(STRATEGIES), "What the strategies and the first stage said.", (RANKING,)
    )
    signals = [
        FeatureTable(signal.view or signal.name, f"signal/{signal.name}", signal.schema, signal.description, signal.services)
        for signal in SIGNALS
    ]
    arrays = (
        FeatureTable("rankings", "rankings", Rankings, "The best articles of every customer, best first.", (LOOKBOOK,)),
        FeatureTable("needs", "needs", Needs, "The clothing types that every customer needs most.", (LOOKBOOK,)),
    )
    attributes = (
        FeatureTable("customers", "customers", CustomerAttributes, "Attributes of the customer.", (RANKING, LOOKBOOK)),
        FeatureTable("articles", "articles", ArticleAttributes, "Attributes of the article.", (RANKING,)),
    )
    return (candidates, *sorted(signals, key=lambda table: -len(table.keys)), *arrays, *attributes)


def column_sources() -> dict[str, str]:
    """Return every feature column of the ranking and the signal, strategy or table that makes it."""
    sources = {column: table.name for table in feature_tables() if RANKING in table.services for column in table.features}
    return sources | {column: strategy.name for strategy in STRATEGIES for column in strategy.columns}


@cache
def matrix_schema() -> type[dy.Schema]:
    """Return the contract of the feature matrix: the pair and every column of the ranking, null where unknown."""
    columns = {
        name: type(column)(nullable=True, description=column.description)
        for table in feature_tables()
        if RANKING in table.services
        for name, column in table.features.items()
    }
    return types.new_class("FeatureMatrix", (Pair,), exec_body=lambda names: names.update(columns))
