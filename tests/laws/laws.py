"""The laws that every signal, strategy and model obeys; each raises AssertionError where it is broken."""

from dataclasses import replace
from typing import Any

import polars as pl
from polars.testing import assert_frame_equal

from hm_pipeline.base.files import content_hash

from tests.laws.evaluator import Evaluator, Fitted, Shop  # isort: skip


def assert_same(left: Any, right: Any) -> None:
    """Assert that two results are the same, byte for byte."""
    if isinstance(left, Fitted):
        assert left.files == right.files, "the models differ"
        return
    assert_frame_equal(left, right, check_exact=True)
    assert content_hash(left) == content_hash(right)


def altered_futures(shop: Shop, week_id: int) -> dict[str, Shop]:
    """Return the shop with rows of a week and later removed, added and changed."""
    past, future = (shop.transactions.filter(chosen) for chosen in (pl.col("week_id") < week_id, pl.col("week_id") >= week_id))
    strangers = future.with_columns(pl.col("customer_id", "article_id").reverse())
    others = pl.col("customer_id").gather(pl.int_range(pl.len()) // 2)
    elsewhere = (others, pl.col("article_id").reverse(), pl.col("price") // 2 + 1, pl.lit(1, dtype=pl.Int8).alias("sales_channel_id"))
    changed = future.with_columns(*elsewhere)
    futures = {"removed": [], "added": [future, strangers], "changed": [changed]}
    return {name: replace(shop, transactions=pl.concat([past, *rows])) for name, rows in futures.items()}


def ignores_the_future(name: str, week_id: int, known: Evaluator, altered: Evaluator) -> None:
    """Rows of the week or later change nothing, fitted models included."""
    assert_same(known.result(name, week_id), altered.result(name, week_id))


def ignores_other_customers(name: str, week_id: int, together: Evaluator, alone: Evaluator) -> None:
    """Customers A and B together, A kept, are A alone."""
    found = together.result(name, week_id)
    if isinstance(found, pl.DataFrame) and "customer_id" in found.columns:
        found = found.join(alone.shop.audience, on="customer_id", how="semi", maintain_order="left")
        everyone = together.result(name, week_id)["customer_id"]
        assert everyone.is_in(together.shop.audience["customer_id"].implode()).all(), "customers outside the audience have rows"
    assert_same(found, alone.result(name, week_id))


def ignores_row_order(name: str, week_id: int, known: Evaluator, shuffled: Evaluator) -> None:
    """The order of rows in what is read does not matter."""
    assert known.disorder != shuffled.disorder
    assert_same(known.result(name, week_id), shuffled.result(name, week_id))


def repeats_itself(name: str, week_id: int, once: Evaluator, again: Evaluator) -> None:
    """Twice gives the same bytes."""
    assert once is not again
    assert_same(once.result(name, week_id), again.result(name, week_id))


def with_audience(shop: Shop, audience: pl.DataFrame) -> Shop:
    """Return the shop with other customers to work for."""
    return replace(shop, audience=audience)
