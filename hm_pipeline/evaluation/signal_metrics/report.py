"""Tables of the pooled metrics: for the terminal, and in Markdown for Dagster and the docs."""

from collections.abc import Iterator
from itertools import groupby

from rich.console import RenderableType
from rich.text import Text

from hm_pipeline.evaluation.signal_metrics.pooling import MethodRow, ReliabilityRow, SignalMetrics
from hm_pipeline.evaluation.text_table import TextTable

HEADER = ("measure", "of", "method", "value", "gain", "95 % interval", "clear?")
RELIABILITY = ("of", *(f"{tenth}." for tenth in range(1, 11)), "slope", "reliable?")

MOST_SHOWN = 9.99  # of a gap, as a share: the table has a hundred columns


def _line(row: MethodRow) -> tuple[str, ...]:
    start = (row.measure, row.segment, row.method.replace("_", " "), f"{row.value:.4f}")
    if row.gain is None:
        return (*start, "", "", "")
    clear = "no" if not row.gain.is_clear else "better" if row.gain.mean > 0 else "worse"
    return (*start, f"{row.gain.mean:+.4f}", f"{row.gain.low:+.4f} to {row.gain.high:+.4f}", clear)


def _reliable(row: ReliabilityRow) -> tuple[str, ...]:
    slope = "none" if row.slope is None else f"{row.slope:.3f}"
    gaps = (f"{100 * gap:+.0f}" if gap < MOST_SHOWN else f">{100 * MOST_SHOWN:.0f}" for gap in row.gaps)
    return (row.signal, *gaps, slope, "yes" if row.is_reliable else "no")


def tables(found: SignalMetrics) -> Iterator[TextTable]:
    """Yield a table for each signal, and one of how reliable probabilities are."""
    for signal, rows in groupby(found.methods, key=lambda row: row.signal):
        yield TextTable(signal, HEADER, [_line(row) for row in rows])
    if found.reliability:
        title = "reliability: by how many percent each tenth of the rows, by increasing prediction, came out above what was predicted"
        yield TextTable(title, RELIABILITY, [_reliable(row) for row in found.reliability])


def render(found: SignalMetrics) -> list[RenderableType]:
    """Return what to print in a terminal."""
    return [Text(_weeks(found)), *(sheet.rich(words=("of", "method"), padding=(0, 0, 0, 1)) for sheet in tables(found))]


def markdown(found: SignalMetrics) -> str:
    """Return the same tables in Markdown."""
    return "\n\n".join([_weeks(found), *(sheet.markdown() for sheet in tables(found))]) + "\n"


def _weeks(found: SignalMetrics) -> str:
    first, last = found.weeks[0], found.weeks[-1]
    return f"Signals of week {first}" if first == last else f"Signals of {len(found.weeks)} weeks, {first} to {last}"
