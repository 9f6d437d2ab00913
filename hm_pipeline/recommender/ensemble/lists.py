"""From scores to lists: the best candidates of each customer, filled where they are too few, and Kaggle's file."""

from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl

from hm_pipeline.base.columns import BUYER, KEYS, K
from hm_pipeline.base.errors import MissingInput, RowCountMismatch
from hm_pipeline.base.files import atomic_write
from hm_pipeline.base.ids import ten_digits

FILL = "fill"  # strategy of what was added because a customer had too few candidates
SUFFIX = "_rank"


def recommend(
    candidates_with_scores: pl.DataFrame,
    strategy_ranks: pl.DataFrame,
    *,
    audience: pl.DataFrame,
    fill: pl.DataFrame,
    keep: int = 100,
) -> pl.DataFrame:
    """Rank the candidates of each customer of the audience.

    Parameters
    ----------
    candidates_with_scores
        Keys of a pair, ``score``, and ``score_<learner>`` where there are any.
    strategy_ranks
        Keys of a pair and one ``<strategy>_rank`` per strategy, 1 is best, null where it did not propose the article.
        Where two strategies rank an article equally the one named first is the source.
    audience
        ``week_id, customer_id``; everyone of it gets at least 12 articles.
    fill
        ``article_id``, best first: what those with too few candidates get after them.
    keep
        Most articles of a customer, at least 12.

    Returns
    -------
    pl.DataFrame
        ``Recommendations`` and the ``score_<learner>`` columns, null where filled, best first within a customer.

    Raises
    ------
    MissingInput
        If the fill is too short for somebody.
    """
    asked = audience.select(BUYER).unique().sort(BUYER)
    named = strategy_ranks.select(*KEYS, strategy=_best_strategy(strategy_ranks))
    scored = candidates_with_scores.join(asked, on=BUYER, how="semi").join(named, on=KEYS, how="left")
    ranked = scored.sort(*BUYER, "score", "article_id", descending=[False, False, True, False])
    best = ranked.with_columns(_place().alias("rank"), pl.col("strategy").fill_null(FILL)).filter(pl.col("rank") <= max(keep, K))
    rows = pl.concat([best, _filled(best, asked, fill)], how="diagonal").sort(*BUYER, "rank")
    singles = [name for name in rows.columns if name.startswith("score_")]
    return rows.select(*KEYS, pl.col("rank").cast(pl.Int16), pl.col("score").cast(pl.Float32), "strategy", *singles)


def write_submission(
    recommendations_by_shard: Iterable[pl.DataFrame],
    customers: pl.DataFrame,
    path: Path,
    *,
    articles: Callable[[pl.Series], pl.Series] = ten_digits,
) -> None:
    """Write Kaggle's file: one line per customer, 12 articles, atomically.

    Parameters
    ----------
    recommendations_by_shard
        ``customer_id, article_id, rank`` of one week; a customer's rows are in one shard.
    customers
        ``customer_id``, ``customer``, the id to write, and ``position``, which lines follow.
    articles
        Returns the ids to write of articles.

    Raises
    ------
    RowCountMismatch
        If a customer has no 12 articles, comes twice, or is unknown.
    """
    predictions = pl.concat([_lines(shard, articles) for shard in recommendations_by_shard] or [_lines(_NO_ROWS, articles)])
    wanted = customers.sort("position").select("customer_id", "customer")
    lines = wanted.join(predictions, on="customer_id", how="left", maintain_order="left")
    missing = lines["prediction"].null_count()
    if missing:
        raise RowCountMismatch(f"{missing} of {wanted.height} customers have no recommendations", where="recommendations", hint=_HINT)
    if lines.height != wanted.height or predictions.height != wanted.height:
        raise RowCountMismatch(
            f"{predictions.height} lists for {wanted.height} customers, some twice or unknown", where="recommendations", hint=_HINT
        )
    file = lines.select(customer_id="customer", prediction="prediction")
    atomic_write(path, lambda aside: file.write_csv(aside, quote_style="necessary"))


_NO_ROWS = pl.DataFrame(schema={"customer_id": pl.Int64, "article_id": pl.Int64, "rank": pl.Int16})
_HINT = "make them again for everyone: `hm run --week DATE --audience everyone --force`"


def _best_strategy(ranks: pl.DataFrame) -> pl.Expr:
    """Return the name of the strategy with the smallest rank, null where none proposed the article."""
    columns = [name for name in ranks.columns if name.endswith(SUFFIX)]
    if not columns:
        return pl.lit(None, dtype=pl.String)
    smallest = pl.min_horizontal(columns)
    return pl.coalesce(pl.when(pl.col(name) == smallest).then(pl.lit(name.removesuffix(SUFFIX))) for name in columns)


def _place() -> pl.Expr:
    return pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over(BUYER)


def _filled(best: pl.DataFrame, asked: pl.DataFrame, fill: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that bring everyone to 12 articles, their scores below all others of the customer."""
    counts = best.group_by(BUYER).agg(have=pl.len().cast(pl.Int64), lowest=pl.col("score").min())
    short = asked.join(counts, on=BUYER, how="left").with_columns(pl.col("have", "lowest").fill_null(0)).filter(pl.col("have") < K)
    articles = fill.select(pl.col("article_id").cast(pl.Int64)).unique(maintain_order=True).head(K).with_row_index("_order")
    offered = short.join(articles, how="cross").join(best, on=KEYS, how="anti").sort(*BUYER, "_order")
    added = offered.with_columns(_place().alias("_step")).filter(pl.col("have") + pl.col("_step") <= K)
    if added.height != (K - short["have"]).sum():
        raise MissingInput(f"fewer than {K} articles to fill lists with", where="fill", hint="ingest more articles or purchases")
    score = (pl.col("lowest").cast(pl.Float64) - pl.col("_step")).cast(best.schema["score"])
    return added.select(*KEYS, rank=pl.col("have") + pl.col("_step"), score=score, strategy=pl.lit(FILL))


def _lines(shard: pl.DataFrame, articles: Callable[[pl.Series], pl.Series]) -> pl.DataFrame:
    """Return one line of article ids per customer."""
    top = shard.filter(pl.col("rank") <= K).select("customer_id", "article_id", "rank").sort("customer_id", "rank")
    shown = top.with_columns(articles(top["article_id"]).alias("shown"))
    lists = shown.group_by("customer_id", maintain_order=True).agg(
        pl.col("shown").str.join(" ").alias("prediction"), count=pl.col("article_id").n_unique()
    )
    short = lists.filter(pl.col("count") != K).height
    if short:
        raise RowCountMismatch(f"{short} customers have no {K} distinct articles", where="recommendations", hint=_HINT)
    return lists.drop("count")
