"""Twelve weeks of a shop as they come, and the same files at once: what must be equal to the byte is, and a week makes its own week."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from hm_pipeline.assets import PRODUCT
from hm_pipeline.base.errors import HMError
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.simulator.simulate import simulate
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.materialize import Runner
from hm_pipeline.engine.partition_files import Manifest
from hm_pipeline.engine.plan import Graph

FIRST, WEEKS = date(2020, 7, 1), 12  # delivered one by one, after 18 weeks that come together
LATE, CORRECTED, GAP, TWICE = 3, 5, 7, 9  # places of the deliveries that are not as they should be
TARGETS = ("candidates", "signal/style_similarity", "signal/visit_propensity", "signal/need_propensity", "signal/momentum")
FACTS = ("transactions", *(name for name in PRODUCT if name.startswith("history/")))
IDS = {"articles": "article_id", "customers": "customer_id"}
RAW = {"transactions": "transactions_train"}


@dataclass(frozen=True)
class Shop:
    """The tables of a shop as text."""

    transactions: pl.DataFrame
    articles: pl.DataFrame
    customers: pl.DataFrame

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True)
        for name, rows in vars(self).items():
            rows.write_csv(folder / f"{RAW.get(name, name)}.csv")
        return folder

    def until(self, day: date, *, are_all_known: bool) -> "Shop":
        """Return the purchases before a day, with all customers and articles or with those only who bought or were bought by then."""
        sold = self.transactions.filter(pl.col("t_dat") < day.isoformat())
        if are_all_known:
            return Shop(sold, self.articles, self.customers)
        return Shop(sold, *(getattr(self, name).join(sold, on=key, how="semi") for name, key in IDS.items()))


@pytest.fixture(scope="module")
def shop(once: Callable[..., Path]) -> Shop:
    """A simulated shop of thirty weeks; nothing is bought in one of the last twelve."""

    def make(folder: Path) -> None:
        simulate(folder, customers=400, articles=300, weeks=30, seed=3)

    raw = once("weeks-as-they-come", make)
    tables = [pl.read_csv(raw / f"{RAW.get(name, name)}.csv", infer_schema=False) for name in ("transactions", "articles", "customers")]
    closed = monday(GAP)
    open_days = ~pl.col("t_dat").is_between(pl.lit(closed.isoformat()), pl.lit((closed + timedelta(days=6)).isoformat()))
    return Shop(tables[0].filter(open_days), *tables[1:])


def monday(place: int) -> date:
    """Return the first day of a delivered week."""
    return FIRST + timedelta(weeks=place)


def deliveries(shop: Shop, *, are_all_known: bool) -> Iterator[tuple[str, Shop]]:
    """Yield what comes: a week a time, one with a row that is missing at first, one with a wrong price, one not at all, one twice."""
    yield "first", shop.until(FIRST, are_all_known=are_all_known)
    for place in range(WEEKS):
        day = monday(place)
        week = pl.col("t_dat").is_between(pl.lit(day.isoformat()), pl.lit((day + timedelta(days=6)).isoformat()))
        known = shop.until(day + timedelta(weeks=1), are_all_known=are_all_known)
        sold = known.transactions.filter(week)
        if place == LATE:
            yield "a row is missing", Shop(sold.slice(1), known.articles, known.customers)
        if place == CORRECTED:
            wrong = pl.when(pl.int_range(pl.len()) == 0).then(pl.lit("9.5")).otherwise("price").alias("price")
            yield "a price is wrong", Shop(sold.with_columns(wrong), known.articles, known.customers)
        if place != GAP:
            yield f"week {place}", Shop(sold, known.articles, known.customers)
        if place == TWICE:
            yield "twice", Shop(sold, known.articles, known.customers)


def made(root: Path) -> dict[str, set[int]]:
    """Make the serving week, and return the partitions that had to be made."""
    graph = Graph(PRODUCT, Home(root), Settings(home=root))
    stale = graph.stale([(name, graph.calendar.last_week) for name in TARGETS])
    for run in graph.runs(stale):
        for week_id in range(run.first, run.last + 1):
            for name in run.steps:
                Runner(graph).materialize(name, week_id)
    return {name: set(weeks) for name, weeks in stale.items()}


def contents(root: Path, name: str) -> dict[str, str]:
    return {
        path.parent.name: Manifest.load(path.parent).content for path in sorted(Home(root).folder(name).glob("week_id=*/manifest.json"))
    }


def deliver(shop: Shop, root: Path, folder: Path, *, are_all_known: bool) -> list[tuple[str, int, dict[str, set[int]]]]:
    """Ingest what comes, and make each serving week; return what had to be made."""
    rows = []
    for number, (what, delivery) in enumerate(deliveries(shop, are_all_known=are_all_known)):
        raw = delivery.write(folder / str(number))
        if what == f"week {CORRECTED}":
            with pytest.raises(HMError, match="is not in the files"):  # a changed row is a lost one, until it is said to be replaced
                ingest(raw, root, settings=Settings())
        ingest(raw, root, settings=Settings(), replace_weeks=what == f"week {CORRECTED}")
        rows.append((what, Home(root).calendar.last_week, made(root)))
    return rows


@pytest.fixture(scope="module")
def at_once(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of the same files at once, for whose last week all is made."""
    folder = tmp_path_factory.mktemp("at-once")
    ingest(shop.write(folder / "raw"), folder / "home", settings=Settings())
    made(folder / "home")
    return folder / "home"


def test_weeks_one_by_one_end_as_the_same_weeks_at_once(shop: Shop, at_once: Path, tmp_path: Path) -> None:
    deliver(shop, tmp_path / "home", tmp_path / "raw", are_all_known=True)
    for name in [name for name, step in PRODUCT.items() if step.is_weekly and step.schema]:
        last = contents(at_once, name)
        assert {week: contents(tmp_path / "home", name)[week] for week in last} == last, name


def test_new_articles_and_customers_touch_their_own_weeks_only(shop: Shop, at_once: Path, tmp_path: Path) -> None:
    rows = deliver(shop, tmp_path / "home", tmp_path / "raw", are_all_known=False)
    known: set[tuple[str, int]] = set()
    for what, last_week, partitions in rows:
        new = {(name, week) for name, weeks in partitions.items() for week in weeks}
        if what in (f"week {LATE}", f"week {CORRECTED}"):
            assert {week for _, week in new} == {last_week}, what  # the week of the purchase is the last one: nothing else has read it
        else:
            assert not new & known, what
        assert bool(new) == (what != "twice"), what
        known |= new
    home = Home(tmp_path / "home")
    for name in FACTS:
        last = contents(at_once, name)
        assert {week: contents(home.root, name)[week] for week in last} == last, name
    for name, key in IDS.items():
        everything = Home(at_once).dimension(name).drop("position", strict=False).collect()
        theirs = home.dimension(name).drop("position", strict=False).collect()
        assert theirs.drop("event_timestamp").equals(everything.join(theirs, on=key, how="semi").drop("event_timestamp"))
