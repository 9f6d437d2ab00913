"""Homes of a few weeks, written by hand, so that one thing in one week can be made wrong."""

from datetime import date
from pathlib import Path

import polars as pl

from hm_pipeline.assets import STEPS
from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.contracts import Articles, Transactions
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import PartitionWriter
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.presentation import StoredPartition, partition

EPOCH, LAST = date(2020, 1, 1), 20  # the last week with purchases is the one before


def empty_home(root: Path, **span: object) -> Graph:
    """Return the product's graph over a home of 20 weeks with nothing in it."""
    Calendar(EPOCH, 0, LAST, **span).save(root / "calendar.json")
    return Graph(STEPS, Home(root), Settings(home=root))


def put(graph: Graph, table: str, week_id: int | None, frame: pl.DataFrame, *, audience: str = "", **metrics: float) -> None:
    """Write a partition of one file."""
    writer = PartitionWriter(graph.home.folder(table, week_id))
    writer.finish([writer.write(frame)], fingerprint="written by hand", audience=audience, metrics=metrics)


def purchases(graph: Graph, week_id: int, rows: int = 100, *, price: int = 20_000, channel: int | None = 2, article: int = 1) -> None:
    """Write a week's purchases, which are alike but for one in ten, at half as much again."""
    number = pl.int_range(rows, dtype=pl.Int64, eager=True)
    frame = pl.DataFrame(
        {
            "week_id": [week_id] * rows,
            "customer_id": number,
            "article_id": [article] * rows,
            "t_dat": [graph.calendar.start(week_id)] * rows,
            "price": (number % 10 == 0).cast(pl.Int64) * (price // 2) + price,
            "sales_channel_id": [channel] * rows,
        },
        schema_overrides={"sales_channel_id": pl.Int8},
    )
    put(graph, "transactions", week_id, Transactions.cast(frame))


def usual_weeks(root: Path, **span: object) -> Graph:
    """Return a home of 20 weeks of about 100 purchases of article 1, where article 2 was never sold."""
    graph = empty_home(root, **span)
    catalogue = pl.DataFrame({"article_id": [1, 2], "product_type_name": ["coat", "scarf"], "colour_group_name": ["red", "red"]})
    empty = Articles.create_empty().select(pl.exclude(catalogue.columns))
    put(graph, "articles", None, pl.concat([catalogue, empty], how="diagonal").select(Articles.column_names()))
    for week_id in range(LAST):
        purchases(graph, week_id, 100 + week_id % 3)
    return graph


def stored(graph: Graph, table: str, week_id: int) -> StoredPartition:
    """Return a partition that is stored."""
    found = partition(graph, graph.steps[table], week_id)
    assert found is not None
    return found
