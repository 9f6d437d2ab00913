"""Scores of the baselines in an ingested home, for comparison with their published scores on the reference data."""

import polars as pl

from hm_pipeline.base.calendar import DAYS
from hm_pipeline.base.columns import KEYS
from hm_pipeline.base.contracts import Transactions
from hm_pipeline.base.expressions import week_column
from hm_pipeline.engine.home import Home
from hm_pipeline.evaluation.baseline_layers import own_purchases, recent_purchases, stack
from hm_pipeline.evaluation.baselines import Rule, rank_l0, rank_l1, rank_l2
from hm_pipeline.evaluation.simulator.counts import Metrics
from hm_pipeline.recommender.metrics.ranking import map_at

BUYERS, MOST_WEEKS = 300_000, 8  # which twelve articles lead a single week is chance, and moves its MAP by a third


def score(home: Home) -> Metrics:
    """Return MAP@12 of the rules, and recalls of simple candidates, over the buyers of the last weeks.

    As many weeks as give 300,000 buyers, eight at most, each ranked from the weeks before it.
    """
    totals: dict[str, float] = {}
    buyers = pairs = 0
    for week_id in range(home.calendar.last_week - 1, home.calendar.first_week, -1):  # the last one is still to come
        bought = home.weekly("transactions", Transactions).at(week_id).select(KEYS).unique().collect()
        count = bought["customer_id"].n_unique()
        sums = {key: value * count for key, value in _maps(home, bought, week_id).items()} | _hits(home, bought, week_id)
        totals = {key: totals.get(key, 0.0) + value for key, value in sums.items()}
        buyers, pairs = buyers + count, pairs + bought.height
        if buyers >= BUYERS or home.calendar.last_week - week_id >= MOST_WEEKS:
            break
    found: Metrics = {key: _over(total, buyers if key.startswith("map_") else pairs) for key, total in totals.items()}
    found["ratio_filled"] = _over(totals["map_filled"], totals["map_own"])
    found["ratio_stale"] = _over(totals["map_stale"], totals["map_rules"])
    return found


def _maps(home: Home, bought: pl.DataFrame, week_id: int) -> dict[str, float]:
    """Return MAP@12 of the rules whose scores were published, for the buyers of a week."""
    audience = bought.select("customer_id").unique().sort("customer_id")
    tables = (home.weekly("transactions", Transactions), home.dimension("articles"), home.dimension("customers"))

    own = own_purchases(recent_purchases(tables[0], week_id, home.calendar, DAYS), audience, pl.col("decay"))

    def ranked(rule: Rule, known: int = week_id) -> float:
        lists = rule(*tables, audience=audience, week_id=known, calendar=home.calendar)
        return map_at(lists.with_columns(week_column(week_id)), bought)

    return {
        "map_top": ranked(rank_l0),
        "map_own": map_at(stack([own], week_id), bought),
        "map_filled": ranked(rank_l1),
        "map_rules": ranked(rank_l2),
        "map_stale": ranked(rank_l2, week_id - 1),
    }


def _over(part: float, total: float) -> float | None:
    return part / total if total else None


def _hits(home: Home, bought: pl.DataFrame, week_id: int) -> dict[str, float]:
    """Return how many of the bought pairs simple candidates would have held, of the same length for everyone."""
    transactions = home.weekly("transactions", Transactions)
    sold = {weeks: transactions.before(week_id, weeks).group_by("article_id").len() for weeks in (1, 4)}
    best = {weeks: counts.sort("len", "article_id", descending=[True, False]).head(100).collect() for weeks, counts in sold.items()}
    held = {f"recall_4_{top}": best[4].head(top) for top in (12, 50, 100)} | {"recall_60": best[1].head(60)}
    found: dict[str, float] = {key: bought.join(top, on="article_id", how="semi").height for key, top in held.items()}
    buyers = bought.lazy().select("customer_id").unique()
    earlier = transactions.before(week_id).join(buyers, on="customer_id", how="semi").select("customer_id", "article_id").unique().collect()
    return found | {"recall_own": bought.join(earlier, on=["customer_id", "article_id"], how="semi").height}
