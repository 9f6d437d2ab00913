"""Check that every customer of an audience has a full list."""

import polars as pl

from hm_pipeline.base.columns import K
from hm_pipeline.engine.presentation import Check, Finding, StoredPartition, row_count


def _coverage(stored: StoredPartition) -> Finding:
    audience = row_count(stored.graph, "audience", stored.week_id)
    counts = stored.table.group_by("customer_id").len("articles").collect()
    few = counts.filter(pl.col("articles") < K).sort("articles", "customer_id")
    short = few.height + max(audience - counts.height, 0)
    return Finding(
        f"0 of {audience} customers with fewer than {K} articles",
        f"{short} of {audience} customers with fewer than {K} articles",
        "make candidates again; where it stays, the catalogue on offer is too small",
        few,
    )


CHECK = Check("coverage", f"Every customer of the audience has {K} articles.", _coverage)
