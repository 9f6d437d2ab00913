"""What the first stage looks at, bucket by bucket, with numbers worked out by hand; week 4 starts on day 28."""

import numpy as np

from hm_pipeline.engine.inputs import Inputs
from hm_pipeline.recommender.candidates import STRATEGIES
from hm_pipeline.recommender.candidates.first_stage import model as first_stage
from hm_pipeline.recommender.candidates.first_stage.bins import ATTRIBUTES, _rank_bucket, bin_counts, digitize, terms_of
from hm_pipeline.recommender.candidates.first_stage.model import FirstStage
from hm_pipeline.recommender.candidates.first_stage.pool import CandidatePool, collect_candidates
from tests.laws.tiny_shops import Sale
from tests.recommender.candidates.few_rows import WEEK, A, B, C, D, forecast, inputs_of, shop_of

NAMES = [strategy.name for strategy in STRATEGIES]
SALES: list[Sale] = [(27, 1, A, 100, 1), (20, 1, D, 300, 1), (22, 3, B, 500, 1), (23, 3, B, 500, 1), (16, 3, B, 500, 1)]
FORECAST = forecast({A: 1.0, B: 1.0, D: 1.0}, {A: 5, B: 1, D: 2}, {B: 12})
# Of the pair of customer 1 and article B:
EXPECTED = {
    "repurchase": 8,  # not proposed
    "popular": 1,  # 2 units to the 3 of A, whose one of the last day counts thrice: second
    "units": 4,  # 1, over the mean of A and B, which sold last week, 3: .33, from .2 to .35
    "week_units": 7,  # 2, over the mean of A and B, 1.5: 1.33, from 1 to 1.8
    "trend": 6,  # 2 after 1, with one more each: 1.5, from 1.3 to 1.7
    "age_days": 1,  # 12, from 8 to 14
    "age_gap": 10,  # its buyers are 60, the customer is 20: 40, more than 25
    "price": 8,  # 500 over the customer's mean 200: 2.5, from 2.2 to 3.5
    # A weighs 2**(-1/90) = .9923 and D 2**(-8/90) = .9403.  Of last week's 3 units all are of B's section, whose share is .9993
    # with a thousandth for each article: ln((.9923 + 2 * .9993) / (1.9326 + 2) / .9993) = -.273, from -.5 to -.2.
    "section_no": 4,
    "department_no": 4,
    "product_type_no": 4,
    "index_group_no": 5,  # unknown of all: ln(1) = 0, from -.2 to .1
    "colour_group_code": 5,
}


def of_pair(customer: int, article: int, union: CandidatePool) -> int:
    """Return the place of a pair."""
    whose, what = union.customer_ids.index_of(customer), union.article_ids.index_of(article)
    return int(np.flatnonzero((union.customer == whose) & (union.article == what)).item())


def inputs(sales: list[Sale], audience: tuple[int, ...] = (1,)) -> Inputs:
    return inputs_of("candidates", shop_of(sales, audience), FORECAST)


def buckets_of(union: CandidatePool, tables: Inputs) -> dict[str, np.ndarray]:
    """Return the bucket of every pair in every term."""
    return {name: term.spread(term.known) for name, term in terms_of(union, tables, week_id=WEEK).items()}


def test_values_are_cut_at_edges_and_what_is_unknown_is_last() -> None:
    values = np.array([-9.0, 0.9, 1.0, 1.9, 2.0, np.inf, np.nan])
    assert digitize(values, np.array([1.0, 2.0])).tolist() == [0, 0, 1, 1, 2, 2, 3]


def test_ranks_double_from_bucket_to_bucket() -> None:
    ranks = np.array([1, 2, 3, 4, 7, 8, 64, 127, 128, 1_023, 30_000])
    expected = [0, 1, 1, 2, 2, 3, 6, 6, 7, 7, 7]
    assert _rank_bucket(ranks).tolist() == expected


def test_the_buckets_of_a_pair_are_those_worked_out_by_hand() -> None:
    union = collect_candidates(STRATEGIES, inputs(SALES), week_id=WEEK)
    found = buckets_of(union, inputs(SALES))
    assert list(found) == list(bin_counts(NAMES))
    pair = of_pair(1, B, union)
    assert {name: int(found[name][pair]) for name in EXPECTED} == EXPECTED


def test_what_is_unknown_is_in_the_last_bucket() -> None:
    sales: list[Sale] = [*SALES, (26, 2, C, 0, 1)]  # of C nothing is forecast; customer 4 has no age and bought nothing
    union = collect_candidates(STRATEGIES, inputs(sales, (4,)), week_id=WEEK)
    found = buckets_of(union, inputs(sales, (4,)))
    pair, last = of_pair(4, C, union), {name: width - 1 for name, width in bin_counts(NAMES).items()}
    unknown = ("units", "age_days", "age_gap", "price", "repurchase", *ATTRIBUTES)
    assert {name: int(found[name][pair]) for name in unknown} == {name: last[name] for name in unknown}
    assert all(found[name][pair] < last[name] for name in ("week_units", "trend", "popular"))


def test_no_bucket_lies_beyond_the_weights() -> None:
    sales: list[Sale] = [*SALES, (26, 5, C, 0, 1), (27, 3, C, 10**9, 1)]
    union = collect_candidates(STRATEGIES, inputs(sales, (1, 2, 3, 4, 5)), week_id=WEEK)
    for name, found in buckets_of(union, inputs(sales, (1, 2, 3, 4, 5))).items():
        assert found.shape == union.customer.shape
        assert found.max() < bin_counts(NAMES)[name]


def test_the_score_is_the_sum_of_the_buckets_weights() -> None:
    # Of the pair of customer 1 and B; every other bucket of these terms would cost 100.
    given = {"popular": 1.5, "repurchase": -0.25, "price": 0.125, "age_gap": 2.0}
    weights = {name: [0.0] * width for name, width in bin_counts(NAMES).items()}
    for name, weight in given.items():
        weights[name] = [weight if bucket == EXPECTED[name] else -100.0 for bucket in range(len(weights[name]))]
    found = first_stage.retrieve(STRATEGIES, inputs(SALES), week_id=WEEK, model=FirstStage(weights, {}), most=3)
    assert found["article_id"].to_list() == [A, B, D]
    # B: 1.5 - .25 + .125 + 2 = 3.375.  A is first, own and costs half the mean, and its buyer is as old: -400.
    # D is third, which shares the bucket of the second, own, and costs 1.5 of the mean, as old: 1.5 - 300.
    assert found["first_stage_score"].to_list() == [-400.0, 3.375, -298.5]
    assert found["first_stage_rank"].to_list() == [3, 1, 2]
