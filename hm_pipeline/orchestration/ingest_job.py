"""Job that reads the raw files into the home, as `hm ingest` does."""

import dagster as dg

from hm_pipeline.base.errors import MissingInput
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.kaggle.report import IngestReport
from hm_pipeline.datasets.shop.layout import layout_of
from hm_pipeline.engine.lock import write_lock
from hm_pipeline.orchestration.dagster_failure import as_dagster_failure
from hm_pipeline.orchestration.ingest_events import report_ingested
from hm_pipeline.orchestration.partitions import calendar_of
from hm_pipeline.orchestration.unattended import attempt_of


def ingest_job(settings: Settings) -> dg.JobDefinition:
    """Return the job that reads the raw folder into the home, as `hm ingest` does."""

    @dg.op(
        name="read_raw_files",
        description="Read HM_RAW into the home; new weeks are added, done twice it changes nothing.",
    )
    def read_raw_files(context: dg.OpExecutionContext) -> None:
        report = as_dagster_failure(lambda: _ingested(context, settings), home=settings.home, step="ingest", attempt=attempt_of(context))
        facts = {"purchases": report.rows, "customers": report.customers, "articles": report.articles}
        weeks = {"weeks added": report.weeks_added, "weeks replaced": report.weeks_replaced, "weeks kept": report.weeks_kept}
        context.add_output_metadata({**facts, **weeks, **{f"left out: {why}": count for why, count in report.rejected.items()}})

    @dg.job(name="ingest", description="Read the raw files into the home, and reload the weeks.", executor_def=dg.in_process_executor)
    def ingest_raw_files() -> None:
        read_raw_files()

    return ingest_raw_files


def _ingested(context: dg.OpExecutionContext, settings: Settings) -> IngestReport:
    if settings.raw is None:
        raise MissingInput("no folder is named", where="HM_RAW", hint="start Dagster with HM_RAW=FOLDER")
    with write_lock(settings.home, wait=context.log.warning):
        report = ingest(settings.raw, settings.home, settings=settings, layout=layout_of(settings.home), epoch=calendar_of(settings).epoch)
        report_ingested(context.instance, settings)
    return report
