"""Target leakage: features whose own area under the curve against the label exceeds 0.999."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from sklearn.metrics import roc_auc_score

from hm_pipeline.base.contracts import Labels
from hm_pipeline.engine.plan import Graph
from hm_pipeline.evaluation.leakage.partition_digest import shards
from hm_pipeline.features.feast_objects import FeatureTable

LABEL = "is_bought"
MAX_AUC = 0.999  # an honest feature of a purchase has about 0.8
FEWEST = 5  # bought pairs, or chance alone may order them


def labelled_pairs(graph: Graph, week_id: int, audience: pl.DataFrame) -> pl.DataFrame:
    """Return the week's candidates of the audience with ``is_bought``, and the clothing type of each article."""
    rows = pl.concat([Labels.create_empty(), *shards(graph.folder("labels", week_id), audience)], how="diagonal")
    types = graph.home.dimension("articles").select("article_id", "product_type_no").collect()
    return rows.select("customer_id", "week_id", "article_id", LABEL).join(types, on="article_id", how="left")


def single_feature_auc(graph: Graph, table: FeatureTable, week_id: int, pairs: pl.DataFrame, audience: pl.DataFrame) -> dict[str, float]:
    """Return how well each feature of a table orders the labelled pairs by itself, 1 is without fault.

    Both directions count, and rows without a value are once the least and once the greatest.
    """
    bought = pairs[LABEL].sum()
    if bought < FEWEST or bought == pairs.height:
        return {}
    folder = graph.folder(table.table, week_id)
    keys = list(table.keys)
    values = pl.concat([_needed(rows, keys, table, pairs) for rows in shards(folder, audience)])
    joined = pairs.join(values, on=keys, how="left", maintain_order="left")
    labels = joined[LABEL].to_numpy()
    return {name: _auc(joined[name], labels) for name in table.features}


def _needed(rows: pl.DataFrame, keys: list[str], table: FeatureTable, pairs: pl.DataFrame) -> pl.DataFrame:
    return rows.select(*keys, *table.features).join(pairs.select(keys).unique(), on=keys, how="semi")


def _auc(values: pl.Series, labels: np.ndarray) -> float:
    return max(max(area, 1 - area) for area in (float(roc_auc_score(labels, filled)) for filled in _filled(values)))


def _filled(values: pl.Series) -> Iterator[np.ndarray]:
    number = values.cast(pl.Float64).fill_nan(None)
    low, high = float(number.min() or 0) - 1, float(number.max() or 0) + 1  # type: ignore[arg-type]
    yield number.fill_null(low).to_numpy()
    if number.null_count():
        yield number.fill_null(high).to_numpy()
