"""Dimensions: rows of articles and customers, each with the weeks in which it was what the shop knew.

A row that is new or changed joins the stored ones with the week from which it was known and closes the row it replaces,
so that a past week is made of what was known then, and nothing of it has to be made again.

Source: slowly changing dimensions of type 2 (Kimball and Ross, The Data Warehouse Toolkit).
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import polars as pl

from hm_pipeline.base.files import content_hash

FROM, UNTIL = "known_from", "known_until"
BEGINNING = 0  # what came first was known from the first week on: no file holds since when
MOMENT = "event_timestamp"
ORDER = "position"  # the place in a file is no attribute: it moves with every delivery


def latest(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the rows that are known now."""
    return rows.filter(pl.col(UNTIL).is_null()).drop(FROM, UNTIL)


def known_at(rows: pl.LazyFrame, week_id: int) -> pl.LazyFrame:
    """Return the rows that were known at a week's cutoff.

    Examples
    --------
    >>> rows = pl.LazyFrame({"article_id": [1, 1, 2], "name": ["a", "b", "c"], "known_from": [0, 5, 6], "known_until": [5, None, None]})
    >>> known_at(rows, 4).collect().rows(), known_at(rows, 5).collect().rows()
    ([(1, 'a')], [(1, 'b')])
    """
    is_known = (pl.col(FROM) <= week_id) & (pl.col(UNTIL).is_null() | (pl.col(UNTIL) > week_id))
    return rows.filter(is_known).drop(FROM, UNTIL)


def record(
    stored: pl.DataFrame | None, new: pl.DataFrame, key: str, *, week_id: int, first_weeks: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return the rows of a dimension after a delivery, sorted by key and week.

    Parameters
    ----------
    stored
        Rows with their weeks, as this function returned them; none before the first delivery.
    new
        All rows that are known now, one a key.
    week_id
        Serving week after the delivery: from it on what the delivery changed is known.  What was recorded for it, or for a
        later week, is recorded anew, so that a delivery that comes twice changes nothing.
    first_weeks
        The key and ``known_from`` of rows that purchases knew before ``week_id``; changed rows do not use it.
    """
    if stored is None:
        return _dated(new, BEGINNING).sort(key)
    past = stored.filter(pl.col(FROM) < week_id).with_columns(pl.when(pl.col(UNTIL) < week_id).then(UNTIL).alias(UNTIL))
    is_open = pl.col(UNTIL).is_null()
    current, attributes = past.filter(is_open), [name for name in new.columns if name != ORDER]
    same = current.select(attributes).join(new.select(attributes), on=attributes, how="semi", nulls_equal=True).select(key)
    came = _dated(new.join(same, on=key, how="anti"), week_id)
    if first_weeks is not None and not came.is_empty():
        is_new = ~pl.col(key).is_in(past[key].implode())
        earlier = pl.col("earlier").is_not_null() & is_new
        came = came.join(first_weeks.select(key, pl.col(FROM).alias("earlier")), on=key, how="left", maintain_order="left")
        came = came.with_columns(pl.when(earlier).then(pl.min_horizontal(FROM, "earlier")).otherwise(FROM).alias(FROM)).drop("earlier")
    is_replaced = is_open & pl.col(key).is_in(came[key].implode())
    past = past.with_columns(pl.when(is_replaced).then(week_id).otherwise(UNTIL).cast(pl.Int64).alias(UNTIL))
    if ORDER in new.columns:
        past = past.drop(ORDER).join(new.select(key, ORDER), on=key, how="left").select(came.columns)
    return pl.concat([past.select(came.columns), came]).sort(key, FROM)


def corrected(stored: pl.DataFrame | None, new: pl.DataFrame, key: str) -> pl.DataFrame:
    """Return the rows of a dimension whose attributes are taken to have always been what they are now."""
    if stored is None:
        return _dated(new, BEGINNING).sort(key)
    since = stored.group_by(key).agg(pl.col(FROM).min())
    return _dated(new, BEGINNING).drop(FROM).join(since, on=key, how="left").with_columns(pl.col(FROM).fill_null(BEGINNING)).sort(key)


def stamped(rows: pl.DataFrame, epoch: date) -> pl.DataFrame:
    """Return rows with ``event_timestamp``, the cutoff of the week from which each is known, for joins in time."""
    start = datetime.combine(epoch, datetime.min.time())
    moment = pl.lit(start).dt.replace_time_zone("UTC").cast(pl.Datetime("us", "UTC")) + pl.duration(weeks=pl.col(FROM))
    return rows.with_columns(moment.alias(MOMENT))


def digests(rows: pl.DataFrame) -> dict[int, str]:
    """Return a digest of the rows that became known in each week; those up to a week are all that it can depend on."""
    content = rows.select(pl.exclude(ORDER, UNTIL, MOMENT))
    parts = content.partition_by(FROM, maintain_order=True, as_dict=True)
    return {int(week): content_hash(part) for (week,), part in sorted(parts.items())}


def digest_at(versions: Mapping[int, str], week_id: int | None = None) -> Sequence[str]:
    """Return the digests of the rows known at a week, of all where none is given, with their weeks."""
    return [f"{week} {digest}" for week, digest in sorted(versions.items()) if week_id is None or week <= week_id]


def with_weeks(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return rows with the weeks in which they were known; those of an earlier release, which kept none, from the beginning on."""
    if FROM in rows.collect_schema():
        return rows
    return rows.with_columns(pl.lit(BEGINNING, dtype=pl.Int64).alias(FROM), pl.lit(None, dtype=pl.Int64).alias(UNTIL))


def _dated(rows: pl.DataFrame, week_id: int) -> pl.DataFrame:
    return rows.with_columns(pl.lit(week_id, dtype=pl.Int64).alias(FROM), pl.lit(None, dtype=pl.Int64).alias(UNTIL))
