"""Check that every customer of an audience has a full list."""

from dataclasses import replace

import polars as pl

from hm_pipeline.base.columns import K
from hm_pipeline.engine.partition_files import scan_files
from hm_pipeline.engine.plan import AUDIENCE
from hm_pipeline.engine.presentation import Check, Finding, StoredPartition, stored_rows

SHOWN = 8  # customers


def _coverage(stored: StoredPartition) -> Finding:
    audience = stored_rows(stored.graph, AUDIENCE, stored.week_id).select("customer_id").collect()
    # A file holds a range of customers, so that no customer is in two of them.
    lists = (scan_files([file]).group_by("customer_id").agg(pl.col("article_id").n_unique().alias("articles")) for file in stored.files)
    counts = pl.concat([rows.collect() for rows in lists] or [pl.DataFrame(schema={"customer_id": pl.Int64, "articles": pl.UInt32})])
    few = audience.join(counts, on="customer_id", how="left").filter(pl.col("articles").fill_null(0) < K)
    return Finding(
        f"0 of {audience.height:,} customers with fewer than {K} different articles",
        f"{few.height:,} of {audience.height:,} customers with fewer than {K} different articles",
        "make candidates again; where it stays, the catalogue on offer is too small",
        few.select("customer_id", pl.col("articles").fill_null(0)).sort("articles", "customer_id").head(SHOWN),
    )


CHECK = Check("coverage", f"Every customer of the audience has {K} different articles.", _coverage)
LISTS = replace(CHECK, is_blocking=True)  # candidates are filled up where they are too few, lists are served as they are
