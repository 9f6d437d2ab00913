"""Random deliveries into random homes, beside an oracle in plain Python: the same rows, or refused with nothing changed.

``python -m tests.datasets.kaggle.fuzz_deliveries --cases 2000 --seed 1`` runs as many cases and prints every difference.
"""

import argparse
import gzip
import random
import sys
import tempfile
import zipfile
from collections import Counter
from datetime import date
from pathlib import Path

from hm_pipeline.base.contracts import Transactions
from hm_pipeline.base.errors import HMError
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import scan_files
from tests.datasets.kaggle.random_deliveries import EPOCHS, START, Maker, Purchase, State
from tests.datasets.kaggle.tiny_files import tree

REPORTS = ("rejected.parquet", "lost.parquet")


def lay_out(folder: Path, files: dict[str, bytes], dice: random.Random) -> Path:
    """Write files plain, as gz or as zips of their own, in the folder or below it, or in a zip; return what is ingested."""
    sub = folder / dice.choice((".", ".", "a b", "x=1/[y]"))
    sub.mkdir(parents=True)
    for name, data in files.items():
        how = dice.choice(("", "", ".gz", ".zip"))
        path = sub / (name + how)
        if how == ".zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr(name, data)
        else:
            path.write_bytes(gzip.compress(data) if how else data)
    if dice.random() < 0.15:
        packed = folder.with_suffix(".zip")
        with zipfile.ZipFile(packed, "w") as archive:
            for path in sorted(sub.iterdir()):
                archive.write(path, path.relative_to(folder))
        return packed
    return folder


def held(root: Path) -> tuple[Counter[Purchase], dict[str, int | None], dict[int, int | None], tuple[int, int, date | None]]:
    """Return what a home holds, in the words of the oracle."""
    home = Home(root)
    customers = home.dimension("customers").collect()
    ids = dict(customers.select("customer_id", "customer_hex").iter_rows())
    rows: Counter[Purchase] = Counter()
    for week in range(home.calendar.first_week, max(home.calendar.week_of(home.calendar.last_day or START), home.calendar.first_week) + 1):
        for row in home.weekly("transactions", Transactions).at(week).collect().iter_rows():
            assert row[0] == week
            rows[ids[row[1]], row[2], row[3], row[4], row[5]] += 1
    everything = scan_files(root.glob("tables/transactions/*/*.parquet")).collect()
    assert everything.height == rows.total(), "partitions outside of the calendar"
    articles = home.dimension("articles").collect()
    calendar = home.calendar
    return (
        rows,
        dict(customers.select("customer_hex", "age").iter_rows()),
        dict(articles.select("article_id", "product_type_no").iter_rows()),
        (calendar.first_week, calendar.last_week, calendar.last_day),
    )


def unchanged(before: dict[str, tuple[str, int]], root: Path) -> bool:
    return {name: stamp for name, stamp in tree(root).items() if name not in REPORTS} == before


def play(seed: int, root: Path) -> list[str]:
    """Play one case, a few deliveries into one home, and return the differences from the oracle."""
    maker = Maker(seed)
    state = State(epoch=maker.dice.choice(EPOCHS))
    home, found = root / "home", list[str]()
    for number in range(maker.dice.randrange(1, 5)):
        delivery = maker.delivery(state)
        raw = lay_out(root / f"raw-{number}", delivery.files, maker.dice)
        before = {name: stamp for name, stamp in tree(home).items() if name not in REPORTS} if home.exists() else {}
        error = ""
        try:
            ingest(raw, home, settings=Settings(threads=1, shards=2), epoch=state.epoch, replace_types=True, **delivery.options)  # type: ignore[arg-type]
        except HMError as told:
            error = str(told)
        if delivery.after is None:
            found += [] if error else [f"case {seed}, delivery {number}: taken, but must be refused"]
            found += [] if unchanged(before, home) or not error else [f"case {seed}, delivery {number}: refused, but the home has changed"]
            if not error:
                return found
            continue
        if error:
            return [*found, f"case {seed}, delivery {number}: refused, but must be taken: {error}"]
        state = delivery.after
        expected = (state.rows, state.customers, state.articles, state.calendar())
        for what, ours, theirs in zip(("rows", "customers", "articles", "calendar"), held(home), expected, strict=True):
            found += [] if ours == theirs else [f"case {seed}, delivery {number}: {what} are {ours}, not {theirs}"]
        if found:
            return found
    return found


def run(cases: int, seed: int) -> list[str]:
    """Play cases and return all differences, what was raised in place of a refusal among them."""
    found: list[str] = []
    for case in range(seed * 1_000_000, seed * 1_000_000 + cases):
        with tempfile.TemporaryDirectory(prefix="fuzz [1] ") as folder:
            try:
                found += play(case, Path(folder))
            except Exception as error:  # noqa: BLE001 - this is what is looked for
                found.append(f"case {case}: {type(error).__name__}: {error}"[:2000])
    return found


def main() -> None:
    """Play as many cases as are asked for."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    found = run(asked.cases, asked.seed)
    sys.stdout.write("".join(f"{line}\n" for line in found) + f"{asked.cases} cases, seed {asked.seed}: {len(found)} differences\n")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
