"""The tables that Feast serves, read off SIGNALS and STRATEGIES, and the contract of the matrix they make."""

import types
from collections.abc import Sequence
from functools import cache

import dataframely as dy

from hm_pipeline.base.contracts import Articles, Customers, Pair
from hm_pipeline.features.feast_objects import FeatureTable
from hm_pipeline.features.online_views import Needs, Rankings
from hm_pipeline.recommender.candidates import STRATEGIES
from hm_pipeline.recommender.candidates.first_stage.model import candidates_schema
from hm_pipeline.recommender.signals import SIGNALS

RANKING, LOOKBOOK = "ranking", "lookbook"


# Attributes that trees can split on; the snapshot of unknown date (club, newsletter, flags) is none.
ARTICLE_ATTRIBUTES = ("product_type_no", "department_no", "section_no", "index_group_no", "garment_group_no", "colour_group_code")
CUSTOMER_ATTRIBUTES = ("age",)


def attributes_of(table: type[dy.Schema], names: Sequence[str]) -> type[dy.Schema]:
    """Return the contract of a table's key and some of its columns, in the order given."""
    columns = {name: table.columns()[name] for name in (*table.primary_key(), *names)}
    return types.new_class(f"{table.__name__}Attributes", (dy.Schema,), exec_body=lambda body: body.update(columns))


@cache
def feature_tables() -> tuple[FeatureTable, ...]:
    """Return the tables that become Feast views, the finest grain first."""
    candidates = FeatureTable(
        "candidates", "candidates", candidates_schema(STRATEGIES), "Ranks and scores of the strategies and the first stage.", (RANKING,)
    )
    signals = [
        FeatureTable(signal.view or signal.name, f"signal/{signal.name}", signal.schema, signal.description, signal.services)
        for signal in SIGNALS
    ]
    arrays = (
        FeatureTable("rankings", "rankings", Rankings, "The best articles of every customer, best first.", (LOOKBOOK,)),
        FeatureTable("needs", "needs", Needs, "The clothing types that every customer needs most.", (LOOKBOOK,)),
    )
    customers, articles = attributes_of(Customers, CUSTOMER_ATTRIBUTES), attributes_of(Articles, ARTICLE_ATTRIBUTES)
    attributes = (
        FeatureTable("customers", "customers", customers, "Attributes of the customer.", (RANKING, LOOKBOOK)),
        FeatureTable("articles", "articles", articles, "Attributes of the article.", (RANKING,)),
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
