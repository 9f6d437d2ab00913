"""Check of a week's purchases for categories of the catalogue, and channels, that nobody bought in the weeks before."""

import polars as pl

from hm_pipeline.base.contracts import Transactions
from hm_pipeline.engine.plan import TRANSACTIONS
from hm_pipeline.engine.presentation import Check, Finding, StoredPartition
from hm_pipeline.evaluation.raw_tables.week_stats import AGAIN, WEEKS, judged

COLUMNS = ("product_type_name", "product_group_name", "index_group_name", "garment_group_name", "colour_group_name", "sales_channel_id")
USUAL = 0.05  # share of the week's purchases: a season brings some


def _new_categories(stored: StoredPartition) -> Finding:
    _, past, open_question = judged(stored)
    if open_question:
        return open_question
    table = stored.graph.home.weekly(TRANSACTIONS, Transactions, max_week=stored.week_id)
    articles = stored.graph.home.dimension("articles", stored.week_id + 1).select("article_id", *COLUMNS[:-1])
    sold = table.before(stored.week_id + 1, weeks=WEEKS + 1).join(articles, on="article_id", how="left")
    found = [_new(sold.select("week_id", pl.col(name).cast(pl.String).alias("value")), name, stored.week_id) for name in COLUMNS]
    new = pl.concat([rows for rows, _ in found]).sort("purchases", "column", "value", descending=[True, False, False])
    shares = {name: share for name, (_, share) in zip(COLUMNS, found, strict=True)}
    worst = max(shares, key=lambda name: shares[name])
    return Finding(
        f"at most {USUAL:.0%} of purchases in categories that nobody bought in {past.height} weeks before",
        f"{shares[worst]:.1%} of purchases in new categories of {worst}" if new.height else "0.0% of purchases in new categories",
        f"are texts or codes written otherwise than before? {AGAIN}",
        new,
        is_met=shares[worst] <= USUAL,
    )


def _new(sold: pl.LazyFrame, name: str, week_id: int) -> tuple[pl.DataFrame, float]:
    """Return the values that only the week has, with their purchases, and the share of these."""
    counted = sold.filter(pl.col("value").is_not_null()).group_by("value")
    is_now = pl.col("week_id") == week_id
    counts = counted.agg(purchases=is_now.sum(), before=(~is_now).sum()).sort("value").collect()
    new = counts.filter(pl.col("before") == 0).select(pl.lit(name).alias("column"), "value", pl.col("purchases").cast(pl.Int64))
    return new, float(new["purchases"].sum()) / max(int(counts["purchases"].sum()), 1)


NEW_CATEGORIES = Check(
    "new_categories",
    f"At most {USUAL:.0%} of the week's purchases are of types, groups, colours or channels that nobody bought in {WEEKS} weeks before.",
    _new_categories,
    is_warning=True,
)
