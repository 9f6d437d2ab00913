"""Rows that are compared with the simulated ground truth: a signal as stored, its trivial baselines, and ``truth``."""

from pathlib import Path

import polars as pl

from hm_pipeline.base.contracts import Transactions
from hm_pipeline.base.errors import MissingInput
from hm_pipeline.base.expressions import or_unknown
from hm_pipeline.base.ids import signed_id
from hm_pipeline.datasets.simulator.ground_truth import FOLDER
from hm_pipeline.engine.home import Home
from hm_pipeline.recommender.signals import SIGNALS

CUSTOMER = "customer_id"
TYPE = "product_type_no"
SCHEMAS = {signal.name: signal.schema for signal in SIGNALS}


class Stored:
    """The tables of one week of a home, and the ground truth of the shop it was ingested from."""

    def __init__(self, home: Home, raw: Path, week_id: int) -> None:
        self.home, self.raw, self.week_id = home, raw, week_id

    def signal(self, name: str) -> pl.LazyFrame:
        """Return the week's rows of a signal."""
        return self.home.weekly(f"signal/{name}", SCHEMAS[name]).at(self.week_id)

    def sold(self, weeks: int | None = None) -> pl.LazyFrame:
        """Return the purchases of the last weeks before this one, or of all, with the articles' type and index group."""
        purchases = self.home.weekly("transactions", Transactions).before(self.week_id, weeks)
        return purchases.join(self.articles(), on="article_id")

    def articles(self) -> pl.LazyFrame:
        """Return the catalogue's types and index groups."""
        return self.home.dimension("articles").select("article_id", or_unknown(TYPE), "index_group_no")

    def ground_truth(self, table: str) -> pl.LazyFrame:
        """Return a table of the ground truth, with the ids of the home.

        Raises
        ------
        MissingInput
            If the folder holds none.
        """
        path = self.raw / FOLDER / f"{table}.parquet"
        if not path.exists():
            hint = "write it with `hm simulate FOLDER --ground-truth`"
            raise MissingInput("there is no ground truth of this shop", where=str(path), hint=hint)
        frame = pl.scan_parquet(path, glob=False)
        names = frame.collect_schema().names()
        ids = [signed_id(pl.col(CUSTOMER)).alias(CUSTOMER)] if CUSTOMER in names else []
        ids += [pl.col("article_id").cast(pl.Int64)] if "article_id" in names else []
        return frame.with_columns(ids)


def needs(stored: Stored) -> pl.DataFrame:
    """Return the need of customers and types among their candidates, against the chance that what they take is of the type."""
    shares = stored.sold(2).group_by(TYPE).agg(pl.len().alias("sales_of_type"))
    types = stored.signal("need_propensity").join(stored.articles(), on="article_id")
    pairs = types.group_by(CUSTOMER, TYPE).agg(pl.col("need_propensity").first(), pl.col("need_own_share").first().fill_null(0))
    ground_truth = (
        stored.ground_truth("needs")
        .filter(pl.col("week_id") == stored.week_id)
        .select(CUSTOMER, TYPE, pl.col("chance").alias("truth"), "due")
    )
    return (
        pairs.join(shares, on=TYPE, how="left")
        .with_columns(pl.col("sales_of_type").fill_null(0))
        .join(ground_truth, on=[CUSTOMER, TYPE])
        .collect()
    )


def rhythms(stored: Stored) -> pl.DataFrame:
    """Return the rows of need against the rhythm alone: how much the type is due."""
    return needs(stored).with_columns(pl.col("due").alias("truth"))


def seasons(stored: Stored) -> pl.DataFrame:
    """Return the change of the types' shares against the mean of the last four weeks."""
    week_id = stored.week_id
    predicted = stored.signal("seasonality").join(stored.articles(), on="article_id")
    sold = stored.sold(4).group_by("week_id", TYPE).len()
    sold = sold.with_columns((pl.col("len") / pl.col("len").sum().over("week_id")).alias("share"))
    ground_truth = stored.ground_truth("seasons").filter(pl.col("week_id").is_between(week_id - 4, week_id))
    return (
        predicted.group_by(TYPE)
        .agg(pl.col("seasonality_growth").first())
        .join(_change(sold, week_id - 1, "last_week_carried_over", before=week_id), on=TYPE)
        .join(_change(ground_truth, week_id, "truth", before=week_id), on=TYPE)
        .join(_change(ground_truth.with_columns(share="calendar"), week_id, "calendar", before=week_id), on=TYPE)
        .collect()
    )


def calendars(stored: Stored) -> pl.DataFrame:
    """Return the rows of season against what the time of the year alone changes."""
    return seasons(stored).with_columns(pl.col("calendar").alias("truth"))


def _change(shares: pl.LazyFrame, now: int, name: str, *, before: int) -> pl.LazyFrame:
    """Return each type's share in a week over its mean share in the weeks before the evaluated one."""
    share, week = pl.col("share"), pl.col("week_id")
    return shares.group_by(TYPE).agg((share.filter(week == now).sum() / share.filter(week < before).mean()).alias(name))


def affinities(stored: Stored) -> pl.DataFrame:
    """Return the style of candidates, against what the customer makes of the article."""
    pairs = stored.signal("style_similarity").select(CUSTOMER, "article_id", "style_similarity")
    sales = stored.sold(1).group_by("article_id").agg(pl.len().alias("sales_last_week"))
    own = stored.sold().group_by(CUSTOMER, "index_group_no").agg(pl.len().alias("bought_of_index_group"))
    rows = (
        pairs.join(stored.articles(), on="article_id")
        .join(sales, on="article_id", how="left")
        .join(own, on=[CUSTOMER, "index_group_no"], how="left")
        .with_columns(pl.col("sales_last_week", "bought_of_index_group").fill_null(0))
        .join(stored.ground_truth("customers"), on=CUSTOMER)
        .join(stored.ground_truth("articles").rename({"taste": "looks"}), on="article_id")
        .filter(pl.col("style_similarity").is_not_null())
        .collect()
    )
    product = (rows["taste"].to_numpy() * rows["looks"].to_numpy()).sum(axis=1)
    return rows.drop("taste", "looks").with_columns(pl.Series("truth", product))


def offers(stored: Stored) -> pl.DataFrame:
    """Return the availability of articles sold before, against their share of what is on offer; off offer is 0."""
    sales = stored.sold(1).group_by("article_id").agg(pl.len().alias("sales_last_week"))
    ground_truth = (
        stored.ground_truth("offers").filter(pl.col("week_id") == stored.week_id).select("article_id", pl.col("share").alias("truth"))
    )
    rows = stored.signal("availability").select("article_id", "availability", "availability_units")
    joined = rows.join(sales, on="article_id", how="left").join(ground_truth, on="article_id", how="left")
    return joined.with_columns(pl.col("sales_last_week", "truth").fill_null(0)).collect()


def offered(stored: Stored) -> pl.DataFrame:
    """Return the rows of what is on offer alone: here no baseline gains by predicting 0 for discontinued articles."""
    return offers(stored).filter(pl.col("truth") > 0)
