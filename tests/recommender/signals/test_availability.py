"""Whether an article is on offer: its description and its kin by hand and in SQL, and what a fit is shown."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from hm_pipeline.engine.tables import InMemoryTable
from hm_pipeline.recommender.signals import availability
from hm_pipeline.recommender.signals._lib import related_articles as _kin
from hm_pipeline.recommender.signals._lib.calibration import Recalibrated
from hm_pipeline.recommender.signals._lib.related_articles import RELATED_COLUMNS, related_article_features
from hm_pipeline.recommender.signals.availability import FEATURES
from hm_pipeline.recommender.text_vectors import TextVectors
from tests.laws.evaluator import ALL_STEPS, Evaluator, Shop
from tests.laws.tiny_shops import Sale, articles
from tests.recommender.signals.few_rows import WEEK, A, B, C, close, inputs_of, shop_of
from tests.recommender.signals.oracles import ask, assert_agree

STEP = "signal/availability"
LAGS = ", ".join(f"count(*) filter ($week - week_id = {lag}) as lag_{lag}_count" for lag in range(2, 7))
DESCRIBED = f"""
with weeks as (select article_id, week_id, count(*) as units, floor(avg(price)) as price from sold group by all),
tops as (
    select article_id, count(*) as week_count, max(units) as peak_count, max(price) as highest, arg_max(price, week_id) as last_price,
        arg_max(units, week_id) as last_units from weeks group by all
), days as (select *, date_diff('day', t_dat, $cutoff::date) as ago from sold)
select article_id, count(*) filter (ago <= 1) as day_1_count, count(*) filter (ago <= 3) as day_3_count,
    count(*) filter (ago <= 7) as day_7_count, {LAGS}, count(*) as total_count, any_value(week_count) as week_count,
    any_value(peak_count) as peak_count, count(*) filter (ago <= 7) / any_value(peak_count) as peak_share,
    max(ago) as age_days, min(ago) as idle_days, 1 - greatest(any_value(last_price), 1) / greatest(any_value(highest), 1) as markdown,
    count(*) * min(ago) / (max(ago) - min(ago) + 1) as silence, any_value(last_price) as last_price,
    (count(*) filter (ago <= 7) + 1) / (count(*) filter (ago between 8 and 14) + 1) as trend
from days join tops using (article_id) group by all
"""
DECAYED = """
select article_id, ewma_1 / 1024 as ewma_1, ewma_7 / 1024 as ewma_7, ewma_30 / 1024 as ewma_30,
    online_count / greatest(decayed_count, 1) as online_share, age_sum / nullif(aged_count, 0) as buyer_age
from sales
"""
FADING = """
with days as (select article_id, date_diff('day', t_dat, $cutoff::date) - 1 as ago from sold)
select article_id, sum(pow(0.5, ago)) as ewma_1, sum(pow(0.5, ago / 7)) as ewma_7, sum(pow(0.5, ago / 30)) as ewma_30
from days group by all
"""
RELATED = """
with units as (
    select article_id, product_code, coalesce(product_type_no, -1) as kind, coalesce(department_no, -1) as part,
        count(*) filter ($week - week_id = 1) as new, count(*) filter ($week - week_id = 2) as old
    from sold join articles using (article_id) group by all
)
select article_id,
    case when product_code is not null then sum(new) over (partition by product_code) - new end as colourway_count,
    case when product_code is not null
        then (sum(new) over (partition by product_code) + 5) / (sum(old) over (partition by product_code) + 5) end as colourway_trend,
    sum(new) over (partition by kind) / greatest(sum((new > 0)::int) over (partition by kind), 1) as type_mean,
    (sum(new) over (partition by kind) + 5) / (sum(old) over (partition by kind) + 5) as type_trend,
    sum(new) over (partition by part) / greatest(sum((new > 0)::int) over (partition by part), 1) as department_mean,
    (sum(new) over (partition by part) + 5) / (sum(old) over (partition by part) + 5) as department_trend
