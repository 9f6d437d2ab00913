"""Guard against lost rows: rows that a delivery would remove without naming them are listed, and the delivery is refused."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from hm_pipeline.base.contracts import Transactions
from hm_pipeline.base.errors import InvalidInput
from hm_pipeline.base.files import atomic_write, content_hash
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest, scan_files
from hm_pipeline.engine.shop_ids import ShopIds

FILE = "lost.parquet"
NAMED = 3  # weeks that a refusal names
HINT = "deliver complete weeks, or let the weeks of the files replace the home's with --replace-weeks"


class LostRows(InvalidInput):
    """Rows of the home would be gone after a delivery."""


def lost_rows(home: Home, week_id: int, rows: pl.DataFrame) -> pl.DataFrame:
    """Return the home's rows of a week that are not, or not as often, among the delivered ones; ``rows`` counts each.

    Raises
    ------
    InvalidInput
        If the home's rows cannot be read for the comparison.
    """
    columns = Transactions.column_names()
    manifest = Manifest.load(home.folder("transactions", week_id))
    if manifest is None or manifest.content == content_hash(rows):
        return Transactions.create_empty().with_columns(pl.lit(0, pl.Int64).alias("rows"))
    try:
        stored = home.weekly("transactions", Transactions).at(week_id).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        what = "a stored file is missing or corrupt, and the delivered rows are not the ones it held"
        raise InvalidInput(what, where=str(home.folder("transactions", week_id)), hint=HINT) from error
    had = stored.group_by(columns).agg(pl.len().cast(pl.Int64).alias("had"))
    has = rows.group_by(columns).agg(pl.len().cast(pl.Int64).alias("has"))
    beside = had.join(has, on=columns, how="left", nulls_equal=True)
    gone = beside.select(*columns, (pl.col("had") - pl.col("has").fill_null(0)).alias("rows"))
    return gone.filter(pl.col("rows") > 0).sort(columns)


def refuse_losses(home: Home, folder: Path, counts: Mapping[int, int], customers: pl.DataFrame) -> LostRows:
    """List the rows of weeks that would lose so many in the home, whose tables stay as they were, and return the error.

    Every row stands in the list once, with the first day of its ``week`` and how many of it would be lost in ``rows``.

    Parameters
    ----------
    folder
        Where the rows lie, a file a week.
    customers
        Everyone known, for the ids that people know.
    """
    weeks, calendar = sorted(counts), home.calendar
    listed = scan_files(folder / f"{week_id}.parquet" for week_id in weeks).select(
        week=pl.lit(calendar.epoch) + pl.duration(days=7 * pl.col("week_id")),
        **{name: name for name in (*Transactions.column_names()[1:], "rows")},
    )
    ids = customers.lazy().select("customer_id", "customer_hex")
    lost = listed.join(ids, on="customer_id", how="left").with_columns(customer_id="customer_hex").drop("customer_hex")
    atomic_write(home.root / FILE, _in_the_shop_s_ids(lost, home).sink_parquet)
    number = sum(counts.values())
    keys = ", ".join(calendar.key(week_id) for week_id in weeks[:NAMED]) + (f" and {len(weeks) - NAMED} more" if len(weeks) > NAMED else "")
    what = f"{number:,} {'purchase that the home holds is' if number == 1 else 'purchases that the home holds are'} not in the files"
    where = f"{'week' if len(weeks) == 1 else 'weeks'} of {keys}; listed in {FILE} of the home"
    return LostRows(what, where=where, hint=HINT)


def _in_the_shop_s_ids(rows: pl.LazyFrame, home: Home) -> pl.LazyFrame:
    ids = ShopIds.load(home.root)
    if ids.customers is not None:
        known = ids.customers.lazy().select(customer_id="customer_hex", own="customer")
        rows = rows.join(known, on="customer_id", how="left").with_columns(customer_id="own").drop("own")
    if ids.articles is not None:
        rows = rows.join(ids.articles.lazy(), on="article_id", how="left").with_columns(article_id="article").drop("article")
    return rows
