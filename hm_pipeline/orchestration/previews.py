"""Previews of a partition beside its numbers: a few rows, and the pictures and tables that the entry of its step names."""

import polars as pl

from hm_pipeline.engine.partition_files import Manifest, scan_files
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.step import Step
from hm_pipeline.evaluation.previews import metrics_of

ROWS = 8
SEEN = 1_000  # rows that a customer's list is looked for in


def sample(graph: Graph, step: Step, week_id: int, manifest: Manifest) -> pl.DataFrame:
    """Return the first rows of a stored partition, without the timestamp that is the same in all of them."""
    if step.schema is None or not manifest.files:
        return pl.DataFrame()
    folder = graph.folder(step.name, week_id)
    files = [folder / entry.file for entry in manifest.files]
    rows = scan_files(files).drop("event_timestamp", strict=False)
    names = rows.collect_schema().names()
    if {"customer_id", "rank"} <= set(names):  # one customer's list, best first, is worth more than its smallest article numbers
        return rows.head(SEEN).filter(pl.col("customer_id") == pl.col("customer_id").first()).sort("rank").head(ROWS).collect()
    return rows.head(ROWS).collect()


def previews(graph: Graph, step: Step, week_id: int) -> dict[str, bytes | str]:
    """Return each picture, PNG or JPEG, and each table in Markdown, by its title; none where what it shows is not stored.

    Raises
    ------
    HMError, polars.exceptions.PolarsError, OSError
        Where a stored table cannot be read.
    """
    wanted = (*([metrics_of(step.questions)] if step.questions else []), *step.previews)
    made = ((preview.title, preview.make(graph, week_id)) for preview in wanted)
    return {title: content for title, content in made if content}
