"""The truth of a simulated shop agrees with what is bought in it, changes nothing, and is nobody's input."""

import ast
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import roc_auc_score

import hm_pipeline
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.simulator.catalogue import build_catalogue
from hm_pipeline.datasets.simulator.customers import CIRCLE_STYLE, build_customers, build_segments
from hm_pipeline.datasets.simulator.ground_truth import NEED_WEEKS, GroundTruthRecorder
from hm_pipeline.datasets.simulator.simulate import simulate
from hm_pipeline.datasets.simulator.weekly_sales import LIKES, likes

FILES = ("transactions_train.csv", "customers.csv", "articles.csv")
TABLES = ("offers", "seasons", "customers", "articles", "needs")
LAST = 104


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    simulate(folder, customers=4_000, articles=2_000, weeks=60, ground_truth=True)
    return folder


@pytest.fixture(scope="module")
def purchases(shop: Path) -> pl.DataFrame:
    days = (pl.col("t_dat") - date(2018, 9, 19)).dt.total_days()
    rows = pl.read_csv(shop / FILES[0], schema_overrides={"t_dat": pl.Date, "article_id": pl.String}).with_columns(week_id=days // 7)
    types = pl.read_csv(shop / FILES[2], schema_overrides={"article_id": pl.String}).select("article_id", "product_type_no")
    return rows.join(types, on="article_id")


def read(shop: Path, table: str) -> pl.DataFrame:
    return pl.read_parquet(shop / "truth" / f"{table}.parquet")


def test_the_shop_is_the_same_with_and_without_its_truth(tmp_path: Path) -> None:
    for name in ("with", "again", "without"):
        simulate(tmp_path / name, customers=300, articles=200, weeks=10, ground_truth=name != "without")
    for file in FILES:
        assert (tmp_path / "with" / file).read_bytes() == (tmp_path / "without" / file).read_bytes()
    assert not (tmp_path / "without" / "truth").exists()
    for table in TABLES:
        file = f"truth/{table}.parquet"
        assert (tmp_path / "with" / file).read_bytes() == (tmp_path / "again" / file).read_bytes()


def test_what_is_off_offer_is_never_bought(shop: Path, purchases: pl.DataFrame) -> None:
    offers = read(shop, "offers")
    assert purchases.join(offers, on=["week_id", "article_id"], how="anti").is_empty()
    assert offers.height < 0.5 * 2_000 * 60
    assert offers.group_by("week_id").agg(pl.col("share").sum())["share"].to_numpy() == pytest.approx(np.ones(60), abs=1e-4)


def test_shares_on_offer_say_what_sells(shop: Path, purchases: pl.DataFrame) -> None:
    sold = purchases.group_by("week_id", "article_id").len()
    rows = read(shop, "offers").join(sold, on=["week_id", "article_id"], how="left").with_columns(pl.col("len").fill_null(0))
    each = rows.group_by("week_id").agg(pl.corr(pl.col("share").rank(), pl.col("len").rank()))["share"]
    assert each.mean() > 0.4
    turned = rows.with_columns(pl.col("share").shuffle(seed=1).over("week_id"))
    assert abs(turned.group_by("week_id").agg(pl.corr(pl.col("share").rank(), pl.col("len").rank()))["share"].mean()) < 0.1


def test_needs_drive_what_is_bought(shop: Path, purchases: pl.DataFrame) -> None:
    keys = ["week_id", "customer_id", "product_type_no"]
    needs = read(shop, "needs")
    assert needs["week_id"].unique().sort().to_list() == list(range(LAST - NEED_WEEKS + 1, LAST + 1))
    bought = purchases.select(keys).unique().with_columns(bought=True)
    buyers = needs.join(purchases.select(keys[:2]).unique(), on=keys[:2], how="semi")
    rows = buyers.join(bought, on=keys, how="left").with_columns(pl.col("bought").fill_null(value=False))
    assert roc_auc_score(rows["bought"], rows["chance"]) > 0.7
    assert roc_auc_score(rows["bought"], rows["due"]) > 0.53
    assert roc_auc_score(rows["bought"], rows["favourite"]) > 0.55
    assert needs.group_by(keys[:2]).agg(pl.col("chance").sum())["chance"].to_numpy() == pytest.approx(1, abs=1e-4)


def test_taste_drives_what_is_bought(shop: Path, purchases: pl.DataFrame) -> None:
    """Against the week's other articles on offer, what a customer takes is nearer his taste."""
    dice = np.random.default_rng(0)
    late = purchases.filter(pl.col("week_id") > LAST - 8)
    offers = dict(iter(read(shop, "offers").group_by("week_id")))
    other = [offers[(week,)]["article_id"][int(dice.integers(offers[(week,)].height))] for week in late["week_id"]]
    customers = late.select("customer_id").join(read(shop, "customers"), on="customer_id", how="left", maintain_order="left")
    looks = read(shop, "articles")
    own, others = (
        late.select(pl.Series("article_id", ids)).join(looks, on="article_id", how="left", maintain_order="left")["taste"].to_numpy()
        for ids in (late["article_id"], other)
    )
    taste = customers["taste"].to_numpy()
    assert ((taste * own).sum(axis=1) > (taste * others).sum(axis=1)).mean() > 0.65


def test_seasons_are_the_shares_that_sell(shop: Path, purchases: pl.DataFrame) -> None:
    sold = purchases.group_by("week_id", "product_type_no").len()
    rows = read(shop, "seasons").join(sold, on=["week_id", "product_type_no"], how="left").with_columns(pl.col("len").fill_null(0))
    assert rows.group_by("week_id").agg(pl.corr(pl.col("share").rank(), pl.col("len").rank()))["share"].mean() > 0.7
    warm = rows.filter(pl.col("product_type_no").is_in([274, 298, 59, 91]))  # shorts, swimwear and sandals
    turns = warm.group_by("week_id").agg(pl.col("share").sum(), pl.col("calendar").mean())
    assert turns.select(pl.corr("share", "calendar")).item() > 0.6


def test_taste_is_what_the_shop_computes(tmp_path: Path) -> None:
    """The product of the vectors equals the generator's own terms, so that neither can change alone."""
    dice = np.random.default_rng(5)
    shop = build_catalogue(100, 0, dice)
    segments = build_segments(shop, dice)
    shoppers = build_customers(60, 0, segments, dice)
    ids = pl.Series([f"{place:064x}" for place in range(60)]), shop.article_id
    witness = GroundTruthRecorder(shop, shoppers, segments, ids, seed=0)
    witness.see(100, np.zeros(100))
    witness.write(tmp_path)
    product = read(tmp_path, "customers")["taste"].to_numpy() @ read(tmp_path, "articles")["taste"].to_numpy().T
    seen = np.broadcast_to(np.arange(100), (60, 100))
    terms = likes(shop, shoppers, np.arange(60), seen, 100)
    circle = segments.group[shoppers.segment][:, shop.group] + CIRCLE_STYLE * segments.style[shoppers.segment] @ shop.style.T
    assert product == pytest.approx(sum(LIKES[name] * terms[name] for name in ("style", "colour", "purse")) + circle, abs=1e-4)


@pytest.mark.parametrize("size", [(1, 1, 1), (3, 2, 2), (50, 5, 3)])
def test_tiny_shops_have_a_truth(tmp_path: Path, size: tuple[int, int, int]) -> None:
    customers, articles, weeks = size
    simulate(tmp_path, customers=customers, articles=articles, weeks=weeks, ground_truth=True)
    assert all(not read(tmp_path, table).is_empty() for table in TABLES)


def test_ingest_reads_nothing_of_it(tmp_path: Path) -> None:
    for name in ("with", "without"):
        simulate(tmp_path / name, customers=200, articles=100, weeks=6, ground_truth=name == "with")
    for table in TABLES:
        (tmp_path / "with" / "truth" / f"{table}.parquet").write_bytes(b"no parquet at all")
    homes = []
    for name in ("with", "without"):
        ingest(tmp_path / name, tmp_path / f"home-{name}", settings=Settings())
        files = (tmp_path / f"home-{name}").rglob("*.parquet")
        homes.append({path.relative_to(tmp_path / f"home-{name}"): path.read_bytes() for path in files})
    assert homes[0]
    assert homes[0] == homes[1]


def imports(source: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (node.module, *(f"{node.module}.{name.name}" for name in node.names))
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def test_only_the_simulator_and_the_comparison_know_it() -> None:
    root = Path(hm_pipeline.__file__).parent
    itself, simulator = "datasets/simulator/ground_truth.py", "datasets/simulator/simulate.py"
    theirs = {itself, simulator, "evaluation/simulator/ground_truth.py", "evaluation/simulator/ground_truth_rows.py"}
    knowing, naming = set(), set()
    for source in root.rglob("*.py"):
        name = source.relative_to(root).as_posix()
        if "hm_pipeline.datasets.simulator.ground_truth" in set(imports(source)):
            knowing.add(name)
        texts = {node.value for node in ast.walk(ast.parse(source.read_text())) if isinstance(node, ast.Constant)}
        if "truth" in texts and name not in theirs | {"cli/pipeline.py", "cli/evaluation.py"}:
            naming.add(name)
    assert knowing == theirs - {itself}
    assert naming == set()
