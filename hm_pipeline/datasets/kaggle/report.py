"""Report of an ingest: what it found and changed, as numbers and in words."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.datasets.kaggle.deliveries import Weeks
from hm_pipeline.datasets.kaggle.rejected_rows import FILE
from hm_pipeline.datasets.kaggle.week_ranges import gaps
from hm_pipeline.engine.home import Home

NAMED = 5  # days


@dataclass(frozen=True)
class IngestReport:
    """Counts of what an ingest found and changed.

    Parameters
    ----------
    rows, rows_in_home
        Purchases of the files that are in the home now, and all that it holds.
    customers, articles
        Size of the home's tables.
    weeks_added, weeks_replaced, weeks_kept
        Weeks of the files: new to the home, different from it, equal to it.
    first_week, last_week
        The home's first week and its serving week.
    weeks_dropped
        Weeks taken back.
    last_day, cut_short
        Last day of purchase; what follows from it where the last week is not all there.
    missing_days
        Days within the files' weeks on which the shop is used to sell, and has not.
    rejected
        Purchases left out, counted by reason; ``rejected.parquet`` in the home lists them.
    remarks
        Lines on how the files were read.
    """

    rows: int
    customers: int
    articles: int
    weeks_added: int
    weeks_replaced: int
    weeks_kept: int
    first_week: int
    last_week: int
    weeks_dropped: int = 0
    rows_in_home: int = 0
    last_day: date | None = None
    cut_short: str = ""
    missing_days: list[date] = field(default_factory=list)
    rejected: dict[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


def report_of(
    weeks: Weeks, calendar: Calendar, sizes: dict[str, int], rejected: dict[str, int], remarks: tuple[str, ...] = ()
) -> IngestReport:
    """Return what the weeks of a delivery did to a home that spans a calendar now."""
    delivered = weeks.delivered
    states = Counter(week.state for week in delivered.values())
    return IngestReport(
        rows=sum(week.rows for week in delivered.values()),
        weeks_added=states["added"],
        weeks_replaced=states["replaced"],
        weeks_kept=states["kept"],
        first_week=calendar.first_week,
        last_week=calendar.last_week,
        rejected=rejected,
        remarks=remarks,
        weeks_dropped=len(weeks.dropped),
        rows_in_home=sum(weeks.rows.values()),
        last_day=calendar.last_day,
        cut_short=calendar.cut_short,
        missing_days=gaps((week_id for week_id, week in delivered.items() if week.rows), weeks.days, calendar),
        **sizes,
    )


def words_of(report: IngestReport, home: Home) -> str:
    """Return what an ingest found and changed, a line for each thing that people must know, and the next command."""
    calendar = home.calendar
    states = [f"{report.weeks_added} weeks added, {report.weeks_replaced} replaced, {report.weeks_kept} kept"] if report.rows else []
    states += [f"{report.weeks_dropped} weeks taken back"] if report.weeks_dropped else []
    rows = report.rows or report.rows_in_home
    lines = [
        f"{rows:,} purchases of {report.customers:,} customers and {report.articles:,} articles are in {home.root}: {', '.join(states)}."
    ]
    if report.rows and report.rows != report.rows_in_home:
        lines.append(f"With those of other deliveries it holds {report.rows_in_home:,} purchases.")
    lines += [f"{remark}." for remark in report.remarks]
    if report.cut_short:
        lines.append(f"{report.cut_short}.")
    if report.missing_days:
        days, more = ", ".join(map(str, report.missing_days[:NAMED])), len(report.missing_days) - NAMED
        lines.append(f"Days without a purchase where the shop usually has some: {days}" + (f" and {more} more." if more > 0 else "."))
    lines.append(f"Next: hm run --week {calendar.key(calendar.last_week)}")
    lines += [f"{count:,} rows left out, {reason}: see {home.root / FILE}" for reason, count in report.rejected.items()]
    return "\n".join(lines)
