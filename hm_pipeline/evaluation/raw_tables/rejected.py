"""Check of the share of a week's purchases that the ingest left out."""

import polars as pl

from hm_pipeline.base.contracts import RAW_ARTICLES, RAW_CUSTOMERS
from hm_pipeline.datasets.kaggle.rejected_rows import COLUMNS, FILE
from hm_pipeline.datasets.kaggle.transactions import UNKNOWN_ARTICLE, UNKNOWN_CUSTOMER
from hm_pipeline.engine.partition_files import scan_files
from hm_pipeline.engine.presentation import Check, Finding, StoredPartition

USUAL, BROKEN = 0.01, 0.1  # shares of the week's purchases
UNKNOWN = (UNKNOWN_CUSTOMER, UNKNOWN_ARTICLE)
DAY = r"\d{4}-\d{2}-\d{2}"


def _rejected(stored: StoredPartition) -> Finding:
    found = _of_week(stored)
    unknown, every = found.filter(pl.col("reason").is_in(UNKNOWN)).height, found.height
    total = max(every + stored.manifest.rows, 1)
    return Finding(
        f"at most {USUAL:.0%} of {total:,} purchases left out",
        f"{every:,} of {total:,} purchases left out, {every / total:.2%}; {unknown:,} of them of unknown customers or articles",
        f"see {FILE} in the home; are the files of customers and articles those of the same delivery?",
        found.select("file", "line", "reason", "row"),
        is_met=every <= USUAL * total,
        is_mild=unknown <= BROKEN * total,
    )


def _of_week(stored: StoredPartition) -> pl.DataFrame:
    """Return the rejected purchases whose own text has a day of the week."""
    path, start = stored.graph.home.root / FILE, stored.graph.calendar.start(stored.week_id)
    if not path.exists():
        return pl.DataFrame(schema=COLUMNS)
    day = pl.col("row").str.extract(f"({DAY})").str.to_date(strict=False)
    of_purchases = ~pl.col("file").is_in([RAW_CUSTOMERS.file, RAW_ARTICLES.file])
    rows = scan_files([path]).filter(of_purchases, (day - pl.lit(start)).dt.total_days().is_between(0, 6))
    return rows.collect()


REJECTED = Check(
    "rejected",
    f"The ingest has left out at most {USUAL:.0%} of the week's purchases; else it warns. More than {BROKEN:.0%}, of customers or articles"
    " that are not in the files, block.",
    _rejected,
    is_blocking=True,
)
