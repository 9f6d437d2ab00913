"""A made-up shop in Kaggle's layout, of any size: the same arguments give the same bytes.

It is no copy of H&M.  Its customers have styles, ages, needs that recur and short memories, its articles come and
go, so that each signal and strategy has something to find.
"""

from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl

from hm_pipeline.base.calendar import REFERENCE
from hm_pipeline.base.files import atomic_write
from hm_pipeline.base.progress import OnProgress
from hm_pipeline.datasets.simulator.articles_csv import articles_table
from hm_pipeline.datasets.simulator.catalogue import LAST_WEEK, Array, Catalogue, build_catalogue
from hm_pipeline.datasets.simulator.customers import build_customers, build_segments, customers_table
from hm_pipeline.datasets.simulator.ground_truth import GroundTruthRecorder
from hm_pipeline.datasets.simulator.images.render import write_images
from hm_pipeline.datasets.simulator.weekly_sales import Basket, simulate_week

TREND, LASTING = 0.25, 0.95  # how far an article's fortune moves in a week, as a power of e, and how much of it stays


def simulate(
    out: str | Path,
    *,
    customers: int,
    articles: int,
    weeks: int,
    seed: int = 0,
    images: bool = False,
    ground_truth: bool = False,
    progress: OnProgress | None = None,
) -> None:
    """Write transactions_train.csv, customers.csv and articles.csv of a simulated shop.

    Parameters
    ----------
    out
        Folder for the files; made when it is not there.
    customers, articles, weeks
        Size of the shop; the last week is always the one that ends on 2020-09-22.
    seed
        Another seed is another shop.
    images
        Draw every article too, see :mod:`hm_pipeline.datasets.simulator.images`.
    ground_truth
        Write what drove the purchases too, see :mod:`hm_pipeline.datasets.simulator.ground_truth`; the shop itself stays the same.
    progress
        Called with the table, the weeks done and the weeks there are.
    """
    out, first_week = Path(out), LAST_WEEK + 1 - weeks
    world, diary = np.random.default_rng([seed, 0]), np.random.default_rng([seed, 1])
    shop = build_catalogue(articles, first_week, world)
    segments = build_segments(shop, world)
    shoppers = build_customers(customers, first_week, segments, world)
    people = customers_table(shoppers, seed, world)
    progress = progress or (lambda _table, _done, _all: None)

    ids = people["customer_id"], shop.article_id
    witness = GroundTruthRecorder(shop, shoppers, segments, ids, seed) if ground_truth else None

    def write(path: Path) -> None:
        trend = np.zeros(shop.size)
        with path.open("wb") as file:
            for done, week_id in enumerate(range(first_week, LAST_WEEK + 1)):
                trend = LASTING * trend + diary.normal(0, TREND, shop.size)
                if witness:
                    witness.see(week_id, trend)
                basket = simulate_week(shop, shoppers, segments, week_id, trend, diary)
                rows = _rows(shop, ids, basket, week_id, diary)
                rows.write_csv(file, include_header=done == 0)
                progress("transactions", done + 1, weeks)

    atomic_write(out / "customers.csv", people.write_csv)
    atomic_write(out / "articles.csv", articles_table(shop).write_csv)
    atomic_write(out / "transactions_train.csv", write)
    if witness:
        witness.write(out)
    if images:
        write_images(out, shop, progress)


def _rows(shop: Catalogue, ids: tuple[pl.Series, pl.Series], basket: Basket, week_id: int, rng: np.random.Generator) -> pl.DataFrame:
    days = pl.Series([REFERENCE.start(week_id) + timedelta(days=day) for day in range(7)])
    return pl.DataFrame(
        {
            "t_dat": days.gather(basket.day),
            "customer_id": ids[0].gather(basket.customer),
            "article_id": ids[1].gather(basket.article),
            "price": _paid(shop.price(basket.article, week_id), rng),
            "sales_channel_id": np.where(basket.online, 2, 1),
        }
    )


def _paid(price: Array, rng: np.random.Generator) -> Array:
    """Take a member's discount off some prices."""
    return np.asarray(np.where(rng.random(len(price)) < 0.1, price * 0.9, price))
