"""Audit of a week: its features are computed again in other states of the data, compared, and tested against the label."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, partial

import polars as pl

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.base.progress import OnProgress
from hm_pipeline.engine.lock import write_lock
from hm_pipeline.engine.partition_files import UNPARTITIONED, Manifest, scan_files
from hm_pipeline.engine.plan import AUDIENCE, Graph
from hm_pipeline.evaluation.leakage import questions
from hm_pipeline.evaluation.leakage.horizon import latest_input_time
from hm_pipeline.evaluation.leakage.partition_digest import Digest, differing_rows, digest, digest_of_model
from hm_pipeline.evaluation.leakage.perturbed_home import STATES, remove_leftovers, temporary_home
from hm_pipeline.evaluation.leakage.recompute import recompute
from hm_pipeline.evaluation.leakage.result import MODEL, UNCHANGED, Audit, FeatureResult
from hm_pipeline.evaluation.leakage.target_leakage import LABEL, MAX_AUC, labelled_pairs, single_feature_auc
from hm_pipeline.features.feast_objects import FeatureTable
from hm_pipeline.features.tables import LOOKBOOK, feature_tables

MOST = 10_000  # customers whose rows are made again; the laws test that others change nothing for them


def audited_tables() -> list[FeatureTable]:
    """Return the tables of features; what only the lookbook is served is made of them, in another shape."""
    return [table for table in feature_tables() if table.services != (LOOKBOOK,)]


def targets(graph: Graph, week_id: int) -> list[tuple[str, int]]:
    """Return the partitions that an audit of a week compares with: they must be there, and current."""
    names = [table.table for table in audited_tables() if table.is_weekly]
    return [(name, week_id) for name in [*names, *(["labels"] if week_id < graph.calendar.last_week else [])]]


def audit_week(graph: Graph, week_id: int, report: OnProgress, *, most: int = MOST) -> Audit:
    """Compute a week's features again in every state, and evaluate each feature.

    Parameters
    ----------
    report
        Called with the state, and the partitions done of all.
    most
        Customers whose rows are made again; where the audience is larger, evenly spread ones.

    Raises
    ------
    MissingInput
        If the week was not made, or is stale.
    """
    for name, week in targets(graph, week_id):
        if not graph.is_current(name, week):
            key = graph.calendar.key(week)
            raise MissingInput(f"week {key} is not there, or stale", where=name, hint=f"run `hm audit --week {key}`, which makes it first")
    with write_lock(graph.home.root):
        remove_leftovers(graph.home)
        audited = _Week(graph, week_id, most)
        for name, state in STATES.items():
            with temporary_home(graph.home, state, week_id) as root:
                tables = [table.table for table in audited.tables]
                other, failed = recompute(graph, root, week_id, tables, audited.audience, partial(report, f"{name} data"))
                audited.compare(name, other, failed)
        return audited.evaluate()


@dataclass
class _Week:
    """A week of the audited home, and the faults that were found so far."""

    graph: Graph
    week_id: int
    most: int
    faults: dict[tuple[str, str], str] = field(default_factory=dict)  # view and feature -> the first thing that is wrong

    @cached_property
    def tables(self) -> list[FeatureTable]:
        """Feature tables that have weeks."""
        return [table for table in audited_tables() if table.is_weekly]

    @cached_property
    def everyone(self) -> pl.DataFrame:
        """The week's audience."""
        folder = self.graph.folder(AUDIENCE, self.week_id)
        manifest = Manifest.load(folder)
        files = [folder / entry.file for entry in (manifest.files if manifest else ())]
        return scan_files(files).select("customer_id").sort("customer_id").collect()

    @cached_property
    def audience(self) -> pl.DataFrame:
        """Customers whose rows are made again."""
        return self.everyone.gather_every(max(1, -(-self.everyone.height // self.most)))

    @cached_property
    def models(self) -> list[str]:
        """Models that the features use."""
        return sorted({model for table in self.tables if (model := self.graph.steps[table.table].model)})

    @cached_property
    def known(self) -> dict[str, Digest]:
        """Digests of the stored partitions, by view."""
        return {table.name: self._digest(self.graph, table) for table in self.tables}

    def _digest(self, graph: Graph, table: FeatureTable) -> Digest:
        return digest(graph.folder(table.table, self.week_id), table.keys, list(table.features), self.audience)

    def _fault(self, view: str, feature: str, what: str) -> None:
        self.faults.setdefault((view, feature), what)

    def compare(self, state: str, other: Graph, failed: dict[str, str]) -> None:
        """Note every model and feature that another state of the data changes."""
        for name in self.models:
            ours, theirs = (digest_of_model(graph.folder(name, self.week_id)) for graph in (self.graph, other))
            if name in failed or ours != theirs:
                self._fault(MODEL, name, failed.get(name) or f"{state} data give another model")
        for table in self.tables:
            theirs_of = Digest() if table.table in failed else self._digest(other, table)
            for feature, value in self.known[table.name].columns.items():
                if not self.known[table.name].rows:
                    self._fault(table.name, feature, "holds no rows of those who are audited")
                elif table.table in failed:
                    self._fault(table.name, feature, f"cannot be made of {state} data: {failed[table.table]}")
                elif theirs_of.columns[feature] != value or theirs_of.rows != self.known[table.name].rows:
                    ours_in, theirs_in = (graph.folder(table.table, self.week_id) for graph in (self.graph, other))
                    rows = differing_rows(ours_in, theirs_in, table.keys, feature, self.audience)
                    self._fault(table.name, feature, f"{state} data change {rows:,} of {self.known[table.name].rows:,} rows")

    def evaluate(self) -> Audit:
        """Return a row per feature and model: what it can have known, and what is wrong with it."""
        graph, calendar = self.graph, self.graph.calendar
        is_labelled = self.week_id < calendar.last_week
        pairs = labelled_pairs(graph, self.week_id, self.audience) if is_labelled else None
        rows = [row for table in audited_tables() for row in self._features(table, pairs)]
        rows += [self._row(name, MODEL, latest_input_time(graph, name, self.week_id)) for name in self.models]
        for question, reason in questions.ask(graph, self.week_id).items():
            if reason != UNCHANGED:
                self._fault(questions.STORE, question, reason)
            rows.append(self._row(question, questions.STORE, None))
        manifest = Manifest.load(graph.folder(AUDIENCE, self.week_id))
        return Audit(
            week=calendar.key(self.week_id),
            cutoff=calendar.cutoff(self.week_id),
            customers=self.audience.height,
            audience=self.everyone.height,
            kind=manifest.audience.split(":")[0] if manifest else "",
            bought=0 if pairs is None else int(pairs[LABEL].sum()),
            rows=rows,
        )

    def _features(self, table: FeatureTable, pairs: pl.DataFrame | None) -> list[FeatureResult]:
        graph, week_id = self.graph, self.week_id if table.is_weekly else UNPARTITIONED
        held = (
            self.known[table.name] if table.is_weekly else digest(graph.folder(table.table, UNPARTITIONED), table.keys, [], self.audience)
        )
        stamps = [stamp for stamp in held.stamps if isinstance(stamp, datetime)]
        moments = [latest_input_time(graph, table.table, week_id) if table.is_weekly else None, max(stamps, default=None)]
        latest = max((moment for moment in moments if moment), default=None)
        areas = {} if pairs is None else single_feature_auc(graph, table, week_id, pairs, self.audience)
        for feature in table.features:
            self._stamped(table, feature, held, stamps)
            if areas.get(feature, 0) > MAX_AUC:
                self._fault(table.name, feature, f"predicts the label on its own: AUC {areas[feature]:.4f}")
        return [self._row(feature, table.name, latest, areas.get(feature)) for feature in table.features]

    def _stamped(self, table: FeatureTable, feature: str, held: Digest, stamps: list[datetime]) -> None:
        cutoff = self.graph.calendar.cutoff(self.week_id)
        if stamps and max(stamps) > cutoff:
            self._fault(table.name, feature, f"stamped {max(stamps):%Y-%m-%d %H:%M}, after its cutoff")
        if held.weeks - {self.week_id}:
            self._fault(table.name, feature, f"holds rows of week {min(held.weeks - {self.week_id})}")

    def _row(self, feature: str, view: str, latest: datetime | None, auc: float | None = None) -> FeatureResult:
        cutoff = self.graph.calendar.cutoff(self.week_id)
        if latest and latest > cutoff:
            self._fault(view, feature, "reads purchases of its own week or later")
        fault = self.faults.get((view, feature))
        return FeatureResult(
            feature=feature, view=view, known_at=latest, cutoff=cutoff, reason=fault or UNCHANGED, passed=fault is None, auc=auc
        )
