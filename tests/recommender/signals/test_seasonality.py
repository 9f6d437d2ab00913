"""What the season asks for: by hand, in SQL on seventy weeks of random sales, and planted weights found back."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.contracts import Transactions
from hm_pipeline.recommender.signals import seasonality
from hm_pipeline.recommender.signals._lib import share_model as _shares
from hm_pipeline.recommender.signals._lib.share_model import DEFAULTS, FEATURES, ShareModel, build_features
from tests.laws.evaluator import ALL_STEPS, Evaluator, Shop
from tests.laws.tiny_shops import Sale, articles, customers
from tests.recommender.signals.few_rows import WEEK, close, inputs_of, shop_of
from tests.recommender.signals.few_rows import A as TENS
from tests.recommender.signals.few_rows import B as TWENTIES
from tests.recommender.signals.oracles import KINDS, ask, assert_agree

LATE = 70  # weeks, so that there is a year before
LEVEL = [1.0] + [0.0] * 7
GIVEN = {
    "types": [0.9, 0.4, 0.2, -0.1, 0.3, 0.2, 0.5, 1.0],
    "groups": [1.1, 0.3, 0.1, 0.2, -0.2, 0.1, 0.3, 0.8],
    "young": [0.8, 0.2, 0.3, 0.1, 0.1, -0.3, 0.2, 1.2],
    "middle": [1.0, 0.5, -0.1, 0.2, 0.2, 0.4, 0.1, 0.6],
    "older": [0.7, 0.1, 0.2, 0.4, 0.1, 0.2, -0.2, 0.9],
}

RAW = f"""{KINDS}, groups_of as (select article_id, coalesce(index_group_no, -1) as grp from articles),
raw as (
    select week_id, kind, grp, case when age is null then -1 when age < 30 then 0 when age < 50 then 1 else 2 end as band
    from sold join kinds using (article_id) join groups_of using (article_id) join customers using (customer_id)
)"""
UNITS = {"last": (1, 1), "before_last": (2, 2), "level": (1, 4), "two_months": (1, 8), "year": (1, 52),
         "then": (53, 56), "same_week": (52, 52), "same_weeks": (50, 54)}  # fmt: skip


def of_level(level: str, keys: str, where: str, parent: str) -> str:
    """Return the SQL of a level's expected shares, with the growth of its parents."""
    counted = ", ".join(f"count(*) filter ($week - week_id between {a} and {b}) as {name}" for name, (a, b) in UNITS.items())
    logs = ", ".join(f"ln(({name} + 50 * mean) / (sum({name}) over () + 50)) as {name}" for name in UNITS if name != "year")
    values = ("level", "last - level", "before_last - level", "two_months - level", "ln(mean) - level",
              "same_week - \"then\"", "same_weeks - \"then\"", "parent")  # fmt: skip
    logit = " + ".join(f"({weight}) * ({value})" for weight, value in zip(GIVEN[level], values, strict=True))
    counted, logs = (
        text.replace("as then", 'as "then"').replace("ln((then", 'ln(("then"').replace("sum(then", 'sum("then"') for text in (counted, logs)
    )
    return f"""{level}_units as (select {keys}, {counted} from raw where {where} group by all),
    {level}_means as (select *, (year + 1) / (sum(year + 1) over ()) as mean from {level}_units),
    {level}_logs as (select {keys}, mean, {logs} from {level}_means),
    {level}_logits as (select {keys}, mean, level, {logit} as logit from {level}_logs {parent}),
    {level} as (select {keys}, exp(logit) / sum(exp(logit)) over () as share, share / exp(level) as growth, share / mean as in_season
        from {level}_logits)"""


def whole() -> str:
    parents = "parents as (select kind, ln(growth) as parent from types)"
    below = "join parents using (kind)"
    parts = [of_level("types", "kind", "true", "cross join (select 0 as parent)"), parents, of_level("groups", "kind, grp", "true", below)]
    parts += [of_level(level, "kind", f"band = {band}", below) for level, band in seasonality.BANDS.items()]
    bands = ", ".join(f"coalesce({level}.growth, 1) as seasonality_{level}_growth" for level in seasonality.BANDS)
    joins = " ".join(f"left join {level} using (kind)" for level in seasonality.BANDS)
    return f"""with {RAW}, {", ".join(parts)}
    select article_id, coalesce(g.in_season, 0) as seasonality, coalesce(t.share, 0) as seasonality_share,
        coalesce(t.growth, 1) as seasonality_growth, coalesce(g.share, 0) as seasonality_group_share,
        coalesce(g.growth, 1) as seasonality_group_growth, {bands}
    from kinds join groups_of using (article_id) left join types as t using (kind) left join groups as g using (kind, grp) {joins}"""