from units
"""
NEIGHBOURS = """
with units as (
    select article_id, date_diff('day', min(t_dat), $cutoff::date) as age, count(*) filter ($week - week_id = 1) as new
    from sold group by all
), parts as (select article_id, unnest(vector) as part, generate_subscripts(vector, 1) as place from vectors),
likeness as (
    select a.article_id, b.article_id as other, sum(a.part * b.part) as likeness
    from parts as a join parts as b using (place) join units as young on young.article_id = a.article_id and young.age <= 28
    join units as sells on sells.article_id = b.article_id and sells.new > 0 where a.article_id != b.article_id group by all
), ranked as (select *, row_number() over (partition by article_id order by likeness desc) as nth from likeness)
select r.article_id, avg(new) filter (nth <= 10) as alike_mean
from ranked as r join units as u on u.article_id = other group by r.article_id
having min(likeness) filter (nth = 10) > min(likeness) filter (nth = 11) + 1e-4
"""


def described(sales: list[Sale], **columns: Any) -> pl.DataFrame:
    """Return the description of articles at week 4; further articles are 104 and so on."""
    shop = replace(shop_of(sales, {1: 30, 2: 50}), **columns)
    tables = inputs_of(STEP, shop)
    return availability.build_features(tables.weekly("history/article_sales").at(WEEK), tables, week_id=WEEK)


def test_an_article_is_described_by_hand() -> None:
    # A: two online in week 1 (day 8, buyer 1 of 30 years), two in week 3 (days 22 and 26, buyer 2 of 50), at 30 after 40.
    sales: list[Sale] = [(8, 1, A, 40_000, 2), (8, 1, A, 40_000, 2), (22, 2, A, 30_000, 1), (26, 2, A, 30_000, 1), (27, 2, B, 5, 1)]
    found = described(sales).rows(named=True)[0]
    counts = ("day_1_count", "day_3_count", "day_7_count", *(f"lag_{lag}_count" for lag in range(2, 7)))
    assert [found[name] for name in counts] == [0, 1, 2, 0, 2, 0, 0, 0]
    assert [found[name] for name in ("total_count", "week_count", "peak_count", "peak_share")] == [4, 2, 2, 1.0]
    assert [found[name] for name in ("age_days", "idle_days", "markdown", "last_price")] == [20, 2, 0.25, 30_000]
    # Ages in days less one are 19, 19, 5 and 1.  Halved every 7 days: 2 * .15239 + .60950 + .90572 = 1.82.
    # Every day: 2**-5 + 2**-1 and next to nothing.  Every 30: 2 * .64470 + .89090 + .97716 = 3.15746.
    assert [found[f"ewma_{days}"] for days in (1, 7, 30)] == [pytest.approx(value, abs=2e-3) for value in (0.53125, 1.82, 3.15746)]
    # Week 1 weighs half of week 3: 1 of 3 online, and (30 + 2 * 50) / 3 years.
    assert [found["online_share"], found["buyer_age"]] == [pytest.approx(1 / 3, abs=1e-3), pytest.approx(130 / 3, abs=0.05)]
    assert found["trend"] == 3.0  # two units after none, one added to both
    assert found["silence"] == pytest.approx(4 / 19 * 2)  # four units in 19 days, then two days without


def test_kin_is_worked_out_by_hand() -> None:
    rows = [
        {"article_id": 1, "product_code": 7, "product_type_no": 10, "department_no": 1},
        {"article_id": 2, "product_code": 7, "product_type_no": 10, "department_no": 2},
        {"article_id": 3, "product_code": None, "product_type_no": 10, "department_no": None},
        {"article_id": 4, "product_code": None, "product_type_no": None, "department_no": 1},
    ]
    # Last week and the week before: article 1 sold 3 and 1, article 2 none and 2, article 3 1 and none, article 4 4 and none.
    sold = {1: (3, 1), 2: (0, 2), 3: (1, 0), 4: (4, 0)}
    days = {one: [22] * new + [15] * old for one, (new, old) in sold.items()}
    sales: list[Sale] = [(day, 1, one, 5, 1) for one, each in days.items() for day in each]
    found = described(sales, articles=articles(rows)).select(RELATED_COLUMNS).rows()
    # Product 7: (3 + 5) / (3 + 5) = 1.  Type 10: 4 units of 2 articles that sold; (4 + 5) / (3 + 5) = 1.125.  Department 1: 7 of 2;
    # 12 / 6 = 2.  Department 2: none of none; 5 / 7.  Unknown types and departments are kin of each other, unknown products are not.
    assert found == [
        (0, 1.0, 2.0, 1.125, 3.5, 2.0, None), (3, 1.0, 2.0, 1.125, 0.0, pytest.approx(5 / 7), None),
        (None, None, 2.0, 1.125, 1.0, pytest.approx(6 / 5), None), (None, None, 4.0, pytest.approx(9 / 5), 3.5, 2.0, None),
    ]  # fmt: skip


def test_a_new_article_has_the_mean_of_the_ten_described_most_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    # Articles 1 to 14 lie at angles that grow; each sold as many units as its number, but for 3, which sold none last week.
    # Article 1 is new, the nearest on sale are 2 and 4 to 12: (2 + 72) / 10 = 7.4.  All others are older.
    angles = np.arange(14) / 20
    vectors = np.zeros((14, 32), np.float32)
    vectors[:, 0], vectors[:, 1] = np.cos(angles), np.sin(angles)
    words = pl.DataFrame(
        {"week_id": [WEEK] * 14, "article_id": range(1, 15), "text_vector": vectors}, schema=TextVectors.create_empty().schema
    )
    rows = pl.DataFrame({"article_id": range(1, 15), "age_days": [28] + [29] * 12 + [30], "day_7_count": [1, 2, 0, *range(4, 15)]})
    tables = inputs_of(STEP, replace(shop_of([], {1: 30}), articles=articles([{"article_id": one} for one in range(1, 15)])))
    known = replace(tables, weekly_tables={**tables.weekly_tables, "embeddings": InMemoryTable(words, TextVectors)})
    monkeypatch.setattr(_kin, "ARTICLES_AT_ONCE", 1)
    found = related_article_features(rows.with_columns(lag_2_count=0), known, week_id=WEEK)["alike_mean"].to_list()
    assert found == [pytest.approx(7.4), *[None] * 13]
    vectors[0] = 0
    speechless = words.with_columns(pl.Series("text_vector", vectors, words.schema["text_vector"]))
    known_less = replace(tables, weekly_tables={**tables.weekly_tables, "embeddings": InMemoryTable(speechless, TextVectors)})
    assert (
        related_article_features(rows.with_columns(lag_2_count=0), known_less, week_id=WEEK)["alike_mean"].to_list() == [None] * 14
    )  # article 1 has no text
    few = rows.head(11).with_columns(lag_2_count=0)  # ten on sale, with itself: too few to choose from
    assert related_article_features(few, known, week_id=WEEK)["alike_mean"].to_list() == [None] * 11


def test_descriptions_are_what_sql_says(shop: Shop, made: Evaluator, week_id: int) -> None:
    tables = made.inputs(ALL_STEPS[STEP], week_id)
    sales = made.result("history/article_sales", week_id)
    found = availability.build_features(sales.lazy(), tables, week_id=week_id)
    parts = [ask(sql, shop, week_id, {"sales": sales}) for sql in (DESCRIBED, DECAYED, RELATED)]
    assert {name for part in parts for name in part.columns} == {"article_id", *FEATURES} - {"alike_mean"}
    for part in parts:
        assert_agree(found, part, key=["article_id"])
    # Kept as integers that lose a part of 1/1024 in every week.
    assert_agree(found, ask(FADING, shop, week_id), key=["article_id"], abs_tol=0.01, rel_tol=3e-3)


def test_articles_described_alike_are_what_sql_says(shop: Shop, made: Evaluator, week_id: int) -> None:
    vectors = made.result("embeddings", week_id).select("article_id", vector=pl.col("text_vector").cast(pl.List(pl.Float64)))
    expected = ask(NEIGHBOURS, shop, week_id, {"vectors": vectors})  # where the tenth is not as near as the eleventh
    sales = made.result("history/article_sales", week_id)
    found = availability.build_features(sales.lazy(), made.inputs(ALL_STEPS[STEP], week_id), week_id=week_id)
    known = found.filter(pl.col("alike_mean").is_not_null())
    assert known["age_days"].max() <= 28
    assert_agree(known.join(expected, on="article_id", how="semi"), expected, key=["article_id"], least=50)


def test_what_is_said_of_an_article() -> None:
    # The chance of a quarter, logit -1.0986, is set right to that less one: 1 / (1 + exp(2.0986)) = .10923; what is gone keeps it.
    model = Recalibrated(FEATURES, {}, {"any": 0.25, "units": 2.0, "median_units": 1.5}, weights={"any": (-1.0, 1.0, 0.0)})
    sales: list[Sale] = [(8, 1, A, 40_000, 1), (9, 1, A, 40_000, 1), (33, 1, A, 30_000, 1), (5, 1, B, 8_000, 1), (29, 1, C, 5, 1)]
    sales += [(21, 1, C, 5, 1)]
    tables = inputs_of(STEP, shop_of(sales, {1: 30}), week_id=WEEK + 1)
    found = availability.compute(tables, week_id=WEEK + 1, model=model).collect().rows()
    # Week 5 starts on day 35.  A: first sold 27 days before, last 2; 30 after 40 is a quarter down; 1 of 2 in its best week; 1.5 at
    # .03 is .045.  B: sold once 30 days before, which is gone: in half of all weeks none sells.  C: first sold 14 days before, which
    # is a launch.
    low = pytest.approx(0.10923, abs=1e-5)
    assert found == [
        (WEEK + 1, A, low, 2.0, 1.5, pytest.approx(0.045), 27, 2, 0.25, 0.5, False),
        (WEEK + 1, B, 0.25, 2.0, 0.0, 0.0, 30, 30, 0.0, 0.0, False),
        (WEEK + 1, C, low, 2.0, 1.5, pytest.approx(7.5e-6), 14, 6, 0.0, 1.0, True),
    ]


def test_a_fit_is_shown_what_followed() -> None:
    sales: list[Sale] = [(3, 1, A, 5, 1), (15, 1, A, 5, 1), (16, 1, A, 5, 1), (17, 1, B, 5, 1), (29, 1, B, 5, 1)]
    model = availability.fit(inputs_of("model/availability", shop_of(sales, {1: 30})), week_id=WEEK, seed=0)
    # Cutoffs 1, 2 and 3: A known at 1 sold 0, A at 2 sold 2, A and B at 3 sold 0: 2 units of four rows.  Of the rows of 1 and 2, on
    # which the chance is learnt, one of two sold; on the newest cutoff, which it has not seen, none of two did.
    assert model.metrics == {"examples": 4.0, "unseen_examples": 2.0}
    assert model.constants == {"any": 0.5, "units": 0.5, "median_units": 0.5}
    assert set(model.weights) == {"any"}
    assert model.weights["any"][0] < 0


def test_one_cutoff_is_for_the_trees() -> None:
    tables = inputs_of("model/availability", shop_of([(3, 1, A, 5, 1), (8, 1, A, 5, 1)], {1: 30}), week_id=2)
    model = availability.fit(tables, week_id=2, seed=0)
    assert (model.metrics["examples"], model.constants["any"], model.weights) == (1.0, 1.0, {})


def test_one_idle_article_stands_for_the_others_of_its_kind() -> None:
    # Unsold for longer than no week at all: at each of the cutoffs 1 to 3 one in two articles, by its number without the last three.
    rows = articles([{"article_id": place * 1000} for place in range(1, 5)])
    shop = replace(shop_of([(0, 1, place * 1000, 5, 1) for place in range(1, 5)], {1: 30}), articles=rows)
    tables = inputs_of("model/availability", shop)
    model = availability.fit(tables, week_id=WEEK, seed=0, idle_weeks=0, of_idle=2)
    assert model.metrics["examples"] == 6.0  # two of four at each cutoff
    assert model.weights["any"] == pytest.approx((0.0, 1.0, 0.0), abs=0.01)  # all four were sold less than 28 days before the newest
    assert close(0.0) == [model.constants["any"]]
