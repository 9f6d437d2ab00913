"""Features of ``type_need``, from a customer's purchases, for every clothing type.

Customers stand beside types in dense arrays, some thousand customers at a time: what is worked out for a pair is a few
additions, where a join of tables would look every pair up.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from hm_pipeline.base.expressions import or_unknown
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.history.type_rates import EVERYONE, OLDEST

MOST_WEEKS = 1024  # of purchases: twenty years
SLOW, FAST = 26.0, 8.0  # weeks in which a purchase's weight halves
FEATURES = (
    "week_rate", "month_rate", "age_week_rate", "age_month_rate", "type_weeks", "since_weeks", "gap_weeks", "due_ratio", "own_share",
    "recent", "lately", "lately_share", "in_last", "last_size", "complement", "taste",
    "all_weeks", "all_since_weeks", "all_lately", "online_share", "age",
)  # fmt: skip


@dataclass(frozen=True)
class TypeStats:
    """Statistics of clothing types at a cutoff, the same for every customer.

    Parameters
    ----------
    numbers
        ``product_type_no``, sorted.
    week_rate, month_rate
        Shares of buyers who take the type, shape (1 + ages, types); row 0 is everyone.
    follows, goes_with
        Lifts, shape (types, types).
    """

    numbers: pl.Series
    week_rate: np.ndarray
    month_rate: np.ndarray
    follows: np.ndarray
    goes_with: np.ndarray

    @classmethod
    def at(cls, tables: Inputs, week_id: int) -> "TypeStats":
        """Read them as known at a week's cutoff."""
        every = tables.dimension("articles").select(or_unknown("product_type_no").unique().sort()).collect().to_series()
        rates = tables.weekly("history/type_rates").at(week_id).collect()
        pairs = tables.weekly("history/type_pairs").at(week_id).collect()
        ages, kinds = rates["age"].to_numpy() - EVERYONE, every.search_sorted(rates["product_type_no"]).to_numpy()
        by_rate = {name: np.zeros((OLDEST + 2, len(every)), np.float32) for name in ("week_rate", "month_rate")}
        by_lift = {name: np.zeros((len(every), len(every)), np.float32) for name in ("next_lift", "with_lift")}
        for name, rate in by_rate.items():
            rate[ages, kinds] = rates[name].to_numpy()
        ends = (every.search_sorted(pairs[name]).to_numpy() for name in ("product_type_no", "other_type_no"))
        one, other = ends
        for name, lift in by_lift.items():
            lift[one, other] = pairs[name].to_numpy()
        return cls(every, *by_rate.values(), *by_lift.values())


