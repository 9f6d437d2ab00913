"""rel-hm user-churn: predict which of last week's customers buy nothing this week.

Population: customers with a transaction in (t - 7 d, t], our week w - 1.  Label: 1 if they have none in (t, t + 7 d],
our week w.

Differences to RelBench: customers outside the population may have predictions, which are left out; f1 is not
reported, average precision, accuracy and AUROC are.  Several weeks are evaluated together where they are given together.

References
----------
snap-stanford/relbench at f4fdd49, relbench/tasks/hm.py, ``UserChurnTask``; the metrics are scikit-learn's
``roc_auc_score`` and ``average_precision_score``, and accuracy of ``prediction > 0.5`` (relbench/metrics.py).
"""

import polars as pl

from hm_pipeline.base.columns import BUYER
from hm_pipeline.base.expressions import week_column
from hm_pipeline.evaluation.relbench.alignment import Baseline, aligned
from hm_pipeline.evaluation.scoreboard.rows import DECIMALS, Row, share

NAME = "user-churn"


class ChurnScore(Row):
    """Scores of predicted churn.  Metrics that rank are none where all or none of the customers churn."""

    customers: int
    auroc: float | None
    average_precision: float | None
    accuracy: float
    base_rate: float


def population(transactions: pl.LazyFrame, customers: pl.LazyFrame, *, week_id: int) -> pl.LazyFrame:
    """Return who is asked about: ``week_id, customer_id`` of the customers who bought in the week before, sorted.

    Parameters
    ----------
    customers
        The catalogue of customers; others are left out.
    """
    return (
        _buyers(transactions, week_id - 1)
        .join(customers, on="customer_id", how="semi")
        .select(week_column(week_id), "customer_id")
        .sort(BUYER)
    )


def labels(transactions: pl.LazyFrame, customers: pl.LazyFrame, *, week_id: int) -> pl.LazyFrame:
    """Return ``week_id, customer_id, churn`` of the population, sorted; churn is 1 for those without a purchase in the week."""
    bought = _buyers(transactions, week_id).with_columns(churn=pl.lit(0, dtype=pl.Int8))
    asked = population(transactions, customers, week_id=week_id)
    return asked.join(bought, on="customer_id", how="left").with_columns(pl.col("churn").fill_null(1)).sort(BUYER)


def score(predictions: pl.DataFrame, labels: pl.DataFrame) -> ChurnScore:
    """Score predictions of churn.

    Parameters
    ----------
    predictions
        ``week_id, customer_id, prediction``: the higher, the likelier to churn; a probability, for accuracy to mean
        anything.

    Raises
    ------
    MissingInput
        If there are no labels.
    SchemaViolation
        If a customer of the population has no finite prediction, or two.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score  # noqa: PLC0415 - seconds that other reports need not pay

    both = aligned(predictions, labels, keys=BUYER, where=NAME)
    churned, predicted = both["churn"].to_numpy() == 1, both["prediction"].to_numpy()
    is_mixed = 0 < churned.sum() < len(churned)
    return ChurnScore(
        customers=both.height,
        auroc=round(float(roc_auc_score(churned, predicted)), DECIMALS) if is_mixed else None,
        average_precision=round(float(average_precision_score(churned, predicted)), DECIMALS) if is_mixed else None,
        accuracy=share(int(((predicted > 0.5) == churned).sum()), both.height),
        base_rate=share(int(churned.sum()), both.height),
    )


def global_constant(transactions: pl.LazyFrame, customers: pl.LazyFrame, *, week_id: int) -> pl.LazyFrame:
    """Predict the same for everyone: the share that churned the week before, a half where nobody was asked about."""
    rate = labels(transactions, customers, week_id=week_id - 1).select(prediction=pl.col("churn").mean().fill_null(0.5))
    return population(transactions, customers, week_id=week_id).join(rate, how="cross")


def days_since_purchase(transactions: pl.LazyFrame, customers: pl.LazyFrame, *, week_id: int) -> pl.LazyFrame:
    """Predict by the days between a customer's last purchase and the last one of anybody, a seventh each.

    An order rather than a probability: 0 for the last day that anybody bought on.
    """
    last = _before(transactions, week_id).group_by("customer_id").agg(last=pl.col("t_dat").max())
    newest = _before(transactions, week_id).select(newest=pl.col("t_dat").max())
    waited = (pl.col("newest") - pl.col("last")).dt.total_days() / 7
    asked = population(transactions, customers, week_id=week_id).join(last, on="customer_id", how="left")
    return asked.join(newest, how="cross").select(*BUYER, prediction=waited)


def purchase_count(transactions: pl.LazyFrame, customers: pl.LazyFrame, *, week_id: int) -> pl.LazyFrame:
    """Predict ``1 / (1 + n)`` from a customer's n transactions so far: an order rather than a probability."""
    counts = _before(transactions, week_id).group_by("customer_id").agg(prediction=1 / (1 + pl.len()))
    return population(transactions, customers, week_id=week_id).join(counts, on="customer_id", how="left")


def customer_constant(transactions: pl.LazyFrame, customers: pl.LazyFrame, *, week_id: int) -> pl.LazyFrame:
    """Predict a customer's own mean label: the share of past weeks with a purchase that no purchase followed a week later.

    Those whose first purchase was last week have no past label; they get :func:`global_constant`, where RelBench's
    entity mean puts 0 (examples/baseline_node.py).
    """
    weeks = _before(transactions, week_id).select("customer_id", "week_id").unique()
    followed = weeks.select("customer_id", pl.col("week_id") - 1, is_followed=pl.lit(value=True))
    labels = weeks.filter(pl.col("week_id") < week_id - 1).join(followed, on=["customer_id", "week_id"], how="left")
    own = labels.group_by("customer_id").agg(own=pl.col("is_followed").is_null().mean())
    everyone = global_constant(transactions, customers, week_id=week_id).join(own, on="customer_id", how="left")
    return everyone.select(*BUYER, pl.coalesce("own", "prediction").alias("prediction"))


BASELINES: dict[str, Baseline] = {
    "global constant": global_constant,
    "days since purchase": days_since_purchase,
    "purchase count": purchase_count,
    "customer constant": customer_constant,
}


def _buyers(transactions: pl.LazyFrame, week_id: int) -> pl.LazyFrame:
    return transactions.filter(pl.col("week_id") == week_id).select("customer_id").unique()


def _before(transactions: pl.LazyFrame, week_id: int) -> pl.LazyFrame:
    return transactions.filter(pl.col("week_id") < week_id)
