"""What the reference data look like: the figures a simulated shop is held against, with their source.

P is a panel of 1,000 customers over two years, W every purchase of the week of 2020-09-16, K Kaggle's counts and the
scores that public solutions reported.
"""

from typing import NamedTuple

QUARTER, THIRD = 0.25, 1 / 3


class Fact(NamedTuple):
    """A figure of the reference data.

    ``within`` is how far a simulated shop may be off, as a share of the figure; none where it is shown for information.
    ``full`` figures depend on the number of customers and are evaluated at the reference data's size only.
    """

    key: str
    label: str
    real: float
    source: str
    within: float | None = QUARTER
    full: bool = False


FACTS: tuple[Fact, ...] = (
    Fact("customers", "customers", 1_371_980, "K", QUARTER, full=True),
    Fact("articles", "articles in the catalogue", 105_542, "K", QUARTER, full=True),
    Fact("transactions", "rows of transactions_train.csv", 31_788_324, "K", QUARTER, full=True),
    Fact("buyers_last", "customers who bought in the last week", 68_984 / 1_371_980, "W"),
    Fact("rows_mean", "rows of a customer: mean", 23.2, "P"),
    Fact("rows_p50", "median", 9, "P"),
    Fact("rows_p75", "p75", 26, "P"),
    Fact("rows_p90", "p90", 60, "P"),
    Fact("rows_p99", "p99", 204, "P"),
    Fact("basket_rows_last", "rows of a buyer, last week: mean", 3.48, "W"),
    Fact("basket_articles_last", "distinct articles", 3.10, "W"),
    Fact("basket_p50_last", "median", 2, "W"),
    Fact("basket_p90_last", "p90", 6, "W"),
    Fact("basket_rows", "rows of a buyer, any week: mean", 3.98, "P"),
    Fact("basket_articles", "distinct articles", 3.57, "P"),
    Fact("duplicates", "rows repeating day, customer, article", 0.093, "P"),
    Fact("gap_p10", "weeks between shopping weeks, p10", 1, "P"),
    Fact("gap_p25", "p25", 2, "P"),
    Fact("gap_p50", "median", 4, "P"),
    Fact("gap_p75", "p75", 9, "P"),
    Fact("gap_p90", "p90", 19, "P"),
    Fact("gap_4", "gaps of at most 4 weeks", 0.52, "P"),
    Fact("gap_long", "gaps of over 12 weeks", 0.18, "P"),
    Fact("visit_1", "shopping weeks, last one 1 week before", 0.18, "P"),
    Fact("visit_2", "2 weeks before", 0.11, "P"),
    Fact("visit_4", "at most 4 weeks before", 0.43, "P"),
    Fact("visit_none", "none before", 0.17, "P"),
    Fact("again", "pairs bought in an earlier week", 0.032, "P"),
    Fact("again_second", "in the second year", 0.036, "P"),
    Fact("again_1", "last bought 1 week before", 0.0109, "P"),
    Fact("again_2", "2 weeks before", 0.0039, "P"),
    Fact("again_3", "3 weeks before", 0.0021, "P"),
    Fact("again_4", "4 weeks before", 0.0013, "P"),
    Fact("again_8", "8 weeks before", 0.0006, "P"),
    Fact("basket_again", "pairs of last week's basket, if any", 0.065, "P"),
    Fact("product_again", "pairs whose product was bought before", 0.068, "P"),
    Fact("type_again", "product type", 0.50, "P"),
    Fact("department_again", "department", 0.41, "P"),
    Fact("first_group", "rows in a customer's first index group", 0.67, "P"),
    Fact("group_Ladieswear", "sales of Ladieswear", 0.62, "P"),
    Fact("group_Divided", "Divided", 0.23, "P"),
    Fact("group_Menswear", "Menswear", 0.07, "P"),
    Fact("group_Baby/Children", "Baby/Children", 0.04, "P"),
    Fact("group_Sport", "Sport", 0.04, "P"),
    Fact("type_Trousers", "sales of trousers", 0.14, "P"),
    Fact("type_Dress", "dresses", 0.10, "P"),
    Fact("type_Sweater", "sweaters", 0.09, "P"),
    Fact("type_T-shirt", "T-shirts", 0.07, "P"),
    Fact("type_Top", "tops", 0.05, "P"),
    Fact("sold_last", "articles sold in the last week", 17_986, "W", QUARTER, full=True),
    Fact("sold_day", "articles sold on 2020-09-15", 7_617, "W", QUARTER, full=True),
    Fact("top_12", "sales of the last week: top 12 articles", 0.028, "W", QUARTER, full=True),
    Fact("top_60", "top 60", 0.095, "W", QUARTER, full=True),
    Fact("top_100", "top 100", 0.134, "W", QUARTER, full=True),
    Fact("top_1000", "top 1,000", 0.50, "W", QUARTER, full=True),
    Fact("top_5000", "top 5,000", 0.86, "W", QUARTER, full=True),
    Fact("online", "rows online", 0.70, "P, W"),
    Fact("price_p1", "price, p1", 0.0034, "P"),
    Fact("price_p10", "p10", 0.0092, "P"),
    Fact("price_p50", "median", 0.0247, "P"),
    Fact("price_p90", "p90", 0.0508, "P"),
    Fact("price_p99", "p99", 0.0926, "P"),
    Fact("age_p10", "age, p10", 21, "P"),
    Fact("age_p25", "p25", 25, "P"),
    Fact("age_p50", "median", 33, "P"),
    Fact("age_p75", "p75", 48, "P"),
    Fact("age_p90", "p90", 57, "P"),
    Fact("age_missing", "age missing", 0.012, "P"),
    Fact("club_ACTIVE", "club member ACTIVE", 0.93, "P"),
    Fact("club_PRE-CREATE", "PRE-CREATE", 0.07, "P"),
    Fact("club_missing", "missing", 0.005, "P"),
    Fact("news_NONE", "fashion news NONE", 0.64, "P"),
    Fact("news_Regularly", "Regularly", 0.35, "P"),
    Fact("news_missing", "missing", 0.01, "P"),
    Fact("fn", "flag FN set", 0.35, "P"),
    Fact("map_top", "MAP@12, top 12 of the last 7 days", 0.0087, "K", THIRD),
    Fact("map_own", "own purchases of the last 7 days", 0.0217, "K", THIRD),
    Fact("map_filled", "own, day-decayed, filled by the top 12", 0.0231, "K", None),
    Fact("map_rules", "and frequent partners, gender and age", 0.0262, "K", None),
    Fact("map_stale", "the same rules without the newest week", 0.0121, "K", None),
    Fact("ratio_filled", "filled / own", 0.0231 / 0.0217, "K", THIRD),
    Fact("ratio_stale", "without the newest week / rules", 0.0121 / 0.0262, "K", THIRD),
    Fact("recall_60", "recall of the top 60 of the last week", 0.078, "K", None),
    Fact("recall_own", "of all earlier purchases", 0.040, "K", None),
    Fact("recall_4_12", "of the top 12 of the last four weeks", 0.019, "K", None),
    Fact("recall_4_50", "of the top 50", 0.062, "K", None),
    Fact("recall_4_100", "of the top 100", 0.105, "K", None),
)
FULL_CUSTOMERS = 1_371_980
