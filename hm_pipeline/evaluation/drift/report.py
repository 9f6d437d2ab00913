"""Report of drift: one table for the terminal, the page and the UI, the worst column first, and one line that sums it up."""

import base64
import json
from pathlib import Path

import polars as pl
from rich.console import RenderableType

from hm_pipeline.base.calendar import Calendar
from hm_pipeline.base.files import atomic_write
from hm_pipeline.engine.home import Home
from hm_pipeline.evaluation.drift.chart import draw_drift
from hm_pipeline.evaluation.drift.week_drift import DRIFT, LARGE, Drift, is_large
from hm_pipeline.evaluation.text_table import TextTable, html_page

HEADER = ("feature", "view", "weeks", "PSI", "usual", "KS", "p", "AUC", "nulls", "before")
REMARK = (
    "PSI: by deciles of the weeks before, nulls are a bin of their own. Usual: the largest of a single week before against all of them, or"
    " what chance exceeds once in a thousand times. KS: largest distance of the distributions. p takes rows for independent, which pairs of"
    " one customer are not: with many rows it is small whatever the size. AUC: 0.5 is no shift, above it values are larger than before."
)
SHOWN = 20  # columns in the terminal
SHORT, SHORT_HEADER = 8, ("feature", "PSI", "usual", "AUC", "nulls", "before")  # Dagster shows a thousand characters without a click


def read_drift(home: Home, week_id: int) -> pl.DataFrame:
    """Return the stored drift of a week, the worst column first, those that could not be compared last."""
    rows = (
        home.weekly(DRIFT, Drift)
        .at(week_id)
        .select(Drift.column_names())
        .with_columns(is_large().fill_null(value=False).alias("is_large"))
        .collect()
    )
    return rows.sort("is_large", "psi", "view", "feature", descending=[True, True, False, False], nulls_last=True)


def conclusion(rows: pl.DataFrame) -> str:
    """Return how many columns have drifted, of how many that could be compared, and how many could not."""
    return " ".join(_sentences(rows))


def _sentences(rows: pl.DataFrame) -> list[str]:
    compared, large, rest = rows["psi"].count(), int(rows["is_large"].sum()), uncompared(rows)
    drifted = f"{large} of {compared} features have a PSI of {LARGE} or more, and more than usual."
    return [drifted, f"{rest}."] if rest else [drifted]


def uncompared(rows: pl.DataFrame) -> str:
    """Return how many columns could not be compared, and why; nothing where all could."""
    rest = rows["psi"].null_count()
    return f"{rest} have no stored week of the same audience to be compared with" if rest else ""


def table_of(rows: pl.DataFrame, most: int | None = None) -> TextTable:
    """Return the rows as a table."""
    shown = rows if most is None else rows.head(most)
    left = rows.height - shown.height
    title = "Drift against the weeks before" + (f", the worst {shown.height} of {rows.height} features" if left else "")
    return TextTable(title, HEADER, [_line(row) for row in shown.iter_rows(named=True)], REMARK)


def short_table(rows: pl.DataFrame) -> str:
    """Return the worst columns in Markdown below the conclusion, in so few characters that Dagster shows them without a click."""
    lines = [dict(zip(HEADER, line, strict=True)) for line in table_of(rows, SHORT).lines]
    drifted, *rest = _sentences(rows)  # the page does not wrap, so that each has a line
    table = TextTable(drifted, SHORT_HEADER, [[line[name] for name in SHORT_HEADER] for line in lines])
    return "\n\n".join([table.markdown(), *rest])


def render(rows: pl.DataFrame, week: str) -> tuple[RenderableType, ...]:
    """Return what the terminal shows."""
    sheet = table_of(rows, SHOWN)._replace(remark="")
    return f"Week {week}", sheet.rich(words=HEADER[:2], padding=(0, 1, 0, 0)), REMARK, conclusion(rows)


def write(rows: pl.DataFrame, folder: Path, calendar: Calendar) -> None:
    """Write ``drift.json`` and ``drift.html``, each atomically."""
    week = calendar.key(int(rows["week_id"][0]))
    text = json.dumps(facts(rows, week), indent=1)
    atomic_write(folder / "drift.json", lambda aside: aside.write_text(text + "\n", encoding="utf-8"))
    picture = base64.b64encode(draw_drift(rows)).decode()
    image = f'<img alt="PSI of the features that moved most" src="data:image/png;base64,{picture}">'
    page = html_page("Drift", f"Week {week}", conclusion(rows), image, table_of(rows).html())
    atomic_write(folder / "drift.html", lambda aside: aside.write_text(page, encoding="utf-8"))


def facts(rows: pl.DataFrame, week: str) -> dict[str, object]:
    """Return the same as plain values."""
    return {"week": week, "conclusion": conclusion(rows), "features": rows.drop("week_id").to_dicts()}


def _line(row: dict[str, object]) -> tuple[str, ...]:
    sizes = (_number(row["psi"]), _number(row["usual_psi"]), _number(row["ks"]), _probability(row["p_value"]), _number(row["auc"]))
    nulls = (_share(row["null_share"]), _share(row["reference_null_share"]))
    return str(row["feature"]), str(row["view"]), str(row["reference_weeks"]), *sizes, *nulls


def _number(value: object) -> str:
    return f"{value:.2f}" if isinstance(value, float) else ""


def _probability(value: object) -> str:
    return "" if not isinstance(value, float) else "<0.001" if value < 1e-3 else f"{value:.3f}"


def _share(value: object) -> str:
    return f"{value:.1%}" if isinstance(value, float) else ""
