"""What a body is given."""

from dataclasses import replace

import polars as pl
import pytest

from hm_pipeline.base.contracts import Pair
from hm_pipeline.base.errors import MissingInput
from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.engine.tables import InMemoryTable


def test_a_table_that_is_held_is_read_once_and_keeps_its_max_week() -> None:
    rows = pl.DataFrame({"week_id": [1, 2, 3], "customer_id": [7, 8, 9], "article_id": [1, 1, 1]})
    held = Inputs({"purchases": InMemoryTable(rows, Pair, max_week=2)}).with_in_memory("purchases", week_id=3)
    assert held.weekly("purchases").before(3).collect()["customer_id"].to_list() == [7, 8]
    assert held.weekly("purchases").before(3, weeks=1).collect()["customer_id"].to_list() == [8]
    with pytest.raises(Exception, match="last week that may be read"):
        held.weekly("purchases").before(4)


def test_what_is_the_same_for_everyone_is_made_once_and_of_nobodys_own_tables() -> None:
    rows = pl.DataFrame({"week_id": [1, 2], "customer_id": [7, 8], "article_id": [1, 1]})
    own = InMemoryTable(rows, Pair)
    own.customers = (0, 10)
    tables = {"transactions": InMemoryTable(rows, Pair), "purchases": InMemoryTable(rows, Pair), "needs": own}
    made: list[int] = []

    def count(known: Inputs, week_id: int) -> int:
        made.append(week_id)
        for name in ("purchases", "needs"):
            with pytest.raises(MissingInput, match="not declared"):
                known.weekly(name)
        with pytest.raises(MissingInput, match="no audience"):
            _ = known.audience
        return known.weekly("transactions").before(week_id).collect().height

    inputs = Inputs(tables, audience_frame=rows.lazy())
    assert [inputs.cached_for_partition(count, week_id) for week_id in (3, 2, 3)] == [2, 1, 2]
    assert inputs.of(rows.lazy()).cached_for_partition(count, 3) == 2
    assert made == [3, 2]
    assert Inputs(tables).cached_for_partition(count, 3) == 2  # of another partition
    assert made == [3, 2, 3]


def test_what_bodies_share_is_made_once_for_the_same_customers_and_tables() -> None:
    rows = pl.DataFrame({"week_id": [1, 2], "customer_id": [7, 8], "article_id": [1, 1]})
    made: list[list[int]] = []

    def own(known: Inputs, week_id: int) -> list[int]:
        made.append(known.weekly("purchases").before(week_id).collect()["customer_id"].to_list())
        return made[-1]

    inputs = Inputs({"transactions": InMemoryTable(rows, Pair), "purchases": InMemoryTable(rows, Pair)})
    assert [inputs.cached_for_shard(own, week_id) for week_id in (3, 2, 3)] == [[7, 8], [7], [7, 8]]
    assert inputs.of(rows.lazy().filter(pl.col("customer_id") == 8)).cached_for_shard(own, 3) == [8]
    assert made == [[7, 8], [7], [8]]


def test_nothing_made_of_a_table_is_taken_for_what_another_would_make() -> None:
    rows = pl.DataFrame({"week_id": [1, 2], "customer_id": [7, 8], "article_id": [1, 1]})

    def count(known: Inputs) -> int:
        return known.weekly("transactions").before(9).collect().height

    inputs = Inputs({"transactions": InMemoryTable(rows, Pair)})
    fewer = replace(inputs, weekly_tables={"transactions": InMemoryTable(rows.head(1), Pair)})
    assert (
        [known.cached_for_partition(count) for known in (inputs, fewer)]
        == [known.cached_for_shard(count) for known in (inputs, fewer)]
        == [2, 1]
    )
