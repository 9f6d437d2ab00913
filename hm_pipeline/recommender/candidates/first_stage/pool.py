"""Pool of all proposals for some customers: a row for each pair, and its position in each strategy's proposals.

Pairs are positions of customers and articles, as one number: sorting numbers is what makes two hundred proposals of
every customer affordable.  The strategies' columns are gathered only for the pairs that are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import polars as pl

from hm_pipeline.base.errors import SchemaViolation
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.candidates._lib.packed_sort import argsort_packed, index_of
from hm_pipeline.recommender.candidates._lib.strategy import Strategy

PLACES = 2**14  # proposals that one customer may have: nine strategies give some hundreds
FIXED_SCORE = 10_000  # scores are compared to the fourth decimal


@dataclass(frozen=True)
class CandidatePool:
    """Proposed pairs, sorted by customer and article.

    Parameters
    ----------
    customer_ids, article_ids
        Ids by position, sorted.
    customer, article
        Positions of each pair, shape (pairs,).
    values
        Columns of each strategy's proposals, by its name.
    pair
        The pair of each of a strategy's proposals, by its name.
    strategy_count
        Strategies that propose each pair, shape (pairs,).
    seconds
        What each strategy took.
    """

    customer_ids: pl.Series
    article_ids: pl.Series
    customer: np.ndarray
    article: np.ndarray
    values: dict[str, pl.DataFrame]
    pair: dict[str, np.ndarray]
    strategy_count: np.ndarray
    seconds: dict[str, float]

    def of(self, strategy: str, pairs: np.ndarray) -> pl.DataFrame:
        """Return a strategy's columns for some pairs, null where it did not propose the pair."""
        rows = self.spread(strategy, np.arange(self.values[strategy].height, dtype=np.int32), -1)[pairs]
        rows_of = np.flatnonzero(rows >= 0)  # of few pairs: values are set among nulls, as gathering nulls takes longer
        values = self.values[strategy].select(pl.all().gather(rows[rows_of]))
        return pl.DataFrame([_among_nulls(column, rows_of, len(pairs)) for column in values])

    def proposed_by(self, strategy: str) -> np.ndarray:
        """Return whether a strategy proposes each pair."""
        return self.spread(strategy, np.ones(len(self.pair[strategy]), bool), 0)

    def spread(self, strategy: str, values: np.ndarray, missing: int) -> np.ndarray:
        """Return a value for every pair: one for each of a strategy's proposals, ``missing`` for the others."""
        found = np.full(len(self.customer), missing, values.dtype)
        found[self.pair[strategy]] = values
        return found

    def best(self, scores: np.ndarray, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the pairs that are the best ``most`` of their customer, best first, and their ranks from 1.

        Ties go to the lower article; a pair of score minus infinity is never among them.
        """
        first = np.searchsorted(self.customer, np.arange(len(self.customer_ids)))[self.customer]
        place = np.arange(len(self.customer)) - first
        low = 2**23 - np.clip(np.rint(scores * FIXED_SCORE), -(2**23) + 1, 2**23).astype(np.int64)
        order = np.sort((self.customer << 24 | low) * PLACES + place)
        kept = place < most  # of the sorted, too: each customer has as many
        pairs, rank = first[kept] + (order[kept] & (PLACES - 1)), place[kept] + 1
        is_open = scores[pairs] > -np.inf
        return pairs[is_open], rank[is_open]


def collect_candidates(strategies: Sequence[Strategy], tables: Inputs, *, week_id: int) -> CandidatePool:
    """Ask every strategy, and return all that they proposed."""
    if "purchases" in tables.weekly_tables:  # read once, not by each strategy
        tables = tables.with_in_memory("purchases", week_id=week_id)
    customer_ids = tables.audience.select("customer_id").collect()["customer_id"].sort()
    article_ids = tables.dimension("articles").select("article_id").collect()["article_id"].sort()
    width = len(article_ids).bit_length()
    values, keys, seconds = {}, {}, {}
    for strategy in strategies:
        started = perf_counter()
        proposals = strategy.compute(tables, week_id=week_id).select("customer_id", "article_id", *strategy.columns).collect()
        seconds[strategy.name] = perf_counter() - started
        customer = index_of(customer_ids, proposals["customer_id"])
        values[strategy.name] = proposals.drop("customer_id", "article_id")
        keys[strategy.name] = customer << width | article_ids.search_sorted(proposals["article_id"]).to_numpy()
    ordered, order = argsort_packed(np.concatenate([np.empty(0, np.int64), *keys.values()]))
    is_first = np.append(True, ordered[1:] != ordered[:-1])[: len(ordered)]
    counts = [len(key) for key in keys.values()]
    _refuse_repeats(np.repeat(np.arange(len(keys), dtype=np.int8), counts)[order], is_first, list(values))
    pair = np.empty(len(order), np.int32)
    pair[order] = np.cumsum(is_first) - 1
    by_strategy = dict(zip(values, np.split(pair, np.cumsum(counts)[:-1]), strict=True))
    starts = np.flatnonzero(is_first)
    strategy_count = np.diff(np.append(starts, len(order))).astype(np.int16)
    pairs = ordered[starts]
    return CandidatePool(customer_ids, article_ids, pairs >> width, pairs & (2**width - 1), values, by_strategy, strategy_count, seconds)


def _among_nulls(column: pl.Series, places: np.ndarray, rows: int) -> pl.Series:
    """Return a column of so many rows that holds the given one in these places."""
    given = column.fill_null(strategy="zero").to_numpy()
    values, is_known = np.zeros(rows, given.dtype), np.zeros(rows, bool)
    values[places], is_known[places] = given, column.is_not_null().to_numpy()
    return pl.DataFrame({column.name: values}).select(pl.when(pl.Series(is_known)).then(pl.first())).to_series()


def _refuse_repeats(speakers: np.ndarray, is_first: np.ndarray, names: Sequence[str]) -> None:
    """Raise where a strategy proposed a pair twice; proposals of one pair and one strategy lie side by side."""
    repeated = ~is_first[1:] & (speakers[1:] == speakers[:-1])
    if repeated.any():
        raise SchemaViolation("proposed a pair twice", where=names[speakers[1:][repeated][0]], hint="this is a defect of the strategy")
