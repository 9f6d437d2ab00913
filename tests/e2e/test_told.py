"""Dagster hears what an ingest wrote, once, and again where it changed."""

import dagster as dg
import pytest

from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.simulator.simulate import simulate
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.orchestration.execute import materialize
from hm_pipeline.orchestration.ingest_events import DATA_VERSION, report_ingested
from hm_pipeline.orchestration.instance import dagster_instance
from tests.e2e.conftest import WEEKS, last_week

pytestmark = pytest.mark.filterwarnings("ignore::dagster.BetaWarning", "ignore::DeprecationWarning")  # Dagster's own


def last_told(instance, name, key):
    wanted = dg.AssetRecordsFilter(asset_key=dg.AssetKey(name.split("/")), asset_partitions=[key] if key else None)
    return instance.fetch_materializations(wanted, limit=1).records[0].asset_materialization


def test_dagster_hears_what_an_ingest_wrote(fresh, tmp_path):
    settings = fresh("told")
    home, last = Home(settings.home), last_week(settings)
    with dagster_instance(settings) as instance:
        assert report_ingested(instance, settings) == WEEKS + 2  # and articles and customers
        assert report_ingested(instance, settings) == 0
        sold = last_told(instance, "transactions", home.calendar.key(last - 1))
        assert sold.tags[DATA_VERSION] == Manifest.load(home.folder("transactions", last - 1)).fingerprint
        assert sold.metadata["rows"].value == Manifest.load(home.folder("transactions", last - 1)).rows
    simulate(tmp_path / "more", customers=900, articles=500, weeks=3, seed=5)
    ingest(tmp_path / "more", settings.home, settings=settings, replace_weeks=True, replace_types=True)
    with dagster_instance(settings) as instance:
        assert report_ingested(instance, settings) == 3 + 2


def test_what_is_made_knows_which_ingest_it_was_made_from(fresh):
    """So that Dagster calls it stale when a later ingest brings other rows."""
    settings = fresh("known")
    home, last = Home(settings.home), last_week(settings)
    materialize(settings, [("history/type_sales", last)])
    with dagster_instance(settings) as instance:
        made = last_told(instance, "history/type_sales", home.calendar.key(last))
        read = last_told(instance, "articles", None)
    assert made.tags["dagster/input_data_version/articles"] == read.tags[DATA_VERSION]
    assert read.tags[DATA_VERSION] == Manifest.load(home.folder("articles")).fingerprint
