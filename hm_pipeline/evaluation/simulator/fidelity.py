"""Metrics of a simulated shop, compared with the reference data's."""

import json
import shutil
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from rich.table import Table

from hm_pipeline.base.files import atomic_write
from hm_pipeline.base.progress import OnProgress
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.engine.home import Home
from hm_pipeline.evaluation.simulator.baseline_scores import score
from hm_pipeline.evaluation.simulator.counts import count
from hm_pipeline.evaluation.simulator.reference import FACTS, FULL_CUSTOMERS, Fact
from hm_pipeline.evaluation.text_table import TextTable

FILE = "calibration.json"
SCRATCH = ".calibration-home"


class Line(BaseModel):
    """A metric, simulated and real.

    ``within`` is the share of the real value it may be off; none where it is not evaluated, at this size or at all.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str
    label: str
    source: str
    real: float
    simulated: float | None
    within: float | None

    @property
    def result(self) -> str:
        """Return ``met``, ``missed``, or nothing where the metric is not evaluated."""
        if self.within is None:
            return ""
        met = self.simulated is not None and abs(self.simulated - self.real) <= self.within * self.real
        return "met" if met else "missed"


class Calibration(BaseModel):
    """All metrics of a shop."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    customers: int
    lines: tuple[Line, ...]

    @property
    def missed(self) -> tuple[Line, ...]:
        """Return the metrics that are evaluated and outside their tolerance."""
        return tuple(line for line in self.lines if line.result == "missed")


def calibrate(raw: Path, settings: Settings, progress: OnProgress | None = None) -> Calibration:
    """Ingest a shop into a home beside its files, measure it there, remove that home, and write ``RAW/calibration.json``.

    Raises
    ------
    InvalidInput
        If the files cannot be read.
    """
    scratch = raw / SCRATCH
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        ingest(raw, scratch, settings=settings, progress=progress)
        home = Home(scratch)
        found = compare(count(home, settings) | score(home))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    facts = found.model_dump() | {"missed": [line.key for line in found.missed]}
    atomic_write(raw / FILE, lambda path: path.write_text(json.dumps(facts, indent=2) + "\n"))
    return found


def compare(metrics: dict[str, float | None]) -> Calibration:
    """Compare metrics with the reference data's."""
    customers = int(metrics["customers"] or 0)
    lines = [
        Line(
            key=fact.key,
            label=fact.label,
            source=fact.source,
            real=fact.real,
            simulated=metrics.get(fact.key),
            within=_tolerance(fact, customers),
        )
        for fact in FACTS
    ]
    return Calibration(customers=customers, lines=tuple(lines))


def _tolerance(fact: Fact, customers: int) -> float | None:
    return None if fact.full and customers < FULL_CUSTOMERS else fact.within


def render(found: Calibration) -> Table:
    """Return the table to print; a metric outside its tolerance is red."""
    evaluated = sum(line.within is not None for line in found.lines)
    title = (
        f"The simulated shop of {found.customers:,} customers beside the reference data: {evaluated - len(found.missed)} of {evaluated} met"
    )
    header = ("metric", "real", "simulated", "off", "may be", "source", "")
    styles = ["red" if line.result == "missed" else None for line in found.lines]
    return TextTable(title, header, list(map(_cells, found.lines))).rich(words=("source", ""), wraps=("metric",), styles=styles)


def _cells(line: Line) -> tuple[str, ...]:
    off = "" if line.simulated is None else f"{line.simulated / line.real - 1:+.0%}"
    simulated = "" if line.simulated is None else _written(line.simulated)
    allowed = "" if line.within is None else f"±{line.within:.0%}"
    return line.label, _written(line.real), simulated, off, allowed, line.source, line.result


def _written(value: float) -> str:
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.4f}" if value < 1 else f"{value:.2f}"
