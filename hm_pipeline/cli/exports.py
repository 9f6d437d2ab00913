"""Exports of a finished home: one customer's list, the submission, features of given pairs."""

from pathlib import Path

import polars as pl

from hm_pipeline.base.columns import EVERYONE
from hm_pipeline.base.errors import InvalidInput, MissingInput
from hm_pipeline.base.files import atomic_write
from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.partition_files import Manifest, scan_files
from hm_pipeline.engine.shop_ids import ShopIds, known_texts
from hm_pipeline.recommender.ensemble.lists import write_submission
from hm_pipeline.recommender.ensemble.training import SERVED, Recommended, Submission

NUMBER = "^-?(0|[1-9][0-9]{0,17})"


def write_submission_of(settings: Settings, week: str, out: Path) -> tuple[int, tuple[str, ...]]:
    """Write the lists served in a week in Kaggle's format; return the number of customers, and the fits that made the lists."""
    home = Home(settings.home)
    week_id = home.calendar.parse(week)
    folder = home.folder("submission", week_id)
    manifest = Manifest.load(folder)
    if manifest is None or not manifest.audience.startswith(EVERYONE):
        raise MissingInput(f"week {week} was not made for everyone", where="submission", hint=f"run `hm run --week {week}` first")
    if not out.absolute().parent.is_dir():
        raise MissingInput("the folder does not exist", where=str(out.absolute().parent), hint="create it, or choose another --out")
    ids = ShopIds.load(home.root)
    customers = home.dimension("customers", week_id).select("customer_id", "customer_hex", "position").collect()
    customers = customers.with_columns(ids.customer(customers["customer_hex"]).alias("customer"))
    shards = (scan_files([folder / entry.file]).collect() for entry in manifest.files)
    write_submission(shards, customers, out, articles=ids.article)
    return customers.height, manifest.models


def recommendations_of(settings: Settings, customer: str, week: str) -> pl.DataFrame:
    """Return the list of one customer: rank, article, name, type, score, strategy."""
    home = Home(settings.home)
    week_id = home.calendar.parse(week)
    customer_id = _customer_id(home, customer)
    ids = (customer_id, customer_id)
    rows = home.weekly("recommendations", Recommended, customers=ids).at(week_id).filter(pl.col("rank") <= SERVED)
    served = home.weekly("submission", Submission, customers=ids)
    listed = rows.collect() if rows.select(pl.len()).collect().item() else served.at(week_id).collect()
    if listed.is_empty():
        raise MissingInput(
            f"customer {customer} was not in the audience of {week}",
            where="recommendations",
            hint=f"run `hm run --week {week}` for everyone",
        )
    names = home.dimension("articles").select("article_id", "prod_name", "product_type_name").collect()
    columns = [
        name
        for name in ("rank", "article_id", "prod_name", "product_type_name", "score", "strategy")
        if name in (*listed.columns, *names.columns)
    ]
    found = listed.join(names, on="article_id", how="left").sort("rank").select(columns)
    return found.with_columns(ShopIds.load(home.root).article(found["article_id"]).alias("article_id"))


def _customer_id(home: Home, customer: str) -> int:
    table = home.dimension("customers").select("customer_id", "customer_hex")
    (digits,) = ShopIds.load(home.root).customer_hex(known_texts([customer]))
    found = table.filter(pl.col("customer_hex") == pl.lit(digits, pl.String)).collect()
    if found.is_empty():
        raise MissingInput(f"there is no customer {customer!r}", where="customers", hint="give the id of the customers' file")
    return int(found["customer_id"][0])


def features_of(settings: Settings, pairs: Path, out: Path, *, service: str) -> tuple[int, int]:
    """Fetch the features of pairs through Feast, write them in the given order, and return pairs and features."""
    from hm_pipeline.features.pairs import features_of_pairs  # noqa: PLC0415 - Feast takes seconds to import

    if not out.absolute().parent.is_dir():
        raise MissingInput("the folder does not exist", where=str(out.absolute().parent), hint="create it, or choose another --out")
    asked = _read(pairs, is_typed=out.suffix != ".csv")
    found = features_of_pairs(asked, settings, service=service, where=str(pairs))
    ids = ShopIds.load(settings.home)
    articles = ids.article(ids.article_id(asked["article_id"])).alias("article_id")
    written = pl.concat([asked.with_columns(articles), found], how="horizontal")
    lists = [name for name, kind in written.schema.items() if kind.is_nested()]
    if lists and out.suffix == ".csv":
        raise InvalidInput(f"{lists[0]} is a list, which csv cannot hold", where=str(out), hint="name a .parquet file")
    atomic_write(out, lambda path: written.write_csv(path) if out.suffix == ".csv" else written.write_parquet(path))
    return found.height, found.width - 1


def _read(pairs: Path, *, is_typed: bool) -> pl.DataFrame:
    """Read pairs; a csv as it stands there, as a guess at a column's type by its first rows could change the others."""
    if not pairs.exists():
        raise MissingInput("no such file", where=str(pairs), hint="give a csv or parquet with customer_id, article_id and week_id")
    try:
        if pairs.suffix != ".csv":
            return pl.read_parquet(pairs, glob=False, hive_partitioning=False)
        texts = pl.read_csv(pairs, infer_schema=False, glob=False)
    except pl.exceptions.PolarsError as error:
        raise InvalidInput(
            f"cannot be read: {error}", where=str(pairs), hint="give a csv or parquet file with a line of column names"
        ) from error
    return texts.with_columns(map(_typed, texts.drop("customer_id", strict=False))) if is_typed else texts


def _typed(column: pl.Series) -> pl.Series:
    """Return a column of texts as numbers, where all of them are numbers that are written so."""
    for kind, pattern in ((pl.Int64, NUMBER + "$"), (pl.Float64, NUMBER + r"(\.[0-9]+)?([eE][+-]?[0-9]+)?$")):
        if column.drop_nulls().str.contains(pattern).all():
            return column.cast(kind)
    return column
