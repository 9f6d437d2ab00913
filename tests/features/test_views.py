"""Views follow the contracts, and what cannot be a view is refused."""

from datetime import timedelta

import dataframely as dy
import pytest
from feast import types

from hm_pipeline.base.contracts import Articles, ArticleWeek, CustomerWeek, Pair
from hm_pipeline.base.errors import SchemaViolation
from hm_pipeline.features.feast_objects import FeatureTable, build
from hm_pipeline.features.tables import column_sources, feature_tables


class Need(CustomerWeek):
    need_propensity = dy.Float32(description="chance that the customer buys")
    last_visit_days = dy.Int16(nullable=True)
    shown = dy.String(metadata={"feature": False})


class Season(ArticleWeek):
    season_share = dy.Float64()


class Style(Pair):
    style_similarity = dy.Float32()
    is_seen = dy.Bool()


TABLES = (
    FeatureTable("articles", "articles", Articles, "The catalogue."),
    FeatureTable("need_propensity", "signal/need_propensity", Need, "Who needs something.", ("ranking", "signals")),
    FeatureTable("seasonality", "signal/seasonality", Season, "When it is worn."),
    FeatureTable("style", "signal/style", Style, "What suits whom.", ("ranking", "signals")),
)


def test_a_view_says_what_its_contract_says():
    objects = build(TABLES)
    need = next(view for view in objects.views if view.name == "need_propensity")
    fields = {field.name: field for field in need.features}
    assert {name: field.dtype for name, field in fields.items()} == {"need_propensity": types.Float32, "last_visit_days": types.Int32}
    assert fields["need_propensity"].description == "chance that the customer buys"
    assert (need.ttl, need.online, need.description) == (timedelta(days=7), True, "Who needs something.")
    assert need.batch_source.path == "tables/signal/need_propensity/week_id=*/shard=*.parquet"
    assert [entity.name for entity in objects.entities] == ["customer", "week", "article"]


def test_dimensions_hold_for_ever_and_pairs_stay_offline():
    views = {view.name: view for view in build(TABLES).views}
    assert not views["articles"].ttl
    assert views["articles"].batch_source.path == "tables/articles/shard=*.parquet"
    assert not views["style"].online


def test_services_begin_with_the_finest_grain():
    services = {service.name: service for service in build(TABLES).services}
    names = [projection.name for projection in services["ranking"].feature_view_projections]
    assert names == ["style", "need_propensity", "seasonality", "articles"]
    assert [projection.name for projection in services["signals"].feature_view_projections] == ["style", "need_propensity"]


class Day(CustomerWeek):
    bought_on = dy.Date()


class Stranger(dy.Schema):
    colour = dy.Int64(primary_key=True)


class ByType(CustomerWeek):
    product_type_no = dy.Int64(primary_key=True)
    type_need = dy.Float32()


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ([TABLES[1], FeatureTable("again", "again", Need, "")], "need_propensity would appear twice"),
        ([TABLES[1], FeatureTable("need_propensity", "style", Style, "")], "need_propensity would appear twice"),
        ([FeatureTable("day", "day", Day, "")], "bought_on is Date"),
        ([FeatureTable("stranger", "stranger", Stranger, "")], "keyed by"),
        ([FeatureTable("customer_types", "types", ByType, "")], "leave it out of the services"),
    ],
)
def test_what_cannot_be_a_view(tables, message):
    with pytest.raises(SchemaViolation, match=message):
        build(tables)


def test_a_finer_key_may_have_a_view_outside_the_services():
    objects = build([FeatureTable("customer_types", "types", ByType, "Need by clothing type.", ())])
    assert objects.services == ()
    assert [entity.name for entity in objects.entities] == ["customer", "week", "clothing_type"]


def test_the_need_of_types_has_a_view_that_nobody_is_served():
    (table,) = (table for table in feature_tables() if table.table == "signal/type_need")
    assert (table.name, table.services, table.keys) == ("customer_types", (), ("customer_id", "week_id", "product_type_no"))
    assert not {"type_need", "type_need_since_weeks"} & column_sources().keys()
    assert {"need_propensity", "visit_propensity", "availability_peak_share", "seasonality_group_growth"} <= column_sources().keys()
