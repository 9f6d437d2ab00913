"""Report of an audit: one table for the terminal, the page and the UI, and one line where it fails."""

import json
from pathlib import Path

from rich.console import RenderableType

from hm_pipeline.base.errors import LeakageError
from hm_pipeline.base.files import atomic_write
from hm_pipeline.evaluation.leakage.result import Audit, FeatureResult
from hm_pipeline.evaluation.text_table import TextTable, html_page

HEADER = ("feature", "view", "known at", "cutoff", "AUC", "result")
REMARK = (
    "Known at: when the last day of purchases was over that the feature can have read, through all that it reads. AUC: how well it"
    " orders the labelled pairs by itself, 1 is without fault."
)
NAMED = 5  # features named in the one line


def heading(audit: Audit) -> str:
    """Return what was done, and what it does not cover."""
    who = f"{audit.customers:,} of {audit.audience:,} customers ({audit.kind})"
    label = f"held against {audit.bought:,} bought pairs" if audit.bought else "not held against labels, there are none"
    return (
        f"Week {audit.week}: computed again for {who}, of data without the week and later, and of data changed from it on; {label}. "
        "The audience is the same in all, and the files of customers and articles bear no date."
    )


def conclusion(audit: Audit) -> str:
    """Return how many features passed."""
    failed = len(audit.failed)
    return f"{len(audit.rows) - failed} of {len(audit.rows)} features and models pass." + (f" {failed} fail." if failed else "")


def render(audit: Audit) -> tuple[RenderableType, ...]:
    """Return what the terminal shows."""
    sheet = _table(audit)._replace(remark="")
    return heading(audit), sheet.rich(words=HEADER, wraps=HEADER[1:]), REMARK, conclusion(audit)


def write(audit: Audit, folder: Path) -> None:
    """Write ``audit.json`` and ``audit.html``, each atomically."""
    text = json.dumps(audit.model_dump(mode="json"), indent=1, sort_keys=True, allow_nan=False)
    atomic_write(folder / "audit.json", lambda aside: aside.write_text(text + "\n", encoding="utf-8"))
    page = html_page("Leak audit", heading(audit), conclusion(audit), _table(audit).html())
    atomic_write(folder / "audit.html", lambda aside: aside.write_text(page, encoding="utf-8"))


def raise_on_failure(audit: Audit) -> None:
    """Raise where a feature fails.

    Raises
    ------
    LeakageError
        It names the features, and what is wrong with the first.
    """
    failed = audit.failed
    if failed:
        names = ", ".join(row.feature for row in failed[:NAMED]) + (f" and {len(failed) - NAMED} more" if len(failed) > NAMED else "")
        raise LeakageError(
            f"{len(failed)} of {len(audit.rows)} features and models fail the audit: {names}; {failed[0].feature}: {failed[0].reason}",
            where=f"week {audit.week}",
            hint="see audit.html in the home; read nothing of the week or later",
        )


def _table(audit: Audit) -> TextTable:
    return TextTable("Leak audit", HEADER, [_line(row) for row in audit.rows], REMARK)


def _line(row: FeatureResult) -> tuple[str, ...]:
    known = f"{row.known_at:%Y-%m-%d %H:%M}" if row.known_at else "no date"
    area = "" if row.auc is None else f"{row.auc:.3f}"
    return row.feature, row.view, known, f"{row.cutoff:%Y-%m-%d %H:%M}", area, row.reason
