"""RelBench's three tasks: cases worked by hand, scikit-learn as an oracle, and what predictions must not lack."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import accuracy_score, average_precision_score, mean_squared_error, r2_score, roc_auc_score

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.contracts import Transactions
from hm_pipeline.base.errors import MissingInput, SchemaViolation
from hm_pipeline.evaluation.relbench import is_relbench, item_sales, title, user_churn, user_item_purchase
from hm_pipeline.evaluation.relbench.published import METRICS, PUBLISHED, published

TUESDAYS, WEDNESDAYS = Calendar(epoch=date(2018, 9, 18)), Calendar()
WEEK = 104  # of Tuesdays: 2020-09-15 to 2020-09-21, RelBench's test week
LAST_KNOWN = date(2020, 9, 14)  # RelBench's test timestamp, t
KEYS = {"week_id": pl.Int64, "customer_id": pl.Int64, "article_id": pl.Int64}


def transactions(*rows):
    """Make purchases of (days after t, customer, article, price in millionths); 0 is t itself, the last known day."""
    days = [LAST_KNOWN + timedelta(days=after) for after, *_ in rows]
    columns = {
        "t_dat": days,
        **{name: [row[place] for row in rows] for place, name in enumerate(("customer_id", "article_id", "price"), 1)},
    }
    bought = pl.DataFrame(columns, schema={"t_dat": pl.Date, "customer_id": pl.Int64, "article_id": pl.Int64, "price": pl.Int32})
    week = pl.Series([TUESDAYS.week_of(day) for day in days], dtype=pl.Int64)
    extra = bought.with_columns(week_id=week, sales_channel_id=pl.lit(2, dtype=pl.Int8))
    return extra.select(Transactions.column_names()).lazy()


def bought_by(customer, *days):
    return [(after, customer, 10, 1) for after in days]


def people(*ids):
    return pl.LazyFrame({"customer_id": list(ids)}, schema={"customer_id": pl.Int64})


def catalogue(*ids):
    return pl.LazyFrame({"article_id": list(ids)}, schema={"article_id": pl.Int64})


def by_id(frame, value):
    table = frame.lazy().collect()
    assert table["week_id"].unique().to_list() in ([WEEK], [])
    return dict(zip(table.to_series(1), table[value], strict=True))


def labelled(name, labels, values, key="customer_id"):
    """Make labels and their predictions of {id: target} and {id: prediction}."""
    keys = {"week_id": pl.Int64, key: pl.Int64}
    labels = pl.DataFrame([(WEEK, *pair) for pair in labels.items()], schema={**keys, name: pl.Float64}, orient="row")
    predicted = pl.DataFrame([(WEEK, *pair) for pair in values], schema={**keys, "prediction": pl.Float64}, orient="row")
    return predicted, labels


def lists(ranked):
    rows = [(WEEK, customer, article, place) for customer, articles in ranked.items() for place, article in enumerate(articles, 1)]
    return pl.DataFrame(rows, schema={**KEYS, "rank": pl.Int16}, orient="row")


def pairs(bought):
    return pl.DataFrame(
        [(WEEK, customer, article) for customer, articles in bought.items() for article in articles], schema=KEYS, orient="row"
    )


# Calendar --------------------------------------------------------------------------------------------------------


def test_weeks_of_relbench_start_on_a_tuesday():
    assert TUESDAYS.start(WEEK) == LAST_KNOWN + timedelta(days=1) == date(2020, 9, 15)
    assert is_relbench(TUESDAYS)
    assert is_relbench(Calendar(epoch=date(2019, 9, 10)))
    assert not is_relbench(WEDNESDAYS)


def test_title_claims_relbench_only_where_it_is_exact():
    assert title("user-churn", TUESDAYS, [WEEK]) == "user-churn, RelBench test week (2020-09-15)"
    assert title("user-churn", TUESDAYS, [WEEK - 1]) == "user-churn, RelBench validation week (2020-09-08)"
    assert title("user-churn", TUESDAYS, [WEEK - 2]) == "user-churn, own weeks (2020-09-01)"
    assert title("user-churn", TUESDAYS, [WEEK, WEEK - 1]) == "user-churn, own weeks (2020-09-08 to 2020-09-15)"
    assert title("user-churn", WEDNESDAYS, [WEEK]) == "user-churn, own weeks (2020-09-16)"
    # the same week by another epoch
    assert title("user-churn", Calendar(epoch=date(2020, 9, 8)), [1]) == "user-churn, RelBench test week (2020-09-15)"


# user-churn ------------------------------------------------------------------------------------------------------


def test_churn_asks_about_those_who_bought_in_the_seven_days_up_to_t():
    bought = transactions(
        *bought_by(1, 0),  # on t, and never again: churns
        *bought_by(2, -6, 1),  # on the first day of (t - 7 d, t], and on the first of (t, t + 7 d]
        *bought_by(3, -7, 2),  # a day too early to be asked about
        *bought_by(4, -1, 7),  # buys on the last day of (t, t + 7 d]
        *bought_by(5, -1, 8),  # buys a day too late: churns
        *bought_by(6, 3),  # new: not asked about
        *bought_by(7, 0),  # no customer of the catalogue
    )
    everyone = people(6, 5, 4, 3, 2, 1)
    assert by_id(user_churn.labels(bought, everyone, week_id=WEEK), "churn") == {1: 1, 2: 0, 4: 0, 5: 1}
    asked = user_churn.population(bought, everyone, week_id=WEEK).collect()
    assert asked.rows() == [(WEEK, customer) for customer in (1, 2, 4, 5)]


def test_churn_score_by_hand():
    labels = {1: 1, 2: 1, 3: 0, 4: 0, 5: 0}
    predicted, labels = labelled("churn", labels, [(5, 0.1), (4, 0.5), (3, 0.8), (2, 0.5), (1, 0.9), (99, 0.0)])
    found = user_churn.score(predicted, labels)
    # pairs: 1 beats 3, 4, 5; 2 loses to 3, ties with 4, beats 5: (3 + 0 + .5 + 1) / 6
    assert found.auroc == 0.75
    # at .9: recall 1/2, precision 1; at .8: nothing new; at .5: recall 1, precision 2/4: 1/2 * 1 + 1/2 * 1/2
    assert found.average_precision == 0.75
    # .5 is not above .5: 1 right, 2 wrong, 3 wrong, 4 right, 5 right
    assert (found.customers, found.accuracy, found.base_rate) == (5, 0.6, 0.4)


def test_a_constant_ranks_like_chance():
    predicted, labels = labelled("churn", {1: 1, 2: 0, 3: 0}, [(1, 0.7), (2, 0.7), (3, 0.7)])
    assert user_churn.score(predicted, labels).auroc == 0.5


@pytest.mark.parametrize("label", [0, 1])
def test_nothing_to_rank_where_all_are_alike(label):
    predicted, labels = labelled("churn", {1: label, 2: label}, [(1, 0.1), (2, 0.9)])
    found = user_churn.score(predicted, labels)
    assert (found.auroc, found.average_precision, found.base_rate, found.accuracy) == (None, None, label, 0.5)


@pytest.mark.parametrize("decimals", [1, 12])
def test_churn_score_is_scikit_learns(decimals):
    drawn = np.random.default_rng(decimals)
    labels = drawn.integers(0, 2, 300)
    values = np.round(drawn.random(300) + 0.2 * labels, decimals)  # one decimal: many ties
    predicted, target = labelled("churn", dict(enumerate(labels)), list(enumerate(values)))
    found = user_churn.score(predicted.sample(fraction=1, shuffle=True, seed=1), target.reverse())
    assert found.auroc == pytest.approx(roc_auc_score(labels, values), abs=1e-9)
    assert found.average_precision == pytest.approx(average_precision_score(labels, values), abs=1e-9)
    assert found.accuracy == pytest.approx(accuracy_score(labels, values > 0.5), abs=1e-9)


def test_baselines_of_churn():
    bought = transactions(
        *bought_by(1, -28, -21, -7, 0),  # the last days of weeks 99, 100, 102 and 103
        *bought_by(2, -3, -3, 5),  # first purchase last week: no label of its own
        *bought_by(3, -13, 1),  # not asked about
    )
    everyone = people(1, 2, 3)

    def of(baseline):
        return by_id(user_churn.BASELINES[baseline](bought, everyone, week_id=WEEK), "prediction")

    # the week before, 1 and 3 were asked about and 3 churned
    assert of("global constant") == {1: 0.5, 2: 0.5}
    # 1 bought on the newest day, 2 three days before
    assert of("days since purchase") == {1: 0.0, 2: pytest.approx(3 / 7)}
    # 2's purchase of the evaluated week is not known yet
    assert of("purchase count") == {1: pytest.approx(1 / 5), 2: pytest.approx(1 / 3)}
    # 1: week 99 was followed by 100, 102 by 103, but 100 by nothing; what follows 103 is not known; 2 has the constant
    assert of("customer constant") == {1: pytest.approx(1 / 3), 2: 0.5}


# item-sales ------------------------------------------------------------------------------------------------------


def test_sales_are_sums_of_the_week_in_the_unit_of_the_files():
    bought = transactions(
        (0, 1, 10, 900_000),  # on t: known, not asked
        (1, 1, 10, 25_000),
        (7, 2, 10, 50_000),
        (7, 2, 10, 50_000),  # two of the same are two rows
        (8, 3, 20, 70_000),  # a day too late
        (2, 3, 99, 70_000),  # not of the catalogue
    )
    assert by_id(item_sales.labels(bought, catalogue(30, 20, 10), week_id=WEEK), "sales") == {10: 0.125, 20: 0.0, 30: 0.0}
    assert item_sales.population(catalogue(30, 10), week_id=WEEK).collect().rows() == [(WEEK, 10), (WEEK, 30)]


def test_a_week_of_an_article_may_outgrow_32_bits():
    bought = transactions(*[(1, 1, 10, 2_000_000_000)] * 3)
    assert by_id(item_sales.labels(bought, catalogue(10), week_id=WEEK), "sales") == {10: 6000.0}


def test_sales_score_by_hand():
    predicted, labels = labelled(
        "sales", {10: 0.4, 20: 0.0, 30: 0.0, 40: 0.0}, [(40, 0.0), (30, 0.1), (20, 0.1), (10, 0.2), (99, 9.0)], "article_id"
    )
    found = item_sales.score(predicted, labels)
    assert found.mae == pytest.approx(0.1)  # (.2 + .1 + .1 + 0) / 4
    assert found.rmse == pytest.approx((0.06 / 4) ** 0.5, abs=1e-9)  # .04 + .01 + .01
    assert found.r2 == pytest.approx(0.5)  # the mean is .1: 1 - .06 / (.09 + 3 * .01)
    assert (found.articles, found.mean_sales) == (4, pytest.approx(0.1))


def test_sales_score_is_scikit_learns():
    drawn = np.random.default_rng(0)
    sales, values = drawn.exponential(size=200), drawn.exponential(size=200)
    found = item_sales.score(*labelled("sales", dict(enumerate(sales)), list(enumerate(values)), "article_id"))
    assert found.rmse == pytest.approx(mean_squared_error(sales, values) ** 0.5, abs=1e-9)
    assert found.r2 == pytest.approx(r2_score(sales, values), abs=1e-9)


def test_nothing_to_explain_where_all_articles_sold_alike():
    assert item_sales.score(*labelled("sales", {10: 0.1, 20: 0.1, 30: 0.1}, [(10, 0.0), (20, 0.1), (30, 0.3)], "article_id")).r2 is None


def test_baselines_of_sales():
    bought = transactions(
        (0, 1, 10, 400_000),
        (-7, 1, 10, 200_000),
        (-27, 1, 10, 200_000),  # the first day of the last four weeks
        (-28, 1, 10, 800_000),  # a day before
        (-8, 1, 20, 400_000),
        (1, 1, 20, 999_999),  # the evaluated week itself
    )

    def of(baseline):
        return by_id(item_sales.BASELINES[baseline](bought, catalogue(10, 20, 30), week_id=WEEK), "prediction")

    assert of("zero") == {10: 0.0, 20: 0.0, 30: 0.0}
    assert of("last week") == {10: 0.4, 20: 0.0, 30: 0.0}
    assert of("mean of 4 weeks") == {10: pytest.approx(0.2), 20: pytest.approx(0.1), 30: 0.0}  # .8 / 4, .4 / 4


# user-item-purchase ----------------------------------------------------------------------------------------------


def test_purchases_are_distinct_articles_of_the_weeks_buyers():
    bought = transactions((1, 1, 10, 5), (7, 1, 10, 5), (3, 1, 20, 5), (0, 2, 10, 5), (8, 2, 10, 5), (2, 3, 99, 5), (2, 4, 10, 5))
    known = (people(1, 2, 3), catalogue(10, 20))
    assert user_item_purchase.labels(bought, *known, week_id=WEEK).collect().rows() == [(WEEK, 1, 10), (WEEK, 1, 20)]
    assert user_item_purchase.population(bought, *known, week_id=WEEK).collect().rows() == [(WEEK, 1)]


def test_purchase_score_by_hand():
    ranked = lists({1: [10, 90, 20], 2: [91, 30], 3: [user_item_purchase.NO_ARTICLE], 8: [10]})
    labels = pairs({1: [10, 20, 20], 2: [30, 31, 32, 33], 3: [40]})
    found = user_item_purchase.score(ranked, labels)
    # 1: (1/1 + 2/3) / 2 = 5/6, the repeated 20 counts once; 2: (1/2) / 4 = 1/8; 3: 0
    assert found.mean_average_precision == pytest.approx((5 / 6 + 1 / 8) / 3, abs=1e-9)
    assert found.precision == pytest.approx((2 / 12 + 1 / 12 + 0) / 3, abs=1e-9)  # by 12 places, filled or not
    assert found.recall == pytest.approx((2 / 2 + 1 / 4 + 0) / 3, abs=1e-9)
    assert (found.customers, found.places) == (3, 12)


def test_more_labels_than_ranks():
    found = user_item_purchase.score(lists({1: range(14)}), pairs({1: range(20)}))
    # twelve hits count: AP 12 / min(20, 12), recall 12 / 20
    assert (found.mean_average_precision, found.precision, found.recall) == (1.0, 1.0, 0.6)


def relbench_measures(ranked, labels, k):
    """Score lists as relbench/metrics.py does, on a matrix of hits with one row a customer."""
    is_hit = np.array([[article in set(labels[customer]) for article in articles] for customer, articles in ranked.items()])
    counts = np.array([len(set(labels[customer])) for customer in ranked])
    running = is_hit.cumsum(axis=1) / np.arange(1, k + 1)
    return (
        ((running * is_hit).sum(axis=1) / np.minimum(counts, k)).mean(),
        (is_hit.sum(axis=1) / k).mean(),
        (is_hit.sum(axis=1) / counts).mean(),
    )


def test_purchase_score_is_relbenchs():
    drawn = np.random.default_rng(3)
    ranked = {customer: drawn.permutation(30)[:12].tolist() for customer in range(60)}
    labels = {customer: drawn.integers(0, 30, drawn.integers(1, 25)).tolist() for customer in range(60)}
    found = user_item_purchase.score(lists(ranked).sample(fraction=1, shuffle=True, seed=1), pairs(labels))
    measures = (found.mean_average_precision, found.precision, found.recall)
    assert measures == pytest.approx(relbench_measures(ranked, labels, 12), abs=1e-9)


def test_best_sellers_are_last_weeks():
    sold = [(-1, 5, 20, 5), (-6, 6, 20, 5), (0, 5, 30, 5), (0, 6, 30, 5), (0, 5, 10, 5), *[(-7, 5, 40, 5)] * 9, *[(1, 5, 50, 5)] * 9]
    named = user_item_purchase.BASELINES["best sellers"](transactions(*sold), people(2, 1), week_id=WEEK).collect()
    # 20 and 30 are tied at two; 40 sold before last week, 50 in the evaluated one
    assert named.rows() == [(WEEK, customer, article, rank) for customer in (1, 2) for rank, article in enumerate((20, 30, 10), 1)]


def test_past_purchases_count_weeks_then_days_then_ids():
    past = [
        *[(-1, 1, 20, 5)] * 3,  # three of one week are one week
        (-1, 1, 15, 5),  # as new as 20, the smaller id
        (0, 1, 40, 5),  # newer
        (-8, 1, 10, 5),
        (-15, 1, 10, 5),  # two weeks: the first
        *[(after, 1, 50, 5) for after in (1, 2)],  # the evaluated week
        (-1, 7, 60, 5),  # another's
        *[(-2, 2, article, 5) for article in range(100, 115)],
    ]
    named = user_item_purchase.BASELINES["past purchases"](transactions(*past), people(1, 2, 3), week_id=WEEK).collect()
    found = {customer: rows["article_id"].to_list() for (customer,), rows in named.group_by("customer_id", maintain_order=True)}
    assert found == {1: [10, 40, 15, 20], 2: list(range(100, 112)), 3: [user_item_purchase.NO_ARTICLE]}
    assert named.filter(pl.col("customer_id") == 1)["rank"].to_list() == [1, 2, 3, 4]
    user_item_purchase.score(named, pairs({1: [10], 3: [10]}))  # a list for everyone


# What predictions must not lack ----------------------------------------------------------------------------------

NUMBERS = pytest.mark.parametrize(("task", "name", "key"), [(user_churn, "churn", "customer_id"), (item_sales, "sales", "article_id")])


@NUMBERS
@pytest.mark.parametrize("gone", [[], [(2, None)], [(2, float("nan"))], [(2, float("inf"))]])
def test_a_missing_prediction_is_refused(task, name, key, gone):
    predicted, labels = labelled(name, {1: 1, 2: 0}, [(1, 0.5), *gone], key)
    with pytest.raises(
        SchemaViolation, match=f"1 of 2 have no finite prediction, first week_id {WEEK}, {key} 2 .{task.NAME}.: predict for"
    ):
        task.score(predicted, labels)


@NUMBERS
def test_a_doubled_prediction_is_refused(task, name, key):
    predicted, labels = labelled(name, {1: 1, 2: 0}, [(1, 0.5), (2, 0.1), (2, 0.1)], key)
    with pytest.raises(SchemaViolation, match=f"1 have more than one prediction, first week_id {WEEK}, {key} 2 .{task.NAME}."):
        task.score(predicted, labels)


@NUMBERS
def test_another_weeks_prediction_does_not_count(task, name, key):
    predicted, labels = labelled(name, {1: 1, 2: 0}, [(1, 0.5), (2, 0.1)], key)
    with pytest.raises(SchemaViolation, match="2 of 2"):
        task.score(predicted.with_columns(pl.col("week_id") - 1), labels)


@NUMBERS
def test_no_labels(task, name, key):
    with pytest.raises(MissingInput, match="no labels to evaluate against"):
        task.score(*labelled(name, {}, [(1, 0.5)], key))


@pytest.mark.parametrize(
    ("ranked", "complaint"),
    [
        (lists({1: [10]}), f"1 customers have no list, first week_id {WEEK}, customer_id 2"),
        (lists({1: [10], 2: [20, 20]}), "1 have more than one rank, .* article_id 20"),
        (pl.concat([lists({1: [10], 2: [20]}), lists({2: [21]})]), "1 have more than one article, .* customer_id 2, rank 1"),
        (lists({1: [10], 2: [20]}).with_columns(pl.col("rank") - 1), "a rank is missing or below 1"),
        (lists({1: [10], 2: [20]}).with_columns(rank=pl.lit(None, dtype=pl.Int16)), "a rank is missing or below 1"),
    ],
)
def test_a_list_that_is_none_is_refused(ranked, complaint):
    with pytest.raises(SchemaViolation, match=complaint):
        user_item_purchase.score(ranked, pairs({1: [10], 2: [20]}))


def test_no_buyers():
    with pytest.raises(MissingInput, match="no labels to evaluate against"):
        user_item_purchase.score(lists({1: [10]}), pairs({}))


@pytest.mark.parametrize(
    ("task", "given"),
    [(user_churn, people(1, 2)), (item_sales, catalogue(10, 20)), (user_item_purchase, people(1, 2))],
)
def test_every_baseline_can_be_evaluated(task, given):
    bought = transactions((-7, 1, 10, 5), (-1, 1, 10, 5), (0, 2, 20, 5), (2, 1, 10, 5))
    wanted = (people(1, 2), catalogue(10, 20)) if task is user_item_purchase else (given,)
    labels = task.labels(bought, *wanted, week_id=WEEK).collect()
    for baseline in task.BASELINES.values():
        task.score(baseline(bought, given, week_id=WEEK).collect(), labels)


# Published -------------------------------------------------------------------------------------------------------


def test_published_results_name_task_and_source_and_run_from_worst_to_best():
    assert {row.task for row in PUBLISHED} == set(METRICS) == {user_churn.NAME, item_sales.NAME, user_item_purchase.NAME}
    assert all(row.source and 0 < row.value < 1 for row in PUBLISHED)
    assert [row.value for row in published("item-sales")] == [0.076, 0.0556, 0.036, 0.034, 0.0321, 0.031]
    ends = {task: (published(task)[0].method, published(task)[-1].method) for task in METRICS if task != "item-sales"}
    assert ends == {"user-churn": ("global constant", "Kapso agent"), "user-item-purchase": ("global popularity", "plain Claude Code")}
    assert published("user-churn")[0].metric == "AUROC"
