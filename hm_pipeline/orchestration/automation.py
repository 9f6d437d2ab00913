"""Automation: a schedule for the newest week, a sensor for new raw files, and the job that ingests them.

Both are off until someone turns them on in the UI.
"""

import dagster as dg

from hm_pipeline.base.errors import HMError, MissingInput
from hm_pipeline.base.settings import Settings
from hm_pipeline.datasets.kaggle.ingest import ingest
from hm_pipeline.datasets.kaggle.report import IngestReport
from hm_pipeline.datasets.shop.layout import layout_of
from hm_pipeline.engine.lock import write_lock
from hm_pipeline.orchestration.dagster_failure import as_dagster_failure
from hm_pipeline.orchestration.deliveries import Delivery
from hm_pipeline.orchestration.ingest_events import report_ingested
from hm_pipeline.orchestration.partitions import calendar_of


def ingest_job(settings: Settings) -> dg.JobDefinition:
    """Return the job that reads the raw folder into the home, as `hm ingest` does."""

    @dg.op(name="read_raw_files", description="Read HM_RAW into the home; new weeks are added, done twice it changes nothing.")
    def read_raw_files(context: dg.OpExecutionContext) -> None:
        report = as_dagster_failure(lambda: _ingested(context, settings), home=settings.home, step="ingest")
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


def weekly_schedule(settings: Settings, job: str) -> dg.ScheduleDefinition:
    """Return the schedule that makes the newest week of the home, on the first day of its weeks at six."""
    first = calendar_of(settings)
    weekday = first.start(first.first_week).isoweekday() % 7

    @dg.schedule(
        name="newest_week",
        job_name=job,
        cron_schedule=f"0 6 * * {weekday}",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Make the newest week for everyone, once its purchases are ingested.",
    )
    def newest_week(_context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if not (settings.home / "calendar.json").exists():
            return dg.SkipReason(f"nothing is ingested in {settings.home} yet: run the job `ingest`, or `hm ingest FOLDER`")
        calendar = calendar_of(settings)
        key = calendar.key(calendar.last_week)
        if key not in first.partition_keys:  # Dagster refuses a week that was not defined when it loaded this
            known = first.key(first.last_week)
            return dg.SkipReason(
                f"week {key} was ingested after Dagster loaded the code location, which ends with {known}: "
                "reload it on the page Deployment and restart the daemon; `hm ui` does both by itself, and the next look finds the week"
            )
        return dg.RunRequest(run_key=f"week-{key}", partition_key=key)

    return newest_week


def raw_sensor(settings: Settings, job: dg.JobDefinition) -> dg.SensorDefinition:
    """Return the sensor that ingests raw files when they are new or have changed."""

    @dg.sensor(
        name="new_raw_files",
        job=job,
        minimum_interval_seconds=settings.raw_every,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Ingest HM_RAW when its files, plain or packed, are complete and differ from the last look.",
    )
    def new_raw_files(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if settings.raw is None:
            return dg.SkipReason("no folder is watched: start Dagster with HM_RAW=FOLDER")
        before = Delivery.read(context.cursor, context.last_run_key)
        try:
            now = before.now(settings.raw, layout_of(settings.home))
        except HMError as error:
            return dg.SkipReason(f"nothing complete to ingest yet: {error}")
        context.update_cursor(now.cursor)
        if now.content == before.content:
            return dg.SkipReason(f"nothing new in {settings.raw}")
        return dg.RunRequest(run_key=now.run_key)

    return new_raw_files
