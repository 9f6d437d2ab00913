from datetime import timedelta

import polars as pl

from hm_pipeline.base.calendar import REFERENCE
from hm_pipeline.base.contracts import Transactions
from hm_pipeline.engine.tables import InMemoryTable
from hm_pipeline.evaluation.scoreboard.segments import segment_buyers

WEEK = 104


def purchases(*rows):
    """Make purchases of (days before the cutoff, customer)."""
    days = [REFERENCE.start(WEEK) - timedelta(days=ago) for ago, _ in rows]
    bought = pl.DataFrame(
        {"t_dat": days, "customer_id": [customer for _, customer in rows]}, schema={"t_dat": pl.Date, "customer_id": pl.Int64}
    )
    return bought.with_columns(
        week_id=pl.Series([REFERENCE.week_of(day) for day in days], dtype=pl.Int64),
        article_id=pl.lit(10, dtype=pl.Int64),
        price=pl.lit(1, dtype=pl.Int32),
        sales_channel_id=pl.lit(2, dtype=pl.Int8),
    ).select(Transactions.column_names())


def segments(bought, buyers):
    table = segment_buyers(
        InMemoryTable(bought, Transactions, max_week=WEEK - 1),
        buyers=pl.DataFrame({"customer_id": buyers}, schema={"customer_id": pl.Int64}),
        week_id=WEEK,
        calendar=REFERENCE,
    )
    assert table["week_id"].unique().to_list() in ([WEEK], [])
    return dict(zip(table["customer_id"], table["segment"], strict=True))


def test_the_last_purchase_before_the_cutoff_decides():
    bought = purchases((1, 1), (400, 1), (30, 2), (31, 3), (700, 4), (0, 5), (-6, 5), (0, 3), (1, 99))
    expected = {1: "active", 2: "active", 3: "dormant", 4: "dormant", 5: "new", 6: "new"}
    assert segments(bought, [6, 5, 4, 3, 2, 1, 1]) == expected
    assert list(segments(bought, [6, 5, 4, 3, 2, 1])) == [1, 2, 3, 4, 5, 6]


def test_nobody():
    assert segments(purchases(), [7]) == {7: "new"}
    assert segments(purchases((1, 1)), []) == {}
