"""Materialisation of one partition of a step: its inputs are opened, its body runs shard by shard, the manifest is written last.

A body can read nothing after its max week.  No Dagster here: ``orchestration/asset_factory.py`` calls this from an asset.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeVar

import polars as pl

from hm_pipeline.base.contracts import Audience
from hm_pipeline.base.errors import MissingInput
from hm_pipeline.base.validation import is_strictly_sorted, validate
from hm_pipeline.engine.home import Home
from hm_pipeline.engine.inputs import CustomerSubset, Inputs
from hm_pipeline.engine.model_runs import RUN, Pointer, place_of, save_run
from hm_pipeline.engine.partition_files import UNPARTITIONED, FileEntry, Manifest, PartitionWriter, scan_files, write_shard
from hm_pipeline.engine.plan import AUDIENCE, TRANSACTIONS, Graph
from hm_pipeline.engine.provenance import details_of, models_behind
from hm_pipeline.engine.shards import UNSPLIT, Shard, load_shards, workers_for
from hm_pipeline.engine.step import Step, WeekContext, merge_dependencies, model_name
from hm_pipeline.engine.tables import WeeklyTable
from hm_pipeline.engine.unexpected import foreseen
from hm_pipeline.engine.workers import map_shards, release_workers

Done = TypeVar("Done")


@dataclass(frozen=True)
class Runner:
    """Makes partitions of one home."""

    graph: Graph

    @property
    def home(self) -> Home:
        """The home that is written to."""
        return self.graph.home

    def materialize(self, name: str, week_id: int) -> Manifest:
        """Make one partition, atomically, and return its manifest.

        Raises
        ------
        MissingInput
            If something it reads is not there, or a file of it cannot be read.
        Unforeseen
            If the body or a library fails otherwise; its traceback lies in the home.
        """
        step = self.graph.steps[name]
        if not step.is_sharded:
            release_workers()
        make = self._fit if step.kind == "model" else self._compute
        return self.foreseen(step, week_id, lambda: make(step, week_id))

    def foreseen(self, step: Step, week_id: int, work: Callable[[], Done]) -> Done:
        """Return what is made; what goes wrong leaves in one line, and every library has its own word for a file it cannot read."""
        return foreseen(
            work, home=self.home.root, step=step.name, week=self.graph.day(week_id), first=lambda: self._find_corrupt_input(step, week_id)
        )

    def _find_corrupt_input(self, step: Step, week_id: int) -> MissingInput | None:
        """Return the refusal of a file that the step reads and that is no Parquet file."""
        for read in step.reads:
            is_weekly = self.graph.steps[read.name].is_weekly
            for week in self.graph.weeks_read(read, week_id) if is_weekly else (UNPARTITIONED,):
                folder = self.graph.folder(read.name, week)
                manifest = Manifest.load(folder)
                for entry in manifest.files if manifest else ():
                    try:
                        scan_files([folder / entry.file]).collect_schema()
                    except (pl.exceptions.PolarsError, OSError):
                        hint = "remove it and run again; ingest the files again first where it is of articles, customers or transactions"
                        return MissingInput("a stored file is corrupt", where=str(folder / entry.file), hint=hint)
        return None

    # Tables ----------------------------------------------------------------------------------------------------

    def _compute(self, step: Step, week_id: int) -> Manifest:
        self._fit_model(step, week_id)  # before workers each find that it is missing
        writer = PartitionWriter(self.graph.folder(step.name, week_id))
        try:
            return self._written(step, week_id, writer)
        except BaseException:
            writer.discard()
            raise

    def _written(self, step: Step, week_id: int, writer: PartitionWriter) -> Manifest:
        shards = load_shards(self.home.root / "shards.json") if step.is_sharded else (UNSPLIT,)
        fingerprint = self.graph.fingerprint(step.name, week_id)
        task = partial(compute_shard, self.graph.around(step.name), step.name, week_id, fingerprint)
        workers = workers_for(len(shards), self.graph.settings.workers)
        entries = list(map_shards(task, shards, workers=workers))
        metrics: dict[str, float] = {}
        if step.measure:
            written = scan_files(writer.folder / entry.file for entry in entries)
            metrics = step.measure(self.inputs(step, week_id), self.week(step, week_id), written)
        models = models_behind(step, self.graph, week_id)
        return writer.finish(entries, fingerprint=fingerprint, audience=self._audience(step, week_id), metrics=metrics, models=models)

    def _audience(self, step: Step, week_id: int) -> str:
        if step.name == AUDIENCE:
            return self.graph.audience_of(week_id)
        if not step.is_sharded:
            return ""
        manifest = Manifest.load(self.home.folder(AUDIENCE, week_id))
        return manifest.audience if manifest else ""

    # Models ----------------------------------------------------------------------------------------------------

    def _fit(self, step: Step, week_id: int) -> Manifest:
        """Fit a model, or return the manifest of the fit that serves the week."""
        fit_week = step.fit_week(week_id, self.graph.calendar)
        graph, fits = self.graph, self.home.fits(model_name(step.name), fit_week)
        if chosen := graph.chosen_run(step, fit_week):
            return chosen
        fingerprint = graph.fingerprint(step.name, fit_week)
        stored = Manifest.load(fits / f"{RUN}{fingerprint}")
        is_in_use = stored is not None and graph.is_current(step.name, fit_week)
        if stored and (fit_week != week_id or not is_in_use):
            Pointer(place_of(fit_week, fingerprint)).save(fits)  # settings that were changed and changed back
            return stored
        model = step.body(self.inputs(step, fit_week), self.week(step, fit_week))
        manifest = Manifest(fingerprint, (), metrics=dict(getattr(model, "metrics", {})), models=models_behind(step, graph, fit_week))
        save_run(fits, manifest, model.save, details_of(step, graph, fit_week))
        return manifest

    # What a body is given --------------------------------------------------------------------------------------

    def week(self, step: Step, week_id: int) -> WeekContext:
        """Return the week a body works for, with the model it declared."""
        graph = self.graph
        reads = {read.name: graph.weeks_read(read, week_id) for read in step.reads if graph.steps[read.name].is_weekly}
        return WeekContext(week_id, graph.calendar, graph.settings, graph.audience_kind(week_id), self._model(step, week_id), reads)

    def _model(self, step: Step, week_id: int) -> Any:
        if step.model is None:
            return None
        self._fit_model(step, week_id)
        load = self.graph.steps[step.model].load
        assert load is not None  # noqa: S101  a model step always has one
        return load(self.graph.folder(step.model, week_id))

    def _fit_model(self, step: Step, week_id: int) -> None:
        """Fit the model that a step is given, where there is none."""
        if step.model and Manifest.load(self.graph.folder(step.model, week_id)) is None:
            self.materialize(step.model, self.graph.steps[step.model].fit_week(week_id, self.graph.calendar))

    def inputs(self, step: Step, week_id: int, shard: Shard = UNSPLIT, made: dict[object, Any] | None = None) -> Inputs:
        """Open what a step declared, up to its max week, for the customers of a shard; ``made`` is what other shards have made."""
        weekly: dict[str, WeeklyTable] = {}
        dimensions: dict[str, pl.LazyFrame] = {}
        for read in merge_dependencies(step.reads):
            upstream = self.graph.steps[read.name]
            if upstream.kind == "dimension":
                dimensions[read.name] = self.home.dimension(read.name, None if week_id == UNPARTITIONED else week_id + read.last)
            if not upstream.is_weekly:
                continue
            selection: dict[str, Any] = {"max_week": week_id + read.last}
            if read.of_audience or (upstream.is_sharded and step.is_sharded):
                selection["customers"] = shard.customers
            assert upstream.schema is not None  # noqa: S101  only models have none, and they are no table
            key = "purchases" if read.name == TRANSACTIONS and read.of_audience else read.name
            weekly[key] = self.home.weekly(read.name, upstream.schema, **selection)
        audience = None
        if step.is_sharded or any(read.name == AUDIENCE for read in step.reads):
            everyone = self.home.weekly(AUDIENCE, Audience, customers=shard.customers)
            audience = everyone.at(week_id).select("customer_id") if step.name != AUDIENCE else None
        if audience is not None and "purchases" in weekly:  # the shard's range holds others, too
            weekly["purchases"] = CustomerSubset(weekly["purchases"], audience)
        return Inputs(weekly, dimensions, audience, self.graph.calendar).with_cache({} if made is None else made)


@lru_cache(maxsize=1)
def _partition_cache(*_partition: object) -> dict[object, Any]:
    """Return what was made once for all shards of a partition; that of the partition before it is given up."""
    return {}


def compute_shard(graph: Graph, name: str, week_id: int, fingerprint: str, shard: Shard) -> FileEntry:
    """Compute and write one shard of a partition; errors are translated here, as an error of a library may not survive pickling."""
    runner = Runner(graph)
    return runner.foreseen(graph.steps[name], week_id, lambda: _shard(runner, name, week_id, fingerprint, shard))


def _shard(runner: Runner, name: str, week_id: int, fingerprint: str, shard: Shard) -> FileEntry:
    graph, step = runner.graph, runner.graph.steps[name]
    table = step.body(runner.inputs(step, week_id, shard, _partition_cache(graph.home.root, name, fingerprint)), runner.week(step, week_id))
    assert step.schema is not None  # noqa: S101  only models have none
    checked = validate(table, step.schema, table=f"{name}, week {week_id}, shard {shard.index}")
    stamp = graph.calendar.cutoff(graph.calendar.first_week if week_id == UNPARTITIONED else week_id)
    keys = step.schema.primary_key()
    ordered = checked.sort(keys) if keys and not is_strictly_sorted(checked, keys) else checked
    stamped = ordered.with_columns(pl.lit(stamp).cast(pl.Datetime("us", "UTC")).alias("event_timestamp"))
    return write_shard(stamped, graph.folder(name, week_id), shard.index)
