"""A small graph of its own: sales of customers, their names, an audience, and a step of each grain that reads them."""

from datetime import date

import dataframely as dy
import polars as pl

from hm_pipeline.base.settings import Settings
from hm_pipeline.engine.dimension import digests, record, stamped
from hm_pipeline.engine.materialize import Runner
from hm_pipeline.engine.partition_files import Manifest, PartitionWriter
from hm_pipeline.engine.plan import Graph
from hm_pipeline.engine.step import Step, at, before

WEEK = 4
CUSTOMERS = (1, 2, 3, 4)


class Sales(dy.Schema):
    """Units of a customer in a week."""

    week_id = dy.Int64(primary_key=True)
    customer_id = dy.Int64(primary_key=True)
    units = dy.Int64(nullable=False, min=0)


class Total(dy.Schema):
    """One number of a week."""

    week_id = dy.Int64(primary_key=True)
    units = dy.Int64(nullable=False)


class Names(dy.Schema):
    """Names of customers."""

    customer_id = dy.Int64(primary_key=True)
    name = dy.String()


class Fit:
    """A model of one number."""

    def save(self, folder):
        (folder / "number").write_text("1")


def everyone(_inputs, week):
    return pl.DataFrame({"week_id": week.week_id, "customer_id": CUSTOMERS[1:]})  # one buys nothing in the week


def total(inputs, week):
    return inputs.weekly("transactions").before(week.week_id).select(pl.lit(week.week_id).alias("week_id"), pl.col("units").sum())


def own(inputs, week):
    """Return the purchases of the audience, the last customer first."""
    sums = inputs.weekly("purchases").before(week.week_id).group_by("customer_id").agg(pl.col("units").sum())
    return sums.select(pl.lit(week.week_id).alias("week_id"), "customer_id", "units").sort("customer_id", descending=True)


def in_the_second_shard(other):
    """Return a body that is another one where there are two customers, when the shard of the first is written."""
    return lambda inputs, week: (other if inputs.audience.collect().height > 1 else own)(inputs, week)


RAW = Step("transactions", lambda: None, kind="raw", schema=Sales)
AUDIENCE = Step("audience", everyone, schema=Sales)
NAMES = Step("names", lambda: None, kind="dimension", schema=Names)
TOTAL = Step("total", total, schema=Total, reads=(before("transactions"),))
OWN = Step("own", own, schema=Sales, reads=(before("transactions", of_audience=True), at("audience")), is_sharded=True)


def store_dimension(folder, columns):
    """Write a dimension all of which was known from the beginning."""
    rows = record(None, pl.DataFrame(columns), next(iter(columns)), week_id=WEEK)
    writer = PartitionWriter(folder)
    entry = writer.write(stamped(rows, date(2020, 1, 1)))
    Manifest(entry.content, (entry,), versions=digests(rows)).save(folder)


def store(folder, columns, audience=""):
    writer = PartitionWriter(folder)
    entry = writer.write(pl.DataFrame(columns).with_columns(event_timestamp=pl.lit(None)))
    writer.finish([entry], fingerprint=entry.content, audience=audience)


def runner(home, *steps, **settings):
    named = {step.name: step for step in (RAW, NAMES, AUDIENCE, *steps)}
    return Runner(Graph(named, home, Settings(home=home.root, **settings)))
