"""Score in an ingested home the rules whose scores on the reference data were published."""

import polars as pl

from hm_pipeline.contracts import Transactions
from hm_pipeline.ensemble.metrics import map_at
from hm_pipeline.evaluation.calibration.counts import Figures
from hm_pipeline.evaluation.layers import own_purchases, recent_purchases, stack
from hm_pipeline.evaluation.rules import Rule, rank_l0, rank_l1, rank_l2
from hm_pipeline.tables import Home, WeeklyTable
from hm_pipeline.weeks import DAYS, Calendar

PAIR = ("week_id", "customer_id", "article_id")


def score(home: Home) -> Figures:
    """Return MAP@12 of the rules, and recalls of simple candidates, over the buyers of the last week."""
    calendar, last = home.calendar, home.calendar.last_week - 1  # the calendar ends with the week that is to come
    transactions = home.weekly("transactions", Transactions)
    bought = transactions.at(last).select(PAIR).unique().collect()
    audience = bought.select("customer_id").unique().sort("customer_id")
    tables = (transactions, home.static("articles"), home.static("customers"))

    def ranked(rule: Rule, week_id: int = last) -> float:
        lists = rule(*tables, audience=audience, week_id=week_id, calendar=calendar)
        return map_at(lists.with_columns(pl.lit(last, dtype=pl.Int64).alias("week_id")), bought)

    found = {
        "map_top": ranked(rank_l0),
        "map_own": ranked(_own),
        "map_filled": ranked(rank_l1),
        "map_rules": ranked(rank_l2),
        "map_stale": ranked(rank_l2, last - 1),
    }
    ratios = {"ratio_filled": _over(found["map_filled"], found["map_own"]), "ratio_stale": _over(found["map_stale"], found["map_rules"])}
    return found | ratios | _recalls(transactions, bought, last)


def _own(
    transactions: WeeklyTable,
    _articles: pl.LazyFrame,
    _customers: pl.LazyFrame,
    /,
    *,
    audience: pl.DataFrame,
    week_id: int,
    calendar: Calendar,
) -> pl.DataFrame:
    return stack([own_purchases(recent_purchases(transactions, week_id, calendar, DAYS), audience, pl.col("decay"))], week_id)


def _over(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _recalls(transactions: WeeklyTable, bought: pl.DataFrame, last: int) -> Figures:
    """Return the shares of the bought pairs that simple candidates would have held, of the same length for everyone."""
    sold = {weeks: transactions.before(last, weeks).group_by("article_id").len() for weeks in (1, 4)}
    best = {weeks: counts.sort("len", "article_id", descending=[True, False]).head(100).collect() for weeks, counts in sold.items()}
    held = {f"recall_4_{top}": best[4].head(top) for top in (12, 50, 100)} | {"recall_60": best[1].head(60)}
    found: Figures = {key: bought.join(top, on="article_id", how="semi").height for key, top in held.items()}
    buyers = bought.lazy().select("customer_id").unique()
    earlier = transactions.before(last).join(buyers, on="customer_id", how="semi").select("customer_id", "article_id").unique().collect()
    found["recall_own"] = bought.join(earlier, on=["customer_id", "article_id"], how="semi").height
    return {key: _over(float(hits or 0), bought.height) for key, hits in found.items()}
