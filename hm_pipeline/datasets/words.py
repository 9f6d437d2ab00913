"""What is said of an ingest."""

from hm_pipeline.datasets.kaggle import IngestReport
from hm_pipeline.datasets.rejects import FILE
from hm_pipeline.tables import Home

NAMED = 5  # days


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
    if report.cut_short:
        lines.append(f"{report.cut_short}.")
    if report.missing_days:
        days, more = ", ".join(map(str, report.missing_days[:NAMED])), len(report.missing_days) - NAMED
        lines.append(f"Days without a purchase where the shop usually has some: {days}" + (f" and {more} more." if more > 0 else "."))
    lines.append(f"Next: hm run --week {calendar.key(calendar.last_week)}")
    lines += [f"{count:,} rows left out, {reason}: see {home.root / FILE}" for reason, count in report.rejected.items()]
    return "\n".join(lines)
