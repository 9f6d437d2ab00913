"""The simulated shop: Kaggle's layout, the same bytes twice, and the habits that signals and strategies live on."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from hm_pipeline.base.contracts import RAW_ARTICLES, RAW_CUSTOMERS, RAW_TRANSACTIONS
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.simulator.articles_csv import COLUMNS
from hm_pipeline.datasets.simulator.simulate import simulate

FILES = ("transactions_train.csv", "customers.csv", "articles.csv")
LAST = 104


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    simulate(folder, customers=20_000, articles=8_000, weeks=40)
    return folder


@pytest.fixture(scope="module")
def purchases(shop: Path) -> pl.DataFrame:
    days = (pl.col("t_dat") - date(2018, 9, 19)).dt.total_days()
    rows = pl.read_csv(shop / FILES[0], schema_overrides={"t_dat": pl.Date, "article_id": pl.String})
    return rows.with_columns(week_id=days // 7)


@pytest.fixture(scope="module")
def articles(shop: Path) -> pl.DataFrame:
    return pl.read_csv(shop / FILES[2], schema_overrides={"article_id": pl.String})


def best_sellers(purchases: pl.DataFrame, week_id: int, count: int) -> set[str]:
    sold = purchases.filter(pl.col("week_id") == week_id).group_by("article_id").len()
    return set(sold.sort("len", "article_id", descending=True).head(count)["article_id"])


def baskets(purchases: pl.DataFrame, week_id: int) -> pl.DataFrame:
    return purchases.filter(pl.col("week_id") == week_id).select("customer_id", "article_id").unique()


def test_the_layout_is_kaggles(purchases: pl.DataFrame, articles: pl.DataFrame, shop: Path) -> None:
    customers = pl.read_csv(shop / FILES[1])
    assert purchases.columns[:5] == [*RAW_TRANSACTIONS.required, *RAW_TRANSACTIONS.optional]
    assert customers.columns == [*RAW_CUSTOMERS.required, *RAW_CUSTOMERS.optional]
    assert tuple(articles.columns) == COLUMNS
    assert set(COLUMNS) == {*RAW_ARTICLES.required, *RAW_ARTICLES.optional}
    assert customers["customer_id"].str.contains("^[0-9a-f]{64}$").all()
    assert customers["customer_id"].is_sorted()
    assert articles["article_id"].str.contains("^0[0-9]{9}$").all()
    assert articles["article_id"].is_unique().all()
    assert (articles["article_id"].str.slice(1, 6).cast(pl.Int64) == articles["product_code"]).all()


def test_the_last_day_is_kaggles(purchases: pl.DataFrame) -> None:
    assert purchases["t_dat"].max() == date(2020, 9, 22)
    assert purchases["week_id"].min() == LAST - 39
    assert purchases["t_dat"].is_sorted()


def test_the_same_arguments_give_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        simulate(tmp_path / name, customers=300, articles=200, weeks=6, seed=seed)
    for file in FILES:
        one, two, three = ((tmp_path / name / file).read_bytes() for name in ("one", "two", "three"))
        assert one == two != three


@pytest.mark.parametrize("size", [(1, 1, 1), (3, 2, 2), (50, 5, 3)])
def test_tiny_shops_are_shops(tmp_path: Path, size: tuple[int, int, int]) -> None:
    customers, articles, weeks = size
    simulate(tmp_path, customers=customers, articles=articles, weeks=weeks)
    assert pl.read_csv(tmp_path / FILES[2]).height == articles
    assert pl.read_csv(tmp_path / FILES[1]).height == customers


def test_nothing_is_sold_before_its_launch_or_of_no_article(purchases: pl.DataFrame, articles: pl.DataFrame) -> None:
    assert purchases["article_id"].is_in(articles["article_id"].implode()).all()
    assert purchases["price"].is_between(0.001, 0.6).all()


def test_it_can_be_ingested(shop: Path, purchases: pl.DataFrame, tmp_path: Path) -> None:
    report = ingest(shop, tmp_path / "home", settings=Settings())
    assert (report.rows, report.customers, report.weeks_added, report.rejected) == (purchases.height, 20_000, 40, {})


def test_activity_is_like_hm(purchases: pl.DataFrame) -> None:
    visits = purchases.group_by("customer_id", "week_id").len()
    gaps = visits.sort("customer_id", "week_id").select(pl.col("week_id").diff().over("customer_id")).to_series().drop_nulls()
    assert 0.04 < visits.height / 40 / 20_000 < 0.07
    assert 3 < visits["len"].mean() < 4.2
    assert 0.4 < (gaps <= 4).mean() < 0.7
    assert 0.05 < 1 - purchases.unique(["t_dat", "customer_id", "article_id"]).height / purchases.height < 0.12


def test_best_sellers_pass_within_weeks(purchases: pl.DataFrame) -> None:
    now = best_sellers(purchases, LAST, 50)
    shared = [len(now & best_sellers(purchases, LAST - back, 50)) for back in (1, 4, 12)]
    assert shared[0] > shared[1] > shared[2]


def test_last_weeks_basket_is_taken_again(purchases: pl.DataFrame) -> None:
    again = returned = 0
    for week_id in range(LAST - 9, LAST + 1):
        before, now = baskets(purchases, week_id - 1), baskets(purchases, week_id)
        before = before.join(now, on="customer_id", how="semi")
        returned += before.height
        again += before.join(now, on=["customer_id", "article_id"], how="semi").height
    assert 0.04 < again / returned < 0.13


def test_age_groups_prefer_different_articles(purchases: pl.DataFrame, shop: Path) -> None:
    ages = pl.read_csv(shop / FILES[1]).select("customer_id", "age")
    late = purchases.filter(pl.col("week_id") > LAST - 4).join(ages, on="customer_id")
    young, old = (
        set(late.filter(pl.col("age").is_between(*ends)).group_by("article_id").len().sort("len", "article_id").tail(50)["article_id"])
        for ends in ((16, 25), (48, 99))
    )
    assert len(young & old) < 25


def test_seasons_turn(purchases: pl.DataFrame, articles: pl.DataFrame) -> None:
    kinds = purchases.join(articles.select("article_id", "product_type_name"), on="article_id")
    share = kinds.group_by("week_id").agg((pl.col("product_type_name") == "Shorts").mean().alias("shorts")).sort("week_id")["shorts"]
    assert share[20:36].mean() > 3 * share[:12].mean()


def test_articles_are_marked_down(purchases: pl.DataFrame) -> None:
    paid = purchases.sort("week_id").group_by("article_id").agg(first=pl.col("price").first(), last=pl.col("price").last(), sold=pl.len())
    often = paid.filter(pl.col("sold") > 20)
    assert (often["last"] < often["first"] * 0.8).mean() > 0.1


def test_customers_stay_with_their_part_of_the_range(purchases: pl.DataFrame, articles: pl.DataFrame) -> None:
    groups = purchases.join(articles.select("article_id", "index_group_name"), on="article_id")
    counted = (
        groups.group_by("customer_id", "index_group_name").len().group_by("customer_id").agg(pl.col("len").max(), total=pl.col("len").sum())
    )
    often = counted.filter(pl.col("total") >= 10)
    overall = groups["index_group_name"].value_counts(normalize=True)["proportion"].max()
    assert (often["len"] / often["total"]).mean() > overall + 0.05


def test_what_is_sold_makes_sense(articles: pl.DataFrame) -> None:
    """No dresses for men, no bras of denim, no necklines on shoes; and the texts say what the attributes say."""
    men = articles.filter(pl.col("index_group_name") == "Menswear")["product_type_name"].unique()
    assert len(men) > 10
    assert not set(men) & {"Dress", "Skirt", "Bra", "Blouse"}
    text = {name: " ".join(rows["detail_desc"]) for (name,), rows in articles.group_by("product_type_name")}
    assert "washed denim" in text["Trousers"]
    assert "washed denim" not in text["Bra"]
    assert "neckline" in text["T-shirt"]
    assert not any(word in text["Sneakers"] + text["Belt"] for word in ("neck", "waist", "fit"))
    for row in articles.sample(200, seed=0).iter_rows(named=True):
        for column in ("product_type_name", "colour_group_name", "graphical_appearance_name", "index_group_name"):
            assert row[column].lower() in row["detail_desc"].lower()
