"""Volume, prices and nulls of a week's purchases beside those of up to 13 weeks before it.

The reference is a median and the median absolute deviation from it, so that a sale or a closed week among the 13 moves neither.
"""

from functools import lru_cache
from typing import NamedTuple

import polars as pl

from hm_pipeline.base.contracts import Transactions
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import files_of
from hm_pipeline.engine.plan import TRANSACTIONS
from hm_pipeline.engine.presentation import Check, Finding, StoredPartition

WEEKS = 13  # a quarter: long enough for a median, short enough to be of one season
LEAST_WEEKS = 4  # the deviation of fewer is noise
LEAST_ROWS = 50  # purchases of a usual week; fewer double and halve by chance
SPREADS = 5  # deviations from the median that are still usual
LEAST_SPREAD = 0.05  # of the median: where weeks are nearly equal, a small change is no fault
LEAST_PRICE_SPREAD = 0.1  # autumn's coats cost half as much again as summer's shirts
BROKEN_VOLUME, BROKEN_PRICE = 10, 3  # times the median or a part of it: no season does that, a lost file or another unit does
NULL_STEP, BROKEN_NULLS = 0.05, 0.5  # added share of nulls that is unusual, and that is a lost column
MILLIONTHS = 1e6  # stored prices in the files' unit
CONSISTENCY = 1.4826  # of the median absolute deviation with the standard deviation of a normal distribution
AGAIN = "compare the delivery with its source, then ingest it again with --replace-weeks"
NULLABLE = tuple(name for name, column in Transactions.columns().items() if column.nullable)


class Usual(NamedTuple):
    """Median of past weeks, and how far from it is usual."""

    median: float
    spread: float
    weeks: int

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the greatest value that are usual; neither rows nor prices are below 0."""
        return max(self.median - SPREADS * self.spread, 0), self.median + SPREADS * self.spread

    def is_usual(self, value: float) -> bool:
        """Return whether a value is within the usual spread."""
        return abs(value - self.median) <= SPREADS * self.spread

    def is_broken(self, value: float, times: float) -> bool:
        """Return whether a value is so many times the median, or such a part of it."""
        return not self.median / times <= value <= self.median * times


def usual(past: pl.Series, least_spread: float = LEAST_SPREAD) -> Usual:
    """Return the median of past values and their robust spread.

    Parameters
    ----------
    least_spread
        Part of the median that the spread is at least.

    Examples
    --------
    >>> usual(pl.Series([90.0, 100.0, 110.0, 100.0, 500.0]))
    Usual(median=100.0, spread=14.826, weeks=5)
    """
    median = float(str(past.median() or 0.0))
    deviation = float(str((past - median).abs().median() or 0.0))
    return Usual(median, round(max(CONSISTENCY * deviation, least_spread * median), 9), len(past))


def statistics(stored: StoredPartition, weeks: int = WEEKS) -> pl.DataFrame:
    """Return rows, prices and nulls of the week and of each of so many weeks before it in which anything was bought."""
    home, last = stored.graph.home, stored.week_id
    files = [file for week in range(last - weeks, last + 1) for file in files_of(home.folder(TRANSACTIONS, week))]
    states = tuple((file, file.stat().st_mtime_ns, file.stat().st_size) for file in files if file.exists())
    return _statistics(home, last, weeks, states)


@lru_cache(maxsize=1)
def _statistics(home: Home, last: int, weeks: int, _states: object) -> pl.DataFrame:
    """Scan the weeks once for all checks of a partition, as long as the files are the same."""
    table = home.weekly(TRANSACTIONS, Transactions, max_week=last)
    price = pl.col("price") / MILLIONTHS
    nulls = [pl.col(name).is_null().mean().alias(name) for name in NULLABLE]
    rows = table.before(last + 1, weeks=weeks + 1).group_by("week_id")
    return rows.agg(pl.len().alias("rows"), price.median().alias("price"), price.max().alias("highest"), *nulls).sort("week_id").collect()


def judged(stored: StoredPartition) -> tuple[pl.DataFrame, pl.DataFrame, Finding | None]:
    """Return the week's statistics, those of the weeks before, and the finding where they cannot be compared."""
    rows = statistics(stored)
    now, past = rows.filter(pl.col("week_id") == stored.week_id), rows.filter(pl.col("week_id") < stored.week_id)
    calendar, typical = stored.graph.calendar, float(str(past["rows"].median() or 0))
    if now.is_empty():
        return now, past, _passed("0 purchases, the shop was closed")
    if calendar.cut_short and stored.week_id == calendar.last_week:
        return now, past, _passed(f"a week that is cut short: {calendar.cut_short}")
    if past.height < LEAST_WEEKS:
        return now, past, _passed(f"{past.height} weeks with purchases before it, too few to compare with: {LEAST_WEEKS} are needed")
    if typical < LEAST_ROWS:
        return now, past, _passed(f"{typical:.0f} purchases in a usual week, too few to compare with: {LEAST_ROWS} are needed")
    return now, past, None


