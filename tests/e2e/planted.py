"""Bodies that fail, or differ from the product's, in a module of their own: processes of workers import them."""

import os
import signal
import sys
import threading
import time

import polars as pl

from hm_pipeline.base.contracts import Pair
from hm_pipeline.recommender.signals import activity


class Stubborn(Exception):
    """Cannot be pickled, nor made again from its words, nor say what it is."""

    def __init__(self, one, two):
        super().__init__("stubborn")
        self.one, self.two, self.lock = one, two, threading.Lock()


class Mute(Exception):
    """Cannot say what it is, and is false."""

    def __str__(self):
        raise RuntimeError("no words")

    def __bool__(self):
        return False


class PanicException(BaseException):
    """What libraries written in Rust raise: no Exception."""


def plain(*_):
    raise ValueError("planted\nin two lines")


def its_own_cause(*_):
    error = AssertionError("planted, its own cause")
    error.__cause__ = error
    raise error


def ring(*_):
    first, second, third = (KeyError(f"planted in a ring {place}") for place in range(3))
    first.__cause__, second.__context__, third.__cause__ = second, third, first
    raise first


def group_ring(*_):
    inner = ValueError("planted in a group")
    group = ExceptionGroup("planted group", [inner])
    inner.__cause__ = group
    raise group


def stubborn(*_):
    raise Stubborn("planted", 2)


def mute(*_):
    raise Mute


def leaves(*_):
    sys.exit("planted: the library ends the process")


def panics(*_):
    raise PanicException("planted panic")


def dies(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def sleeps(_inputs, week):
    (week.settings.home / f"process-{os.getpid()}").touch()
    time.sleep(60)


class Own(Pair):
    """Rows of a step that is no part of the product."""


def own(inputs, week, article=1):
    (week.settings.home / f"process-{os.getpid()}").touch()
    rows = inputs.audience.select("customer_id", pl.lit(week.week_id, dtype=pl.Int64).alias("week_id"))
    return Own.cast(rows.with_columns(pl.lit(article, dtype=pl.Int64).alias("article_id")))


def more_active(inputs, week):
    (week.settings.home / f"process-{os.getpid()}").touch()
    return activity.compute(inputs, week_id=week.week_id).with_columns(pl.col("activity") + 1)
