"""Requests that the feature store must refuse, or answer without the future and without another key's features."""

from datetime import datetime, timedelta
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl

from hm_pipeline.base.errors import HMError
from hm_pipeline.engine.partition_files import files_of, scan_files
from hm_pipeline.engine.plan import Graph
from hm_pipeline.evaluation.leakage.result import UNCHANGED
from hm_pipeline.features.feast_objects import KEYS, TIMESTAMP
from hm_pipeline.features.historical import service_of
from hm_pipeline.features.matrix import store_of
from hm_pipeline.features.tables import RANKING, feature_tables

if TYPE_CHECKING:
    from feast import FeatureStore

STORE = "(store)"
OFFSETS, EARLIER, FRACTIONS = "moments with offsets", "moments before the cutoff", "keys with a fraction"
ZONES = ("Asia/Kathmandu", "America/Los_Angeles", "Europe/Stockholm")
MOST = 100  # pairs that are asked about


def ask(graph: Graph, week_id: int) -> dict[str, str]:
    """Return, for each kind of question, ``the same`` or what is wrong with the answer.

    Moments are written as texts with an offset: those of the cutoff must give what the cutoff gives, and those of an hour
    before it, whose digits read as one after it, nothing of the week.  Keys with a fraction must be refused.
    """
    pairs, cutoff = _pairs(graph, week_id), graph.calendar.cutoff(week_id)
    store = store_of(graph.home.root, graph.settings.threads, graph.settings.memory)
    plain = _answer(store, pairs.with_columns(pl.lit(cutoff).alias(TIMESTAMP)))
    return {
        OFFSETS: _offsets(store, pairs, cutoff, plain),
        EARLIER: _earlier(store, pairs, cutoff),
        FRACTIONS: _fractions(store, pairs, cutoff),
    }


def _pairs(graph: Graph, week_id: int) -> pl.DataFrame:
    return scan_files(files_of(graph.folder("candidates", week_id))).select(KEYS).head(MOST).collect()


def _answer(store: "FeatureStore", table: Any) -> pl.DataFrame:
    features = service_of(store, RANKING)
    found: pl.DataFrame = store.get_historical_features(entity_df=table, features=features).to_polars()
    return found.drop(TIMESTAMP)


def _offsets(store: "FeatureStore", pairs: pl.DataFrame, cutoff: datetime, plain: pl.DataFrame) -> str:
    written = [cutoff.astimezone(ZoneInfo(zone)).isoformat() for zone in ZONES]
    asked = pairs.with_columns(pl.Series(TIMESTAMP, list(islice(cycle(written), pairs.height))))
    return UNCHANGED if _answer(store, asked).equals(plain) else f"{written[0]} gives other features than the cutoff, which it is"


def _earlier(store: "FeatureStore", pairs: pl.DataFrame, cutoff: datetime) -> str:
    written = (cutoff - timedelta(hours=1)).astimezone(ZoneInfo("Asia/Kathmandu")).isoformat()
    found = _answer(store, pairs.with_columns(pl.lit(written).alias(TIMESTAMP)))
    known = [name for table in feature_tables() if table.is_weekly for name in table.features if name in found.columns]
    answered = [name for name in known if found[name].null_count() < found.height]
    return f"{written}, an hour before the cutoff, gives {answered[0]}" if answered else UNCHANGED


def _fractions(store: "FeatureStore", pairs: pl.DataFrame, cutoff: datetime) -> str:
    for key in KEYS:
        asked = pairs.with_columns(pl.lit(cutoff).alias(TIMESTAMP)).to_pandas()
        asked[key] = asked[key].astype(object)
        asked.loc[len(asked) - 1, key] = 0.5
        try:
            _answer(store, asked)
        except HMError:
            continue
        return f"{key} 0.5 is answered as another"
    return UNCHANGED
