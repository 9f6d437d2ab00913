"""Figures of a source's columns for Feast's monitoring: counts, moments, percentiles and histograms, a column at a time.

Feast's own DuckDB store looks for files below the repository and not below ``root``, reads partitions that are not complete, and
breaks a view off at its first array.  Here rows are those that :mod:`pull_job` gives, and an array's figures are those of its
elements, while rows and nulls are counted by row.  One column at a time, as exact percentiles hold all of its values.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from feast.monitoring.monitoring_utils import empty_categorical_metric, empty_numeric_metric, opt_float

from hm_pipeline.feast_duckdb.offline.entities import fetch
from hm_pipeline.feast_duckdb.offline.sql_text import quoted

PERCENTILES = {"p50": 0.5, "p75": 0.75, "p90": 0.9, "p95": 0.95, "p99": 0.99}
Metric = dict[str, Any]


def measure(connection: Any, rows: str, columns: Sequence[tuple[str, str, str]], *, bins: int, top: int) -> list[Metric]:
    """Return Feast's metrics of columns.

    Parameters
    ----------
    rows
        SELECT statement of the period's rows.
    columns
        Feature, source column, and ``numeric`` or ``categorical``.
    bins
        Bins of a histogram of numbers.
    top
        Values of a histogram of categories, the most frequent ones.
    """
    types = {name: kind for name, kind, *_ in fetch(connection, f"DESCRIBE {rows}")}
    found = []
    for feature, column, kind in columns:
        is_array = types[column].endswith("]")
        values = f"SELECT {f'unnest({quoted(column)})' if is_array else quoted(column)} AS v FROM ({rows})"
        known, metric = _numeric(connection, feature, values, bins) if kind == "numeric" else _categorical(connection, feature, values, top)
        ((total, given),) = fetch(connection, f"SELECT count(*), count({quoted(column)}) FROM ({rows})")
        nulls = total - (given if is_array else known)
        found.append(metric | {"row_count": total, "null_count": nulls, "null_rate": nulls / total if total else 0.0})
    return found


def newest(connection: Any, rows: str, timestamp: str) -> datetime | None:
    """Return the newest moment of rows, in UTC, or nothing where there are none."""
    ((since,),) = fetch(connection, f"SELECT epoch_us(max({quoted(timestamp)})) FROM ({rows})")
    return None if since is None else datetime.fromtimestamp(since // 1_000_000, UTC).replace(microsecond=since % 1_000_000)


def _numeric(connection: Any, feature: str, values: str, bins: int) -> tuple[int, Metric]:
    """Return the number of numbers and their figures; what is not finite is missing."""
    finite = f"SELECT v FROM (SELECT CAST(v AS DOUBLE) AS v FROM ({values})) WHERE isfinite(v)"
    figures = f"count(v), avg(v), stddev_samp(v), min(v), max(v), quantile_cont(v, {[*PERCENTILES.values()]})"
    ((given, mean, deviation, low, high, percentiles),) = fetch(connection, f"SELECT {figures} FROM ({finite})")
    metric: Metric = empty_numeric_metric(feature)
    if not given:
        return 0, metric
    metric |= {"mean": opt_float(mean), "stddev": opt_float(deviation), "min_val": low, "max_val": high}
    metric |= dict(zip(PERCENTILES, percentiles, strict=True))
    return given, metric | {"histogram": _histogram(connection, finite, given, (low, high), bins)}


def _histogram(connection: Any, values: str, given: int, span: tuple[float, float], bins: int) -> dict[str, Any]:
    low, high = span
    width = (high - low) / bins
    if not width:
        return {"bins": [low, high], "counts": [given], "bin_width": 0.0}
    place = f"least(CAST(floor((v - {low!r}::DOUBLE) / {width!r}::DOUBLE) AS BIGINT), {bins - 1})"
    counts = dict(fetch(connection, f"SELECT {place}, count(*) FROM ({values}) GROUP BY ALL"))
    return {
        "bins": [low + number * width for number in range(bins)] + [high],
        "counts": [counts.get(number, 0) for number in range(bins)],
        "bin_width": width,
    }


def _categorical(connection: Any, feature: str, values: str, top: int) -> tuple[int, Metric]:
    """Return the number of values and the most frequent ones, those of one frequency by their names."""
    counted = f"SELECT CAST(v AS VARCHAR) AS v, count(*) AS rows FROM ({values}) WHERE v IS NOT NULL GROUP BY ALL"
    ((given, unique),) = fetch(connection, f"SELECT CAST(coalesce(sum(rows), 0) AS BIGINT), count(*) FROM ({counted})")
    metric: Metric = empty_categorical_metric(feature)
    if not given:
        return 0, metric
    shown = [{"value": value, "count": rows} for value, rows in fetch(connection, f"{counted} ORDER BY rows DESC, v LIMIT {top}")]
    left_out = given - sum(entry["count"] for entry in shown)
    return given, metric | {"histogram": {"values": shown, "other_count": left_out, "unique_count": unique}}
