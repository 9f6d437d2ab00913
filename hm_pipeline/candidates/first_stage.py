"""The first stage: of all strategies' proposals, keep about a hundred a customer.

An additive model on the ranks the strategies gave, fitted by logistic regression on last week's buyers.  It is cheap
enough to score every proposal of every customer; the ensemble ranks what it keeps.
"""

import json
import types
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import dataframely as dy
import numpy as np
import polars as pl

from hm_pipeline.candidates._strategy import Strategy
from hm_pipeline.contracts import Pair
from hm_pipeline.inputs import Inputs

BUCKETS = 8  # ranks 1, 2-3, 4-7, ... 128 and more; one more bucket is "not proposed"
PAIR = ["customer_id", "article_id"]


def candidates_schema(strategies: Sequence[Strategy]) -> type[dy.Schema]:
    """Return the contract of the candidates: what each strategy said, and the first stage's verdict."""
    columns: dict[str, dy.Column] = {}
    for strategy in strategies:
        for name, column in strategy.schema.columns().items():
            if name in strategy.columns:
                columns[name] = type(column)(nullable=True, description=column.description)
    columns["strategy_count"] = dy.Int16(nullable=False, min=1, description="strategies that proposed the article")
    columns["first_stage_score"] = dy.Float32(nullable=False, description="log-odds of a purchase by the ranks alone")
    columns["first_stage_rank"] = dy.Int16(nullable=False, min=1, description="place by first_stage_score, 1 is best")
    return types.new_class("Candidates", (Pair,), exec_body=lambda names: names.update(columns))


@dataclass(frozen=True)
class FirstStage:
    """Weights of the rank buckets of every strategy.

    Parameters
    ----------
    weights
        Strategy -> log-odds of bucket 0 to 7, and of "not proposed".
    """

    weights: dict[str, list[float]]
    figures: dict[str, float]

    def score(self) -> pl.Expr:
        """Return the log-odds of a row of proposals."""
        terms = [
            bucket(f"{name}_rank").replace_strict(dict(enumerate(weights)), return_dtype=pl.Float64)
            for name, weights in self.weights.items()
        ]
        return pl.sum_horizontal(terms).round(4).cast(pl.Float32)

    def save(self, folder: Path) -> None:
        """Write the weights as JSON."""
        (folder / "first_stage.json").write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def load(cls, folder: Path) -> "FirstStage":
        """Read what :meth:`save` wrote."""
        return cls(**json.loads((folder / "first_stage.json").read_text()))


def bucket(rank: str) -> pl.Expr:
    """Return the bucket of a rank: the whole part of its binary logarithm, or the last for "not proposed"."""
    return pl.col(rank).cast(pl.Float64).log(2).floor().clip(0, BUCKETS - 1).fill_null(BUCKETS).cast(pl.Int64)


def union(strategies: Sequence[Strategy], tables: Inputs, *, week_id: int) -> pl.DataFrame:
    """Return every pair that any strategy proposed, one row each, with what each strategy said."""
    proposals = pl.concat(
        [strategy.compute(tables, week_id=week_id).select(*PAIR, *strategy.columns) for strategy in strategies], how="diagonal"
    )
    said = [column for strategy in strategies for column in strategy.columns]
    return proposals.group_by(PAIR).agg(pl.col(said).max()).collect()


def retrieve(strategies: Sequence[Strategy], tables: Inputs, *, week_id: int, model: FirstStage, most: int) -> pl.LazyFrame:
    """Return the best ``most`` candidates of every customer of the audience."""
    proposals = union(strategies, tables, week_id=week_id).lazy()
    ranks = [pl.col(f"{strategy.name}_rank").is_not_null() for strategy in strategies]
    return (
        proposals.with_columns(model.score().alias("first_stage_score"))
        .sort("customer_id", "first_stage_score", "article_id", descending=[False, True, False])
        .with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int16).over("customer_id").alias("first_stage_rank"))
        .filter(pl.col("first_stage_rank") <= most)
        .with_columns(pl.sum_horizontal(ranks).cast(pl.Int16).alias("strategy_count"), pl.lit(week_id, dtype=pl.Int64).alias("week_id"))
    )


def fit(strategies: Sequence[Strategy], tables: Inputs, *, week_id: int, seed: int, customers: int = 4_000) -> FirstStage:
    """Fit the weights on what last week's buyers were proposed a week ago and bought since.

    Parameters
    ----------
    customers
        Buyers in the sample, drawn by a hash of their id; 72 numbers need no more.
    """
    bought = tables.weekly("transactions").before(week_id, weeks=1).select(PAIR).unique()
    buyers = bought.select("customer_id").unique()
    sample = buyers.sort(pl.col("customer_id").hash(seed), "customer_id").head(customers).sort("customer_id").collect().lazy()
    proposals = union(strategies, tables.of(sample), week_id=week_id - 1).lazy()
    named = [bucket(f"{strategy.name}_rank").alias(strategy.name) for strategy in strategies]
    counted = (
        proposals.join(bought.with_columns(pl.lit(1).alias("hit")), on=PAIR, how="left")
        .group_by(*named)
        .agg(pl.len().alias("rows"), pl.col("hit").sum().alias("hits"))
        .sort([strategy.name for strategy in strategies])
        .collect()
    )
    return _fit_weights([strategy.name for strategy in strategies], counted)


def _fit_weights(names: Sequence[str], counted: pl.DataFrame) -> FirstStage:
    """Fit on counts of bucket combinations: the same estimate as on the rows, at a hundredth of their number."""
    from scipy import sparse  # noqa: PLC0415 - takes seconds that opening Dagster's UI need not pay
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - as above

    hits, rows = int(counted["hits"].sum()), int(counted["rows"].sum())
    figures = {"hits": float(hits), "rows": float(rows)}
    if hits == 0:  # nothing to learn from: trust all strategies alike, by their ranks
        prior = [-0.5 * place for place in range(BUCKETS)] + [-0.5 * BUCKETS]
        return FirstStage(dict.fromkeys(names, prior), figures)
    width = BUCKETS + 1
    columns = np.concatenate([counted[name].to_numpy() + width * place for place, name in enumerate(names)])
    ones = sparse.csr_matrix(
        (np.ones(len(columns)), (np.tile(np.arange(counted.height), len(names)), columns)), shape=(counted.height, width * len(names))
    )
    weights = np.concatenate([counted["hits"].to_numpy(), (counted["rows"] - counted["hits"]).to_numpy()])
    truth = np.repeat([1, 0], counted.height)
    # C = 1 shrinks buckets that were hardly seen towards the average, which is what they deserve.
    model = LogisticRegression(C=1.0, max_iter=500).fit(sparse.vstack([ones, ones]), truth, sample_weight=weights)
    fitted = np.round(model.coef_[0].reshape(len(names), width), 4)
    return FirstStage({name: [float(value) for value in fitted[place]] for place, name in enumerate(names)}, figures)
