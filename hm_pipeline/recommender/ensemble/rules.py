"""Rules that take part in the blend beside the members: scores read off columns of the matrix, with nothing to fit.

A small shop teaches a booster little, and its best rule may rank better: the weights are fitted on what was held out.
"""

from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

from hm_pipeline.recommender.learners.base import Floats, as_floats

OWN_UNITS, WEEK_UNITS = pl.col("habit").fill_nan(0), pl.col("momentum_day_7_count").fill_nan(0)
POPULAR = WEEK_UNITS.log1p()
# Logarithms, as a blend adds scores up: whatever was bought before comes above whatever was not, then the order is soft.
RULES: Mapping[str, pl.Expr] = MappingProxyType({"own": (1_000 * OWN_UNITS).log1p() + POPULAR / 1_000, "popular": POPULAR})


def rule_scores(name: str, matrix: pl.DataFrame) -> Floats:
    """Return the score of each row by a rule.

    Parameters
    ----------
    name
        ``own``: the customer's purchases of the article, each halved every 90 days, then the last week's sales.  ``popular``:
        the last week's sales.

    Raises
    ------
    MissingInput
        If a column that the rule reads is not there.
    """
    columns = sorted(set(RULES[name].meta.root_names()))
    known = pl.DataFrame(as_floats(matrix, columns), schema=columns)
    return known.select(RULES[name].cast(pl.Float32).alias("score"))["score"].to_numpy()