def _passed(why: str) -> Finding:
    return Finding(why, why, "")


def _volume(stored: StoredPartition) -> Finding:
    now, past, open_question = judged(stored)
    if open_question:
        return open_question
    known, rows = usual(past["rows"].cast(pl.Float64)), now["rows"].item()
    low, high = known.limits
    expected = f"{low:,.0f} to {high:,.0f} purchases: {known.median:,.0f}, the median of {known.weeks} weeks, and {SPREADS} deviations"
    return Finding(expected, f"{rows:,} purchases", AGAIN, is_met=known.is_usual(rows), is_mild=not known.is_broken(rows, BROKEN_VOLUME))


def _prices(stored: StoredPartition) -> Finding:
    now, past, open_question = judged(stored)
    if open_question:
        return open_question
    known, price, most = usual(past["price"], LEAST_PRICE_SPREAD), now["price"].item(), float(str(past["highest"].max())) * BROKEN_VOLUME
    low, high = known.limits
    return Finding(
        f"a median price of {low:.4g} to {high:.4g}, none above {most:.4g}",
        f"a median price of {price:.4g}, the highest {now['highest'].item():.4g}",
        f"is the currency or the decimal sign another? {AGAIN}",
        is_met=known.is_usual(price) and now["highest"].item() <= most,
        is_mild=not known.is_broken(price, BROKEN_PRICE),
    )


def _nulls(stored: StoredPartition) -> Finding:
    now, past, open_question = judged(stored)
    if open_question:
        return open_question
    shares = {name: (now[name].item(), float(str(past[name].max()))) for name in NULLABLE}
    return Finding(
        ", ".join(f"{name} null in at most {most + NULL_STEP:.1%} of purchases" for name, (_, most) in shares.items()),
        ", ".join(f"{name} null in {share:.1%} of purchases" for name, (share, _) in shares.items()),
        f"is a column missing or called otherwise? {AGAIN}",
        is_met=all(share <= most + NULL_STEP for share, most in shares.values()),
        is_mild=all(share <= most + BROKEN_NULLS for share, most in shares.values()),
    )


_SINCE = f"of up to {WEEKS} weeks with purchases before it"
VOLUME = Check(
    "volume",
    f"The week has as many purchases as those before it: within {SPREADS} robust deviations of the median {_SINCE}, beyond which it warns."
    f" More than {BROKEN_VOLUME} times the median or less than a part in {BROKEN_VOLUME} of it blocks. A closed week passes.",
    _volume,
    is_blocking=True,
)
PRICES = Check(
    "price_range",
    f"The median price is within {SPREADS} robust deviations of the median {_SINCE}, and no price above {BROKEN_VOLUME} times the highest;"
    f" else it warns. A median price {BROKEN_PRICE} times as high or low blocks.",
    _prices,
    is_blocking=True,
)
NULLS = Check(
    "nulls",
    f"No optional column is null in {NULL_STEP:.0%} more of the purchases than in any {_SINCE}; else it warns."
    f" {BROKEN_NULLS:.0%} more blocks.",
    _nulls,
    is_blocking=True,
)