@dataclass(frozen=True)
class PurchaseWeeks:
    """The customers' weeks of purchase: positions of customer and type, weeks before the cutoff, and units bought online.

    Weeks are sorted by customer, then by type, then the oldest first.
    """

    customer: np.ndarray
    kind: np.ndarray
    ago: np.ndarray
    online_share: np.ndarray

    @classmethod
    def of(cls, tables: Inputs, ids: pl.Series, kinds: pl.Series, week_id: int) -> "PurchaseWeeks":
        """Read the purchases of customers before a week."""
        types = tables.dimension("articles").select("article_id", or_unknown("product_type_no"))
        bought = tables.weekly("purchases").before(week_id).join(ids.to_frame("customer_id").lazy(), on="customer_id", how="semi")
        columns = ("customer_id", "product_type_no", "week_id", "sales_channel_id")
        rows = bought.join(types, on="article_id", how="left").select(columns).collect()
        customer = ids.search_sorted(rows["customer_id"]).to_numpy().astype(np.int64)
        units, online = (np.bincount(customer, weights, len(ids)) for weights in (None, rows["sales_channel_id"].eq_missing(2).to_numpy()))
        is_known = rows["product_type_no"].is_not_null().to_numpy()
        kind = kinds.search_sorted(rows["product_type_no"]).to_numpy()[is_known]
        # As one number each, for which sorting is cheap, the oldest first
        week = MOST_WEEKS - (week_id - rows["week_id"].to_numpy()[is_known])
        weeks = _distinct((customer[is_known] * len(kinds) + kind) * MOST_WEEKS + week)
        place, ago = weeks // MOST_WEEKS, MOST_WEEKS - weeks % MOST_WEEKS
        return cls(place // len(kinds), place % len(kinds), ago, np.where(units > 0, online / np.maximum(units, 1), np.nan))


def build_features(purchases: PurchaseWeeks, types: TypeStats, ages: np.ndarray, first: int, last: int) -> dict[str, np.ndarray]:
    """Return the features of customers ``first`` to ``last`` (left out) and all types, each of shape (customers, types).

    Parameters
    ----------
    ages
        In years, not a number where unknown, shape (customers,).
    """
    count, width = last - first, len(types.numbers)
    chosen = slice(*np.searchsorted(purchases.customer, [first, last]))
    customer, kind, ago = purchases.customer[chosen] - first, purchases.kind[chosen], purchases.ago[chosen]
    place = customer * width + kind

    def summed(weights: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(place, weights, count * width).reshape(count, width).astype(np.float32)

    newest, oldest = np.full(count * width, np.inf, np.float32), np.zeros(count * width, np.float32)
    newest[place] = ago  # of a place the newest comes last, and stays
    oldest[place[::-1]] = ago[::-1]
    weeks, since = summed(), np.where(np.isinf(newest), np.nan, newest).reshape(count, width)
    gap = np.where(weeks > 1, (oldest.reshape(count, width) - since) / np.maximum(weeks - 1, 1), np.nan).astype(np.float32)
    visits = _distinct(customer * MOST_WEEKS + ago)
    visitor, visit_ago = visits // MOST_WEEKS, visits % MOST_WEEKS
    all_weeks = np.bincount(visitor, minlength=count).astype(np.float32)
    all_lately = np.bincount(visitor, 0.5 ** (visit_ago / SLOW), count).astype(np.float32)
    all_since = np.nanmin(np.where(np.isnan(since), np.inf, since), axis=1, initial=np.inf)
    all_since = np.where(np.isinf(all_since), np.nan, all_since).astype(np.float32)
    lately = summed(0.5 ** (ago / SLOW))
    share = lately / np.maximum(all_lately, 1e-9)[:, None]
    in_last = (since == all_since[:, None]).astype(np.float32)
    size = in_last.sum(axis=1)
    # Products of doubles, or the last digit would depend on how many customers a block has.
    complement = (in_last.astype(np.float64) @ types.follows / np.maximum(size, 1)[:, None]).astype(np.float32)
    taste = (share.astype(np.float64) @ types.goes_with / np.maximum(share.sum(axis=1), 1e-9)[:, None]).astype(np.float32)
    row = np.where(np.isnan(ages[first:last]), 0, np.clip(np.nan_to_num(ages[first:last]), 0, OLDEST) + 1).astype(np.int64)
    of_customer = {
        "last_size": size, "all_weeks": all_weeks, "all_since_weeks": all_since, "all_lately": all_lately,
        "online_share": purchases.online_share[first:last], "age": ages[first:last],
    }  # fmt: skip
    return {
        "week_rate": _spread(types.week_rate[0], count, width), "month_rate": _spread(types.month_rate[0], count, width),
        "age_week_rate": types.week_rate[row], "age_month_rate": types.month_rate[row],
        "type_weeks": weeks, "since_weeks": since, "gap_weeks": gap, "due_ratio": since / gap,
        "own_share": weeks / np.maximum(all_weeks, 1)[:, None],
        "recent": summed(0.5 ** (ago / FAST)), "lately": lately, "lately_share": share, "in_last": in_last,
        "complement": complement, "taste": taste,
        **{name: _spread(values[:, None], count, width) for name, values in of_customer.items()},
    }  # fmt: skip


def _distinct(values: np.ndarray) -> np.ndarray:
    """Return values sorted and once each; ``np.unique`` hashes them first, which takes many times as long."""
    ordered = np.sort(values)
    return np.asarray(ordered[np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]])


def _spread(values: np.ndarray, count: int, width: int) -> np.ndarray:
    return np.broadcast_to(values, (count, width))
