"""Views of what a customer is shown, one row each: the ranking and the needs as arrays, so that one lookup serves a page.

Nothing is computed here that is not in ``recommendations`` and ``signal/type_need``; only the shape differs.
"""

import dataframely as dy
import polars as pl

from hm_pipeline.base.contracts import CustomerWeek
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.step import WeekContext

NEEDED = 12  # types of a customer that are kept: everyone is asked about some thirty, hardly any of which are of use


class Rankings(CustomerWeek):
    """The best articles of every customer, best first; the three arrays are of one length."""

    ranking_articles = dy.List(
        dy.Int64(), nullable=False, description="articles, best first, at most 100", metadata={"unit": "ids of articles"}
    )
    ranking_scores = dy.List(
        dy.Float32(),
        nullable=False,
        description="their blended scores, comparable within a customer and week only",
        metadata={"unit": "scores, larger is better"},
    )
    ranking_strategies = dy.List(
        dy.String(), nullable=False, description="the strategy that proposed each with its best rank", metadata={"unit": "names"}
    )


class Needs(CustomerWeek):
    """The clothing types that every customer needs most, most needed first; the arrays are of one length."""

    needed_types = dy.List(
        dy.Int64(), nullable=False, description=f"clothing types, most needed first, at most {NEEDED}", metadata={"unit": "codes"}
    )
    needed_type_probs = dy.List(
        dy.Float32(),
        nullable=False,
        description="probability of each that it is bought, if anything is bought",
        metadata={"unit": "probabilities, 0 to 1"},
    )


def rankings(inputs: Inputs, week: WeekContext) -> pl.LazyFrame:
    """Return :class:`Rankings` of a shard."""
    rows = inputs.weekly("recommendations").at(week.week_id).sort("customer_id", "rank")
    return rows.group_by("week_id", "customer_id", maintain_order=True).agg(
        ranking_articles="article_id", ranking_scores="score", ranking_strategies="strategy"
    )


def needs(inputs: Inputs, week: WeekContext) -> pl.LazyFrame:
    """Return :class:`Needs` of a shard."""
    rows = inputs.weekly("signal/type_need").at(week.week_id)
    ordered = rows.sort("customer_id", "type_need", "product_type_no", descending=[False, True, False])
    return ordered.group_by("week_id", "customer_id", maintain_order=True).agg(
        needed_types=pl.col("product_type_no").head(NEEDED), needed_type_probs=pl.col("type_need").head(NEEDED)
    )