@pytest.fixture(scope="module")
def late_shop() -> Shop:
    """Seventy weeks of random sales; a type is unknown, one is bought by the old alone, one never."""
    dice = np.random.default_rng(3)
    rows = [{"article_id": 100 + place, "product_type_no": kind, "index_group_no": place % 3 or None}
            for place, kind in enumerate([None, 1, 2, 3, 4, 5] * 20)] + [{"article_id": 999, "product_type_no": 9}]  # fmt: skip
    ages = {person: int(age) if age > 15 else None for person, age in enumerate(dice.integers(10, 80, 200))}
    count, calendar = 12_000, Calendar(last_week=LATE + 5)
    day = np.sort(dice.integers(0, 7 * LATE, count))
    article = 100 + (dice.beta(2, 2 + np.sin(day / 58), count) * 120).astype(int)
    buyer = dice.integers(0, 200, count)
    keep = np.array([(ages[person] or 0) >= 50 or place % 6 != 5 for person, place in zip(buyer, article - 100, strict=True)])
    frame = pl.DataFrame({"customer_id": buyer, "article_id": article, "day": day}).filter(keep)
    sold = frame.select(
        "customer_id", "article_id", (pl.col("day") // 7).alias("week_id"), pl.lit(5).alias("price"), pl.lit(1).alias("sales_channel_id"),
        (pl.lit(calendar.start(0)) + pl.col("day") * timedelta(days=1)).alias("t_dat"),
    )  # fmt: skip
    audience = pl.DataFrame({"customer_id": [1]}, schema={"customer_id": pl.Int64})
    return Shop(Transactions.validate(sold, cast=True), articles(rows), customers(ages), audience, calendar)


def test_level_alone_expects_what_four_weeks_sold() -> None:
    # Three of type 10 and one of type 20 in the last four weeks, which are the year so far: mean year (3 + 1) / 6 and 2 / 6.
    # Fifty units of the year are added: (3 + 50 * 2 / 3) / 54 = .672840 and (1 + 50 / 3) / 54 = .327160.
    # Over the level that is 1, over the year .672840 / .666667 = 1.00926 and .327160 / .333333 = .98148.
    sales: list[Sale] = [*[(15, 1, TENS, 5, 1)] * 3, (22, 1, TWENTIES, 5, 1), (28, 1, TWENTIES, 5, 1)]
    tables = inputs_of("signal/seasonality", shop_of(sales, {1: 30}))
    found = seasonality.compute(tables, week_id=WEEK, model=ShareModel(dict.fromkeys(GIVEN, LEVEL))).collect()
    assert found["seasonality_share"].to_list() == found["seasonality_group_share"].to_list() == close(0.67284, 0.32716, 0.67284)
    assert found["seasonality"].to_list() == close(1.00926, 0.98148, 1.00926)
    for name in ("seasonality_growth", "seasonality_group_growth", *(f"seasonality_{band}_growth" for band in seasonality.BANDS)):
        assert found[name].to_list() == close(1, 1, 1)


def test_the_last_week_alone_expects_what_it_sold() -> None:
    # Weights of 1 for level and last leave the share of the last week: (0 + 100 / 3) / 51 = .653595 of type 10, 17.66667 / 51 of 20.
    sales: list[Sale] = [*[(15, 1, TENS, 5, 1)] * 3, (22, 1, TWENTIES, 5, 1)]
    tables = inputs_of("signal/seasonality", shop_of(sales, {1: 30}))
    found = seasonality.compute(tables, week_id=WEEK, model=ShareModel(dict.fromkeys(GIVEN, [1.0, 1.0] + [0.0] * 6))).collect()
    assert found["seasonality_share"].to_list() == close(0.653595, 0.346405, 0.653595)
    # Growth over four weeks: .653595 / .672840.  Only customer 1, aged 30, bought: the bands of the others expect no change.
    assert found["seasonality_middle_growth"][0] == pytest.approx(0.653595 / 0.672840, abs=1e-4)
    assert found["seasonality_young_growth"].to_list() == found["seasonality_older_growth"].to_list() == [1.0, 1.0, 1.0]


def test_the_same_weeks_of_last_year_are_told_against_the_four_before_them() -> None:
    # Two groups, week 60: half and half but for week 8 (52 weeks ago), where one has all of 100, and weeks 4 to 7 in which it has none.
    sold = np.full((2, 60), 10.0)
    sold[:, 8], sold[:, 4:8] = (100, 0), [[0], [20]]
    # The year, weeks 8 to 59: 100 + 51 * 10 = 610 and 510, of 1120; one is added to both: 611 / 1122 = .54456.
    # Then: (0 + 50 * .54456) / (80 + 50) = .20945.  Same week: (100 + 27.228) / 150 = .84819.  ln(.84819 / .20945) = 1.39869.
    # Weeks 6 to 10: 0 + 0 + 100 + 10 + 10 = 120 of 40 + 100 + 40 = 180: (120 + 27.228) / 230 = .64012; ln(.64012 / .20945) = 1.11718.
    found = dict(zip(FEATURES, build_features(sold, 60)[0], strict=True))
    assert [found["same_week"], found["same_weeks"]] == close(1.39869, 1.11718)
    assert not build_features(sold[:, :56], 56)[:, 5:7].any()  # a year and four weeks are not yet known


def test_expected_shares_are_what_sql_says(late_shop: Shop) -> None:
    tables = Evaluator(late_shop).inputs(ALL_STEPS["signal/seasonality"], LATE)
    found = seasonality.compute(tables, week_id=LATE, model=ShareModel(GIVEN)).collect()
    expected = ask(whole(), late_shop, LATE)
    assert set(expected.columns) == {"article_id", *seasonality.SIGNAL.columns}
    assert_agree(found, expected, key=["article_id"], rel_tol=1e-4)
    assert expected["seasonality_growth"].n_unique() == 7  # six types, and one that never sold


def test_shares_sum_to_one_over_types_and_over_groups(late_shop: Shop) -> None:
    tables = Evaluator(late_shop).inputs(ALL_STEPS["signal/seasonality"], LATE)
    found = seasonality.compute(tables, week_id=LATE, model=ShareModel({})).collect().join(late_shop.articles, on="article_id")
    assert found.unique("product_type_no")["seasonality_share"].sum() == pytest.approx(1, abs=1e-5)
    assert found.unique(["product_type_no", "index_group_no"])["seasonality_group_share"].sum() == pytest.approx(1, abs=1e-5)
    model = ShareModel({"types": [3.0, -2.0, 5.0, 0.5, 1.0, 2.0, -4.0, 1.0]})
    assert model.expect("types", np.random.default_rng(0).poisson(9, (40, 70)), 70).sum() == pytest.approx(1)


@pytest.mark.parametrize("is_drawn", [False, True])
@pytest.mark.parametrize("planted", [[0.8, 0.6, -0.3, 0.4, 0.2, 0.7, -0.5, 1.3], [1.2, 0.1, 0.5, -0.2, 0.6, -0.4, 0.9, 0.5]])
def test_a_fit_finds_planted_weights_back(planted: list[float], is_drawn: bool) -> None:
    dice = np.random.default_rng(8)
    sold = dice.lognormal(5, 1, (30, 160))
    weeks, parents = range(60, 160, 2), [dice.normal(0, 0.5, 30) for _ in range(50)]
    for week, parent in zip(weeks, parents, strict=True):
        shares = ShareModel({"types": planted}).expect("types", sold, week, parent)
        sold[:, week] = dice.multinomial(10_000, shares) if is_drawn else 10_000 * shares
    assert _shares.fit(sold, weeks, parents) == pytest.approx(planted, abs=0.1 if is_drawn else 0.02)


def test_without_a_past_the_defaults_serve() -> None:
    assert _shares.fit(np.zeros((3, 60)), range(20, 60)) == pytest.approx(DEFAULTS)
    model = seasonality.fit(inputs_of("model/seasonality", shop_of([(27, 1, TENS, 5, 1)], {1: 30})), week_id=WEEK, seed=0)
    assert (model.weights, model.metrics) == ({}, {"weeks": 0.0})
    sold = np.random.default_rng(1).poisson(20, (5, 60)).astype(float)
    assert ShareModel({}).expect("types", sold, 60) == pytest.approx(ShareModel({"types": list(DEFAULTS)}).expect("types", sold, 60))
