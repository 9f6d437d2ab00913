"""Style similarity by hand and in SQL."""

from dataclasses import replace
from math import log, sqrt
from typing import Any

import polars as pl

from hm_pipeline.engine.tables import InMemoryTable
from hm_pipeline.recommender.history.vectors import Vectors
from hm_pipeline.recommender.signals import style_similarity
from hm_pipeline.recommender.signals.style_similarity import ATTRIBUTES
from hm_pipeline.recommender.text_vectors import TextVectors
from tests.laws.evaluator import Evaluator, Shop
from tests.laws.tiny_shops import Sale
from tests.recommender.signals.few_rows import WEEK, A, B, C, close, inputs_of, shop_of
from tests.recommender.signals.oracles import ask, assert_agree

PAIR = ["customer_id", "article_id"]
MINE = """with mine as (
    select customer_id, article_id, price, round(pow(0.5, date_diff('day', t_dat, $cutoff::date) / 90.0), 6) as weight
    from sold join audience using (customer_id)
)"""
AFFINITY = (
    MINE
    + """, kinds as (select article_id, coalesce({column}, -1) as kind from articles),
units as (select article_id, count(*) as units from sold where week_id = $week - 1 group by all),
shares as (
    select kind, sum(coalesce(units, 0) + 0.001) / sum(sum(coalesce(units, 0) + 0.001)) over () as share
    from kinds left join units using (article_id) group by kind
), own as (select customer_id, kind, sum(weight) as weight from mine join kinds using (article_id) group by all),
whole as (select customer_id, sum(weight) as total from mine group by all)
select customer_id, article_id,
    case when total is not null then ln((coalesce(weight, 0) + 2 * share) / (total + 2) / share) end as style_{name}
from candidates join kinds using (article_id) join shares using (kind)
left join own using (customer_id, kind) left join whole using (customer_id)
"""
)
PRICE = (
    MINE
    + """, newest as (select article_id, max(week_id) as week_id from sold group by all),
prices as (select article_id, floor(avg(price)) as newest_price from sold join newest using (article_id, week_id) group by all),
paid as (select customer_id, avg(price) as mean_price from mine group by all)
select customer_id, article_id, newest_price / nullif(mean_price, 0) as style_price_ratio,
    age_sum / nullif(aged_count, 0) - age as style_age_gap
from candidates join customers using (customer_id) left join prices using (article_id) left join paid using (customer_id)
left join sales using (article_id)
"""
)
COSINE = (
    MINE
    + """, parts as (
    select article_id, unnest(vector) as part, generate_subscripts(vector, 1) as place from vectors
), means as (select customer_id, place, sum(weight * part) as mean from mine join parts using (article_id) group by all),
lengths as (select customer_id, sqrt(sum(mean * mean)) as length from means group by all),
dots as (
    select c.customer_id, c.article_id, sum(part * mean) as dot, sqrt(sum(part * part)) as size
    from candidates as c join parts using (article_id) join means using (customer_id, place) group by all
)
select c.customer_id, c.article_id, case when length > 0 and size > 0 then least(greatest(dot / length, -1), 1) end as {name}
from candidates as c left join dots using (customer_id, article_id) left join lengths using (customer_id)
"""
)


def styled(pairs: list[tuple[int, int]]) -> pl.DataFrame:
    """Customer 1, aged 30, took A 8 days ago; customer 2, aged 50, took B yesterday; customer 3 never bought."""
    sales: list[Sale] = [(20, 1, A, 20_000, 1), (27, 2, B, 30_000, 1)]
    tables = inputs_of("signal/style_similarity", shop_of(sales, {1: 30, 2: 50, 3: 20}), pairs)
    axes = {A: (1.0, 0.0), B: (0.0, 1.0), C: (sqrt(0.5), sqrt(0.5))}
    texts = {A: (1.0, 0.0), B: (1.0, 0.0), C: (0.0, 0.0)}
    vectors = pl.DataFrame([(WEEK, article, pad(axis, Vectors)) for article, axis in axes.items()], schema=schema(Vectors), orient="row")
    words = pl.DataFrame(
        [(WEEK, article, pad(axis, TextVectors)) for article, axis in texts.items()], schema=schema(TextVectors), orient="row"
    )
    weekly = {**tables.weekly_tables, "history/vectors": InMemoryTable(vectors, Vectors), "embeddings": InMemoryTable(words, TextVectors)}
    known = replace(tables, weekly_tables=weekly)
    return style_similarity.compute(known, week_id=WEEK).collect().sort("customer_id", "article_id")


def schema(table: type[Any]) -> Any:
    return table.create_empty().schema


def pad(axis: tuple[float, ...], table: type[Any]) -> list[float]:
    (width,) = (kind.shape[0] for kind in schema(table).values() if isinstance(kind, pl.Array))
    return [*axis, *[0.0] * (width - len(axis))]


def test_style_similarity_compares_with_what_was_bought() -> None:
    found = styled([(1, A), (1, B), (1, C)])
    assert found["style_collaborative"].to_list() == close(1, 0, sqrt(0.5))
    assert found["style_text"].to_list() == close(1, 1, None)  # C has no text
    assert found["style_similarity"].to_list() == close(1, 0.5, sqrt(0.5))
    assert found["style_price_ratio"].to_list() == close(1, 1.5, None)  # C never sold
    assert found["style_age_gap"].to_list() == close(0, 20, None)
    # Of last week's units type 20 has all but .002 of 1.003.  A weighs 2**(-8/90) = .94025, two average units are added.
    weight, shares = 0.94025, {10: 0.002 / 1.003, 20: 1.001 / 1.003}
    own = {10: (weight + 2 * shares[10]) / (weight + 2), 20: 2 * shares[20] / (weight + 2)}
    assert found["style_type"].to_list() == close(*(log(own[kind] / shares[kind]) for kind in (10, 20, 10)))


def test_style_similarity_is_null_without_purchases() -> None:
    (row,) = styled([(3, B)]).drop("week_id", "customer_id", "article_id", "style_age_gap").rows()
    assert set(row) == {None}


def test_style_similarity_has_no_price_to_compare_with_where_all_was_free() -> None:
    tables = Evaluator(shop_of([(20, 1, A, 0, 1), (27, 1, B, 0, 1)], {1: 30}))
    assert tables.result("signal/style_similarity", WEEK)["style_price_ratio"].to_list() == [None, None]


def test_affinities_prices_and_ages_are_what_sql_says(shop: Shop, made: Evaluator, week_id: int) -> None:
    found = made.result("signal/style_similarity", week_id)
    tables = {"candidates": made.result("candidates", week_id), "sales": made.result("history/article_sales", week_id)}
    for sql in (PRICE, *(AFFINITY.format(name=name, column=column) for name, column in ATTRIBUTES.items())):
        assert_agree(found, ask(sql, shop, week_id, tables), key=PAIR, abs_tol=1e-4)  # five decimals are kept


def test_cosines_are_what_sql_says(shop: Shop, made: Evaluator, week_id: int) -> None:
    found, candidates = made.result("signal/style_similarity", week_id), made.result("candidates", week_id)
    vectors = {
        "style_text": made.result("embeddings", week_id).rename({"text_vector": "vector"}),
        "style_collaborative": made.result("history/vectors", week_id).select("article_id", "vector"),
    }
    for name, frame in vectors.items():
        lists = frame.with_columns(pl.col("vector").cast(pl.List(pl.Float64)))
        expected = ask(COSINE.format(name=name), shop, week_id, {"candidates": candidates, "vectors": lists})
        assert_agree(found, expected, key=PAIR, abs_tol=1e-4)
